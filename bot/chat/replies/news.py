"""What is told while a run goes on, without anybody asking: news, conflicts, steps done, ends."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.chat.replies import answers, binding, incident, latest, phrases, rollback, stable
from bot.chat.replies.parts import begun, card, debt_hint
from sops.kit import timing
from sops.kit.action import Action, Conflict, News, short
from sops.kit.branch_actions import branch_of
from sops.kit.escaping import printable
from sops.kit.message import Card, Span, bold, code, line, person, time
from sops.kit.model import Step
from sops.kit.run import Failing, Obligation, Run
from sops.kit.secrecy import HOME
from sops.kit.texts import duration
from sops.kit.unreadable import Unreadable


def news(run: Run, item: News) -> Card:
    """Something a gate or an action wants the thread to hear."""
    about = item.about
    ours = phrases.WORDS[run.sop].news if run.sop in phrases.WORDS else {}
    own = {**binding.NEWS, **latest.NEWS, **ours}.get(item.kind)
    if own is not None:
        return own(run, item)
    if item.kind == "checks-red":
        return _red(run, about)
    if item.kind == "tag-taken":
        return card(
            line(bold(f"{run.name} cannot be merged: "), Span(text=about["note"]), "."),
            f"Ask who pushed {about['tag']}. If nobody can have fetched it, delete it; else choose another version.",
            hint="!cancel reason",
        )
    if item.kind == "not-published":
        return card(
            f"An hour after the tag there still is no {' and no '.join(about['missing'])}.",
            "Look at the publishing workflow; a tag pushed with a token of GitHub Actions starts none.",
        )
    if item.kind == "twice":
        return card(
            f"A doubtful moment left the same {about['what']} more than once. Kept is the first; please delete:",
            *about["urls"],
        )
    if item.kind == "post-mortem-drafted":
        return card(
            f"PR #{about['pr']} holds the post-mortem, drafted from the record: {about['url']}",
            incident.once_merged(run),
        )
    if item.kind == "merged-outside":
        return card(
            line(bold(f"PR #{about['number']} was merged outside this run"), f", as {short(about['merge'])}."),
            "The bot did not do it and nobody approved it here. What is left is asked for anew.",
            hint="!cancel reason",
        )
    if item.kind == "fits-no-longer":
        return card(
            f"PR #{about['number']} conflicts with {about['base']} by now: {about['url']}",
            f"Merge {about['base']} into {about['head']} and push.",
        )
    if item.kind == "closed-unmerged":
        return card(
            line(bold(f"PR #{about['number']} was closed without being merged"), f": {about['url']}"),
            "The run waits for it: reopen it there and merge it, or two people leave the step out.",
            hint="!waive STEP reason · status",
        )
    if item.kind == "artefacts-wrong":
        return stable.artefacts_wrong(run, item)
    if item.kind == "cleaned":
        return answers.cleaned(run, item)
    if item.kind == "offer":
        return _offer(run, about)
    return _soak_news(run, item)


def _red(run: Run, about: Mapping[str, Any]) -> Card:
    """Where everybody can read it already there is no way back; the yeses hold while the head stays."""
    head, names = short(about["head"]), ", ".join(about["checks"])
    called: list[Span | str] = [each for one in about.get("call", ()) for each in (person(one), " ")]
    if not called:
        return card(f"Red on {head}: {names}.", "Mend it on the branch, or rerun it; the run waits.")
    return card(
        line(*called, bold(f"{run.name}: red on {head}, and everybody can read it: "), f"{names}."),
        "It goes forward, never back: rerun what failed by chance; or two people go on without the checks, and the "
        "approved head is released itself. Another head needs its yes anew.",
        hint="!waive checks reason · status",
    )


def in_private_alone(run: Run) -> str:
    """Before what people do by hand of a fix that nobody may read yet."""
    return f"origin is {run.facts[HOME]} here, which is private; push nothing of it to the project"


def _soak_news(run: Run, item: News) -> Card:
    about = item.about
    if item.kind == "blocker-opened":
        return card(
            line(bold(f"{run.name} is blocked by #{about['number']}: "), Span(text=printable(about["title"]))),
            "The soak stands still until it is fixed, dismissed or closed.",
            hint=f"!dismiss #{about['number']} reason",
        )
    if item.kind == "blocker-gone":
        return card(f"#{about['number']} no longer blocks: {about['why']}.")
    if item.kind == "soak-resumed":
        return card(
            line("No open blocker. The soak goes on and ends ", time(datetime.fromisoformat(about["ends"])), ".")
        )
    if item.kind == "soak-failed":
        fixed = ", ".join(f"#{number}" for number in about["fixed"])
        return card(
            line(
                bold(f"{run.version}-rc{run.iteration} is not the one: "),
                f"{fixed} is fixed, so another candidate is due.",
            ),
            f"Put the fix on {branch_of(run)}, then the release manager says so.",
            hint="!done blockers evidence",
        )
    if item.kind == "candidate-rolled-back":
        return rollback.candidate_rolled_back(run, item)
    if item.kind == "rollback-asked":
        return rollback.rollback_asked(run, item)
    if item.kind == "soak-passed":
        return card(f"{about['days']} days without an open blocker: {run.version}-rc{run.iteration} passed its soak.")
    raise KeyError(item.kind)


def _offer(run: Run, about: Mapping[str, Any]) -> Card:
    waived = about.get("waived")
    can = "can be asked for (SOP-01), not released yet" if waived else "can be released (SOP-01)"
    soak = f"did not soak to the end: waived by {waived}" if waived else "soaked"
    return card(
        line(
            bold(f"{run.version} {can}."),
            f" Candidate {about['tag']} {soak}",
            *(["; image ", code(str(about["digest"]))] if about.get("digest") else ["."]),
        ),
        *(["What is missing: two people who say !waive soaked reason in the release's own thread."] if waived else []),
        hint=f"/release stable {run.version}",
    )


def for_channel(item: News) -> bool:
    """News the channel hears as well as the thread."""
    return item.kind in {"offer", "soak-failed"}


def conflict(run: Run, step: Step, found: Conflict) -> Card:
    return card(
        line(bold(f"Stopped at {step.title}: "), Span(text=found.reason), "."),
        line("What to do: ", Span(text=found.remedy), "."),
        hint="!retry · !cancel reason",
    )


def by_hand(run: Run, step: Step, wanted: Sequence[str]) -> Card:
    """The settings leave a deed to people: exactly what they are to do."""
    return card(
        line(bold(f"{run.name}, {step.title}: please do this by hand.")),
        *(line(code(text)) for text in wanted),
        "The run goes on by itself once it is there.",
        hint="!retry looks now",
    )


def by_hand_note(what: str) -> str:
    return f"left to people: {what}"


def stuck(run: Run, step: Step, what: str) -> Card:
    """Said once: nothing but people mends this."""
    firm = any(isinstance(piece, Action) and piece.essential for piece in step.deeds)
    out = [] if firm or step.then else [f"!waive {step.id} reason, which needs two"]
    return card(
        line(bold(f"{run.name} cannot go on at {step.title}: "), Span(text=what), "."),
        "It goes on by itself once that is mended.",
        hint=" · ".join([*out, "!cancel reason"]),
    )


def still_trying(run: Run, step: Step, what: str) -> Card:
    return card(f"{step.title}: tried three times and it is not there yet ({what}). Trying on.", hint="!hold reason")


def failing(run: Run, step: Step, outage: Failing) -> Card:
    """Said once for as long as it lasts: who fails, at what, and how."""
    return card(
        line(bold(f"{run.name}, {step.title} "), *phrases.waits_for(outage), "."),
        "Nothing is lost; it is tried again by itself, less and less often, and goes on once that works.",
        hint="!retry tries now",
    )


def works_again(run: Run, step: Step, outage: Failing, now: datetime) -> Card:
    return card(
        line(Span(text=f"{begun(outage.at)} works again for {step.title}, after {duration(now - outage.since)}."))
    )


def parked(run: Run, step: Step, kind: str) -> Card:
    return card(
        line(
            bold(f"{run.name} is parked."),
            f" Step {step.id} needs {kind!r}, which this version of Sopwith does not have.",
        ),
        "It goes on by itself once a version that has it is running; nothing is lost.",
    )


def unreadable(run: Unreadable) -> Card:
    return card(
        line(bold(f"{run.name} cannot be read by this version of Sopwith."), f" {run.why}."),
        "Another version stored it, or it was damaged. Until a version that can read it is running, nothing is"
        " done in it and nobody is reminded of it; nothing is lost.",
    )


def broken(run: Run) -> Card:
    return card(
        line(bold(f"{run.name}: something went wrong inside Sopwith."), " The log has the details."),
        "Nothing is lost; it tries again in ten minutes.",
        hint="!retry tries now",
    )


def owed(run: Run, debt: Obligation) -> Card:
    return card(f"Owed from now on: {debt.text} ({debt.role}).", hint=debt_hint(debt))


def _with_it(run: Run) -> str:
    """What is out beside the release, by the settings."""
    package = f" and {run.policy.package}" if "pypi" in run.policy.artefacts else ""
    if "image" not in run.policy.artefacts:
        return f"{package} are out" if package else " is out"
    return f"{', image' if package else ' and image'}{package} are out, {run.facts.get('digest')}"


def step_done(run: Run, step: Step) -> Card | None:
    """A step's progress, in the thread; None where somebody said so already or nobody need know."""
    own = phrases.WORDS[run.sop].done.get(step.id) if run.sop in phrases.WORDS else None
    if own is not None:
        return card(f"✓ {own(run)}")
    facts = run.facts
    soak = run.clocks.get(timing.SOAK)
    texts = {
        "pull-request": f"PR #{facts.get('pr')}: {facts.get('pr.url')}",
        "merge": binding.merged(run),
        "tag": f"tag {facts.get('tag')} signed and pushed",
        "published": f"pre-release{_with_it(run)}",
        "artefacts": f"release{_with_it(run)}",
        "announce": f"announced: {facts.get('announcement.url')}",
        "fix-branch": f"{facts.get('branch')} is there for the fix",
        "acknowledge": f"issue #{facts.get('issue')}: {facts.get('issue.url')}",
        "post-mortem": f"post-mortem PR #{facts.get('post-mortem')}: {facts.get('post-mortem.url')}",
        "post-mortem-merged": "the post-mortem is merged",
    }
    if step.id.startswith(("publish-", "correct-")):
        return card(f"✓ public: {facts.get('public.url')}")
    if step.id.startswith("action-"):
        return card(f"✓ issue #{facts.get(f'{step.id}.issue')}: {facts.get(f'{step.id}.url')}")
    if step.id not in texts or (step.id == "acknowledge" and "issue" not in facts):
        return None
    until: tuple[Span | str, ...] = ()
    if step.id == "announce" and soak is None and run.step(timing.SOAK):
        until = (f". The soak of {run.policy.soak.days} days begins",)
    return card(line(f"✓ {texts[step.id]}", *until))


def next_candidate(run: Run) -> Card:
    return card(line(bold(f"On to {run.version}-rc{run.iteration}.")))


def ended(run: Run) -> Card:
    if run.prefix == phrases.INCIDENT:
        return incident.ended(run)
    rest = [debt.text for debt in run.obligations if debt.open]
    return card(
        line(bold(f"{run.name} is {run.state}: "), phrases.heading(run)),
        *(f"Still owed: {text}" for text in rest),
    )
