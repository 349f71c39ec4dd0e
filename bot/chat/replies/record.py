"""The record, for people and for whoever audits it: its history, what an audit found, the export."""

import json
from collections.abc import Sequence
from typing import Any

from bot.chat.replies.parts import RESTRICTED, card
from sops.kit.action import Moment
from sops.kit.escaping import printable, quoted
from sops.kit.ledger import SEALS
from sops.kit.message import Card, code, line
from sops.kit.run import Run
from sops.kit.stores import Audit, Fault, InboxItem, LedgerEntry, Outgoing, Seal
from sops.kit.unreadable import Unreadable

MOST = 10  # names of runs in one line

_HISTORY = {
    "declared": "declared {severity} {title}",
    "stop": "stopped it within the grace: {text}",
    "rejected": "rejected {code}: {text}",
    "withdrawn": "took back the yes to {code}",
    "approval-requested": "asked for approval {code} of {step}",
    "approval-consumed": "used approval {code}, given by {by}",
    "override": "wants request {code} to go through, {by}: {text}",
    "override-lapsed": "let the override of {code} by {by} lapse",
    "approval-expired": "let request {code} expire",
    "blocker": "named #{number} a blocker",
    "dismissed": "dismissed #{number}: {text}",
    "publish": "confirmed the public word: {text}",
    "paged": "called {to}: {text}",
    "passed": "passed it on",
    "closed-as": "ended it: {text}",
    "obligation": "owes {text}",
    "obligation-met": "met {id}: {evidence}",
    "acknowledge": "acknowledged and took command: {text}",
    "not-me": "gave it back: nobody has command",
    "seen": "saw it",
    "declared-again": "declared the same again: {severity}",
    "update": "{text}",
    "triage": "triaged: {text}",
    "mitigate": "mitigated: {text}",
    "fix": "fixed: {text}",
    "verify": "resolved: {text}",
    "retitled": "calls it “{title}”, before “{before}”",
    "severity": "set the severity to {severity}: {text}",
    "handoff": "handed over from {before} to {to}: {text}",
    "taken-over": "took over from {before}",
    "joined": "is here as well",
    "undo": "took back: {what}",
    "action-dropped": "dropped action item {number}: {text}",
    "note": "{text}",
    "reopened": "reopened: {text}",
    "planned": "planned {version}",
    "started": "started it",
    "yes": "said yes to {code}",
    "granted": "request {code} was granted",
    "hold": "put it on hold: {text}",
    "resume": "resumed it",
    "effect": "{what}",
    "conflict": "{step}: {reason}",
    "iteration": "went back to {back_to}, iteration {number}",
    "ended": "ended: {state}",
    "cancel": "cancelled: {text}",
    "went-on": "restricted it: {text}",
    "approval-void": "request {code} became void: {why}",
    "sign-off": "signed off {step}: {text}",
    "skip": "skipped {step}: {text}",
    "mirrored": "had it told in {name} too",
    "unmirrored": "had it told in {name} no more",
    "mirror-lost": "could not show it in {channel}: {why}",
    "waive": "waived {step}: {text}",
    "waiver-asked": "asked another to agree to {step}{id}{what}: {text}",
    "set": "set {name}",
    "adopt": "took {step} as it is",
    "leaked": "said that it leaked, so that the disclosure is now: {text}",
    "armed": "armed {code} for {until}",
    "redo": "had {step} done again: {text}",
    "by-hand": "did {step} by hand: {text}",
}


def history(entries: Sequence[LedgerEntry]) -> list[Moment]:
    """The ledger's entries that people would tell, in their words."""
    moments = []
    for entry in entries:
        used_anyway = entry.kind == "approval-consumed" and entry.payload.get("override")
        template = "used request {code}, {override}" if used_anyway else _HISTORY.get(entry.kind)
        if template is not None:
            values = {name: printable(_told(value)) for name, value in entry.payload.items()}
            what = template.format_map(_Lenient(values)).strip().removesuffix(":")
            both = f" ({values['agreed']} agreed)" if "agreed" in values else ""
            moments.append(Moment(entry.at, _who(entry.actor), f"{what}{both}"))
        elif entry.kind == "reminder":
            moments.append(Moment(entry.at, "sopwith", f"reminded {entry.payload.get('to') or 'the channel'}"))
    return moments


def _told(value: Any) -> str:
    return ", ".join(str(entry) for entry in value) if isinstance(value, list) else str(value)


def _who(actor: str) -> str:
    return actor.split(" (", 1)[0]


class _Lenient(dict[str, str]):
    """Missing particulars of old entries read as nothing."""

    def __missing__(self, key: str) -> str:
        return ""


def audited(found: Audit, faults: Sequence[Fault]) -> list[str]:
    """What an audit found: every fault by name, or how much there is and that it is whole; and what it cannot tell."""
    lines = [f"{printable(fault.run)}{_entry(fault)}: {printable(fault.what)}" for fault in faults]
    verdict = f"{len(lines)} fault{'s' if len(lines) != 1 else ''}." if lines else _whole(found)
    notes = []
    if found.before:
        notes.append(f"From before states were recorded, so only their chains were looked at: {_some(found.before)}.")
    if found.unread:
        notes.append(f"Stored by another build, so only in part held against the record: {_some(found.unread)}.")
    return [*lines, verdict, *notes]


