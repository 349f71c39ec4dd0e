"""The texts Sopwith leaves at the forge: titles and bodies of pull requests, issues, announcements, post-mortems.

Text from people inside them is data: mentions and markup are defused by `quoted`.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sops.kit.action import Moment
from sops.kit.run import Run

_BLOCK = re.compile(r"^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")  # what would begin a list, a rule or a heading
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~!])")


def quoted(text: str) -> str:
    """A person's words as Markdown text: shown as typed, without headings, links, tags or mentions."""
    escaped = _SPECIAL.sub(r"\\\1", printable(text).replace("&", "&amp;"))
    return _BLOCK.sub(r"\\\g<0>", escaped).replace("@", "@\u200b")


def printable(text: str) -> str:
    """Without control and bidirectional-override characters; line breaks become spaces."""
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"})


def titled(text: str) -> str:
    """A person's words as a title, where no markup is read: shown as typed, without mentions of anybody."""
    return printable(text).replace("@", "@\u200b").replace("<!", "<\u200b!")


def slug(text: str, otherwise: str, limit: int = 40) -> str:
    """A file name's part: lower-case ASCII letters, digits and single dashes; `otherwise` if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:limit].strip("-") or otherwise


def pull_request(kind: str, run: Run, mark: str) -> str:
    """The body of a pull request that a run opens; `kind` is a name in `PULL_REQUESTS`."""
    return f"{PULL_REQUESTS[kind](run)}\n\n{mark}"


def _candidate(run: Run) -> str:
    candidate = f"{run.version}-rc{run.iteration}"
    return (
        f"Release candidate {candidate}, prepared by run {run.name} for {run.starter}.\n\n"
        f"Merging it is approved in the run's thread; the tag `v{candidate}` follows on the merge commit."
    )


def _release(run: Run) -> str:
    return (
        f"Release {run.version}, prepared by run {run.name} for {run.starter}.\n\n"
        f"Merging it is approved in the run's thread; the tag `v{run.version}` follows on the merge commit."
    )


def _hotfix(run: Run) -> str:
    return (
        f"{run.version}, a patch of {run.facts['base.version']}, prepared by run {run.name} for {run.starter}.\n\n"
        f"What happens with it is approved in the run's thread; the tag `v{run.version}` follows."
    )


def _back_port(run: Run) -> str:
    return (
        f"The fix of {run.version} for `{run.policy.develop}`, with its changelog and history, by run {run.name}. "
        f"Merge it with a merge commit, so that the next release fits `{run.policy.main}`."
    )


def _back_merge(run: Run) -> str:
    return f"{run.version} comes back to `{run.policy.develop}`, by run {run.name}. Merge it with a merge commit."


def _rollback(run: Run) -> str:
    facts = run.facts
    kept = "".join(f"\n- {quoted(each)}" for each in facts.get("kept", []))
    stays = f" What else came since stays:\n{kept}" if kept else ""
    return f"Takes {run.version} back, by run {run.name}: the tree is that of {facts['base.tag']} again.{stays}"


def _dependency(run: Run) -> str:
    facts = run.facts
    notes = ", ".join(facts.get("notes.shown", [])) or "none"
    cve = f" It closes {facts['cve']}." if facts.get("cve") else ""
    said = run.record("breaking-changes").text
    return (
        f"{facts['name']} from {facts['from']} to {facts['to']}, by run {run.name} for {run.starter}.{cve}\n\n"
        f"Upstream notes read: {notes}.\nBreaking changes: {quoted(said) if said else 'nothing was said'}\n"
        + "".join(f"Built: {quoted(name)}\n" for name in facts.get("builds", {}))
    )


def _security_table(run: Run) -> str:
    return f"The line of {run.release} in the table of supported versions, by run {run.name}."


#: Bodies of pull requests, by name.
PULL_REQUESTS: dict[str, Callable[[Run], str]] = {
    "candidate": _candidate,
    "release": _release,
    "hotfix": _hotfix,
    "back-port": _back_port,
    "back-merge": _back_merge,
    "rollback": _rollback,
    "dependency": _dependency,
    "security-table": _security_table,
}


def announcement(kind: str, run: Run) -> tuple[str, str]:
    """Title and body of a public announcement; `kind` is a name in `ANNOUNCEMENTS`."""
    return ANNOUNCEMENTS[kind](run)


def _released(run: Run) -> tuple[str, str]:
    url = run.facts.get("release.url")
    body = f"{run.version} is out, tag `v{run.version}`" + (f": {url}" if url else "") + ".\n"
    return f"Released: {run.version}", body


def _rolled_back(run: Run) -> tuple[str, str]:
    good, affected = run.facts.get("good", ""), ", ".join(run.facts.get("bad.tags", []))
    workaround = run.facts.get("workaround")
    body = f"{run.version} is taken back. Please use {good} instead; affected are: {affected}.\n"
    return f"Taken back: {run.version}", body + (f"\nUntil then: {quoted(str(workaround))}\n" if workaround else "")


def _call_for_testing(run: Run) -> tuple[str, str]:
    candidate = f"{run.version}-rc{run.iteration}"
    labels = " or ".join(f"`{label}`" for label in run.policy.blocker_labels)
    days = run.policy.soak.days
    body = (
        f"{candidate} is out as a pre-release, tag `v{candidate}`.\n\n"
        f"Please try it within the next {days} days. If something broke, open an issue and label it {labels}; "
        "an open one holds the release.\n"
    )
    return f"Call for testing: {candidate}", body


#: Announcements, by name.
ANNOUNCEMENTS: dict[str, Callable[[Run], tuple[str, str]]] = {
    "call-for-testing": _call_for_testing,
    "released": _released,
    "rolled-back": _rolled_back,
}


def incident_issue(run: Run) -> tuple[str, str]:
    """Title and body of an incident's issue: the title only, details stay in the thread."""
    title = f"Incident {run.name} ({run.severity}): {titled(run.title)}"
    return title[:240], f"Tracked as {run.name}. The commander is {run.owner}.\n"


