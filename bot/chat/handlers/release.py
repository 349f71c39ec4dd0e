"""Blockers, in a candidate's soak and until its stable release is merged."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import refusals
from bot.engine.desk import Desk
from sops.kit.late_blockers import looks_for_blockers
from sops.kit.run import Run


def _soaking(run: Run) -> bool:
    return "soak" in {step.id for step in run.current()}


def blocker(desk: Desk, me: Speaker, command: commands.Blocker) -> Refused | None:
    """Count an issue as a blocker, whatever its labels. The caller has seen that it exists and is open."""
    if not _soaking(desk.run) and not looks_for_blockers(desk.run):
        return Refused(refusals.refused(refusals.NOT_SOAKING))
    facts = desk.run.facts
    waved = {n: why for n, why in facts.get("soak.dismissed", {}).items() if n != str(command.number)}
    named = sorted({*facts.get("soak.named", []), command.number})
    desk.run = desk.run.with_facts({"soak.named": named, "soak.dismissed": waved})
    desk.note("blocker", me.record, number=command.number)
    desk.say(replies.answers.blocker_named(command.number))
    return None


def dismiss(desk: Desk, me: Speaker, command: commands.Dismiss) -> Refused | None:
    facts, later = desk.run.facts, looks_for_blockers(desk.run)
    if not later and not _soaking(desk.run) and "blockers" not in {step.id for step in desk.run.current()}:
        return Refused(refusals.refused(refusals.NOT_SOAKING))
    if str(command.number) in facts.get("soak.dismissed", {}):
        return Refused(refusals.refused(refusals.dismissed_already(command.number)))
    waved = {**facts.get("soak.dismissed", {}), str(command.number): f"{command.reason} ({me.handle})"}
    desk.run = desk.run.with_facts({"soak.dismissed": waved})
    if not later and not _soaking(desk.run):
        _soak_on(desk, command.number)
    desk.note("dismissed", me.record, number=command.number, text=command.reason)
    desk.say(replies.answers.dismissed(command.number, me.handle, command.reason))
    return None


def _soak_on(desk: Desk, number: int) -> None:
    """A blocker that counted as fixed turns out to be none: without another one the soak goes on."""
    fixed = [n for n in desk.run.facts.get("soak.fixed", []) if n != number]
    desk.run = desk.run.with_facts({"soak.fixed": fixed})
    if not fixed:
        again = {"soak", "fix-branch", "blockers"}
        records = {name: record for name, record in desk.run.records.items() if name not in again}
        desk.run = desk.run.but(records=records).with_facts({"soak.outcome": None})


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.Blocker: blocker, commands.Dismiss: dismiss}