def _entry(fault: Fault) -> str:
    what = "seal" if fault.run == SEALS else "entry"
    return f", {what} {fault.seq}" if fault.seq is not None else ""


def _whole(found: Audit) -> str:
    told = found.runs - len({*found.before, *found.unread})
    again = f" What is stored of {told} of them is what their entries tell." if told else ""
    runs = f"{found.entries} entries in {found.runs} run{'s' if found.runs != 1 else ''}"
    return f"The record is whole: {runs}.{again}" if found.entries or found.runs else "The record is empty."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"{', '.join(map(printable, names[:MOST]))}{more}"


_NO_END = (
    "Its end cannot be proved: an older copy of the database would look the same. Hold it against what was kept"
    " outside: --against FILE (record.seals), or --head HASH, as told in the channel."
)


def proved(found: Audit, signed: Seal | None, signer: str, kept: Seal | None) -> list[str]:
    """How far the record is vouched for from outside the database, and what nothing vouches for."""
    last = found.seals[-1] if found.seals else None
    lines = [f"Seals: {last.number}, the last of {last.at}." if last else "There is no seal."]
    if found.open_entries:
        lines.append(
            f"{found.open_entries} entries stand under no seal yet: who may write the database may change them."
        )
    if signed is not None:
        lines.append(
            f"Seal {signed.number}, of {signed.at}, and with it all before it, is signed by {printable(signer)}."
        )
    elif found.signed:
        lines.append(f"Seal {max(found.signed)} is signed; by whom, --signers FILE (the allowed signers) tells.")
    else:
        lines.append("No seal is signed: who may write the database could have written all of it anew.")
    there = kept and f"Seal {kept.number}, of {kept.at}, was kept outside, and is here as it was."
    return [*lines, there or _NO_END]


def parked(item: InboxItem) -> str:
    """An event nobody could handle: from whom, where and when; its sender was told to say it again."""
    event = item.event
    where = f"{event.place.platform}:{event.place.channel}"
    return f"not handled: {event.kind} of {event.actor} in {where}, {event.at.isoformat(timespec='minutes')}"


def unreadable(run: Unreadable) -> str:
    return f"cannot be read: {run.name} ({run.sop}), {run.why}; a version that can read it goes on with it"


def unreadable_event(number: int) -> str:
    return f"not handled: event {number}, which another version stored and this one cannot read"


def dead(message: Outgoing, why: str) -> str:
    """A message nobody could deliver within a day."""
    where = f"{message.place.platform}:{message.place.channel}"
    return f"not delivered: {message.kind} {message.logical_id} to {where}: {why}"


def passed_over(platform: str, count: int) -> str:
    """Events nobody could read; nothing of them was kept."""
    events = "one event that was" if count == 1 else f"{count} events that were"
    return f"passed over in {platform}: {events} not to be read; the log says when and why."


def head(digest: str) -> Card:
    """What whoever kept it can hold the record against."""
    return card(
        line("The record up to now: ", code(digest)),
        "Who keeps this can tell later whether anything before it was changed: sopwith audit verify --head HASH",
    )


def apart() -> Card:
    """The seals kept outside are another record's."""
    return card(
        "The seals kept outside are not those of this database: an older copy was put back, or it was written anew.",
        "Keep both as they are, and look: sopwith audit verify --against FILE",
    )


def held_against(seal: Seal | None) -> str:
    """What an audit says of a hash that somebody kept."""
    if seal is None:
        return "No seal has that hash: what it covered was written anew since, or this is another database."
    return f"That hash is seal {seal.number}, of {seal.at}; everything up to it is as it was then."


def export_withheld(entries: Sequence[LedgerEntry]) -> list[str]:
    """The chain of a run under embargo: its hashes, so that it still can be verified, and nothing of what they hash."""
    return [
        json.dumps(
            {
                "withheld": "embargo",
                "seq": entry.seq,
                "payload_hash": entry.payload_hash,
                "previous": entry.previous,
                "hash": entry.hash,
            }
        )
        for entry in entries
    ]


def export_json(run: Run, entries: Sequence[LedgerEntry]) -> list[str]:
    """The run's chain as JSON lines, with everything a verifier needs."""
    return [
        json.dumps(
            {
                "run": run.name,
                "run_id": entry.run_id,
                "seq": entry.seq,
                "at": entry.at.isoformat(),
                "kind": entry.kind,
                "actor": entry.actor,
                "payload": dict(entry.payload),
                "payload_hash": entry.payload_hash,
                "previous": entry.previous,
                "hash": entry.hash,
            },
            ensure_ascii=False,
        )
        for entry in entries
    ]


def export_markdown(run: Run, entries: Sequence[LedgerEntry]) -> list[str]:
    """The run's story for people, with the head of its chain."""
    state = RESTRICTED if run.facts.get("restricted") else run.state
    lines = [f"# {run.name}: {quoted(run.title)}", "", f"{run.sop}, {state}.", ""]
    lines += [f"- {moment.at.isoformat()} — {quoted(moment.who)}: {quoted(moment.what)}" for moment in history(entries)]
    return [*lines, "", f"Head of the chain: `{entries[-1].hash}`" if entries else "Nothing is recorded.", ""]