def action_issue(run: Run, text: str, due: str, who: str) -> tuple[str, str]:
    """Title and body of an action item's issue."""
    body = f"An action item of incident {run.name} ({quoted(run.title)}).\n\nOwner: {who}\n"
    return titled(text)[:240], body + (f"Due: {due}\n" if due else "")


def welcome(run: Run) -> str:
    """The one comment that greets a newcomer."""
    return (
        f"Welcome, @{run.facts['login']}, and thank you for coming by.\n\n"
        "`CONTRIBUTING.md` says how a change gets in, `CODE_OF_CONDUCT.md` how people here treat each other. "
        "If anything is unclear, ask right here.\n"
    )


def thanks(run: Run) -> str:
    """The comment after a newcomer's first merge."""
    return f"Merged. Thank you, @{run.facts['login']}; the next one is welcome too.\n"


def notice(run: Run, text: str) -> tuple[str, str]:
    """Title and body of a public word about an incident."""
    return titled(run.title)[:200], f"{quoted(text)}\n"


def post_mortem(run: Run, history: Sequence[Moment], actions: Sequence[tuple[str, str, str]], mark: str) -> str:
    """The post-mortem document, drafted from the record. `actions` are (who, what, due)."""
    zone = ZoneInfo(run.policy.zone)
    facts = run.facts
    lines = [
        f"# {run.name}: {quoted(run.title)}",
        "",
        f"- Severity: {run.severity}",
        f"- Declared: {_when(run.created_at, zone)} by {run.starter}",
        f"- Commanders: {', '.join(run.owners) or 'none'}",
        "",
        "Blameless: it asks what made this possible, not who did it.",
        "",
        "## Timeline",
        "",
        *(f"- {_when(moment.at, zone)} — {moment.who}: {quoted(moment.what)}" for moment in history),
        "",
        "## Root cause",
        "",
        quoted(str(facts.get("cause", ""))),
        "",
        "## Impact",
        "",
        quoted(str(facts.get("impact", ""))),
        "",
        "## Action items",
        "",
        *(f"- {quoted(what)} ({who}{f', by {due}' if due else ''})" for who, what, due in actions),
        *(["None."] if not actions else []),
        "",
        mark,
        "",
    ]
    return "\n".join(lines)


def _when(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
