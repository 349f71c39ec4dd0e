"""The texts Sopwith leaves at the forge: titles and bodies of pull requests, issues, announcements, post-mortems.

Text from people inside them is data: `sops.kit.escaping` defuses its mentions and markup.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sops.kit.action import Moment
from sops.kit.escaping import quoted, titled
from sops.kit.run import Run, StepState

#: Between these the results of a dependency update stand in its pull request's text.
RESULTS = ("<!-- sopwith results -->", "<!-- /sopwith results -->")
MOST_LINES, LONGEST_LINE = 30, 300  # of one release's notes


def duration(span: timedelta) -> str:
    """2 h, 15 min, 7 days: the largest units that say it, at most two of them."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return f"{int(span.total_seconds())} s"
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = [f"{days} day{'s' if days != 1 else ''}"] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{rest} min"] if rest and not days else []
    return " ".join(parts[:2])


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


def _reland(run: Run) -> str:
    return (
        f"Brings the work of {run.version} back to `{run.policy.develop}`, by run {run.name}. The rollback is recorded "
        "without being taken, so that no later merge drops the work: merge this with a merge commit."
    )


def _dependency(run: Run) -> str:
    facts, read = run.facts, run.record("breaking-changes")
    cve = f" It closes {facts['cve']}." if facts.get("cve") else ""
    breaking = f"{quoted(read.text)} ({read.by})" if read.text else "nothing was said"
    parts = [
        f"{facts['name']} from {facts['from']} to {facts['to']}, by run {run.name} for {run.starter}.{cve}",
        f"**Breaking changes:** {'left out: ' if not read.signed and read.text else ''}{breaking}",
        "\n\n".join(_note(each) for each in facts.get("notes", [])) or "**Upstream notes:** none found",
    ]
    return with_results("\n\n".join(parts), run)


def _note(note: Mapping[str, str]) -> str:
    """What upstream says of one release, as text; its beginning where it is long."""
    lines = [quoted(line) for line in note["text"].splitlines() if line.strip()]
    shown = [line[:LONGEST_LINE] for line in lines[:MOST_LINES]]
    if shown != lines:
        shown.append("…")
    said = "> " + "  \n> ".join(shown) if shown else "> (no text)"
    return f"**Upstream {quoted(note['tag'])}:** {note['url']}\n\n{said}"


def with_results(body: str, run: Run) -> str:
    """The text of a dependency update's pull request with the results as they are; all else stays as it is."""
    section = f"{RESULTS[0]}\n{results(run)}\n{RESULTS[1]}"
    before, begin, rest = body.partition(RESULTS[0])
    _, end, after = rest.partition(RESULTS[1])
    return f"{before}{section}{after}" if begin and end else f"{body}\n\n{section}"


def results(run: Run) -> str:
    """How builds, checks and benchmarks of a dependency update went, as far as that is known."""
    facts = run.facts
    builds = [f"- {quoted(name)}: {quoted(how)}, {url}" for name, how, url in facts.get("built", [])]
    checks = facts.get("checks", "") if run.record("build-and-test").state.over else ""
    lines = [
        *(
            _left_out(run, "built", "builds")
            or builds
            or ([] if not run.policy.dependency_workflows else ["- builds: at work"])
        ),
        *(
            _left_out(run, "build-and-test", "checks")
            or [f"- checks: {checks} green" if checks else "- checks: at work"]
        ),
        *_benchmarks(run),
    ]
    return "\n".join(["**Results**", "", *lines])


def _benchmarks(run: Run) -> list[str]:
    by_hand, name = run.record("benchmarks"), run.policy.benchmark_check
    if run.facts.get("name") not in run.policy.performance_critical:
        return []
    if left := _left_out(run, "benchmark-check" if name else "benchmarks", "benchmarks"):
        return left
    if name:
        on = run.facts.get("benchmarks.on", "")
        return [f"- benchmarks: {quoted(name)} is green on {on[:7]}" if on else f"- benchmarks: {quoted(name)} at work"]
    return [
        f"- benchmarks: {quoted(by_hand.text)} ({by_hand.by})" if by_hand.signed else "- benchmarks: to be compared"
    ]


def _left_out(run: Run, step: str, what: str) -> list[str]:
    """That people left it out, and why; nothing where they did not, or where it never applied."""
    record = run.record(step)
    by = record.by if record.state is StepState.SKIPPED else ""
    return [f"- {what}: left out by {by}: {quoted(record.text)}"] if by else []


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
    "reland": _reland,
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
    policy = run.policy
    guides = [
        f"`{path}` says {what}"
        for path, what in (
            (policy.contributing, "how a change gets in"),
            (policy.code_of_conduct, "how people here treat each other"),
        )
        if path
    ]
    pointed = f"{', '.join(guides)}. " if guides else ""
    return (
        f"Welcome, @{run.facts['login']}, and thank you for coming by.\n\n"
        f"{pointed}If anything is unclear, ask right here.\n"
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
        f"- Commanders: {', '.join(_commanders(run)) or 'none'}",
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
        quoted(str(facts.get("impact") or (f"Affected: {facts['affected']}" if facts.get("affected") else ""))),
        "",
        *(["## Prevention", "", quoted(str(facts["prevention"])), ""] if facts.get("prevention") else []),
        "## Action items",
        "",
        *(f"- {quoted(what)} ({who}{f', by {due}' if due else ''})" for who, what, due in actions),
        *(["None."] if not actions else []),
        "",
        mark,
        "",
    ]
    return "\n".join(lines)


def _commanders(run: Run) -> list[str]:
    """Who led it, in their order. Whoever reported a hole owns its run at first, and leads nothing by that."""
    if not run.private:
        return list(run.owners)
    took = run.record("acknowledge").by
    return list(dict.fromkeys(who for who in (took, *run.owners[1:]) if who))


def _when(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
