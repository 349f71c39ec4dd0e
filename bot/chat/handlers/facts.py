"""`!set name text`: what people tell a run, where the run's procedure has a use for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import binding, latest, refusals, security
from bot.engine.desk import Desk
from sops.kit import paging, rebasing, timing
from sops.kit.affected import misfit
from sops.kit.binding import CHOICE, SHOWN, TreeForeseen
from sops.kit.changelog_sections import is_entry
from sops.kit.cvss import learned
from sops.kit.disclosure import Disclosure
from sops.kit.errors import InvalidText
from sops.kit.latest_steps import PUT, PUT_WANTED, LatestStands
from sops.kit.message import Card
from sops.kit.model import Severity
from sops.kit.response import hurts
from sops.kit.run import Run, StepState
from sops.kit.security_gates import HOTFIX, hotfix_of, patch_of
from sops.security_response import SECURITY_RESPONSE

CHANGELOG = "changelog"  # the fact, and the step that writes it
MERGE = "merge"
LATEST = "latest"  # where it is put, once it was seen elsewhere
TAG = "tag"  # no fact: which commit is tagged, where the merge would bring other work than was approved
IN_ADVISORY = frozenset({"advisory", "cvss", "affected", "disclosure", "cve"})  # what it says once it is public


def set_fact(desk: Desk, me: Speaker, command: commands.SetFact) -> Refused | None:
    if command.name == TAG:
        return _choose(desk, me, command.text)
    if command.name == LATEST and any(isinstance(each, LatestStands) for step in desk.run.steps for each in step.waits):
        return _put_latest(desk, me, command.text)
    if (stands := _stands(desk.run, command.name)) is not None:
        return stands
    if command.name == CHANGELOG and not is_entry(command.text):
        return Refused(refusals.refused(refusals.NO_ENTRY))
    late = command.name == CHANGELOG and desk.run.record(CHANGELOG).state.over
    if late and not _may_reword(desk.run):
        return Refused(refusals.refused(replies.answers.changelog_written(desk.run)))
    facts = {command.name: command.text}
    if command.name == "advisory" and "ghsa" in desk.run.facts:
        return Refused(refusals.refused(security.has_advisory(desk.run)))
    if desk.run.sop == SECURITY_RESPONSE.id:
        try:
            facts, severity = learned(command.name, command.text)
        except InvalidText as problem:
            return Refused(refusals.refused(str(problem)))
        if command.name == timing.DISCLOSURE and Disclosure.read(facts[command.name]).at <= desk.now:
            return Refused(refusals.refused(security.past(facts[command.name], desk.run)))
        if command.name == "affected" and (amiss := _amiss(desk.run, command.text)):
            return Refused(refusals.refused(security.contradicts(amiss)))
        _scored(desk, me, severity)
    desk.run = desk.run.with_facts(facts)
    desk.note("set", me.record, name=command.name, text=command.text)
    owes = desk.run.prefix == replies.phrases.INCIDENT
    missing = replies.parts.missing_facts(desk.run, ("cause", "impact", "actions")) if owes else None
    desk.say(_answer(desk.run, command.name, missing, late=late))
    if command.name == timing.DISCLOSURE and (due := _agreed_anew(desk)):
        desk.say(security.disclosure_moved(due))
    if late:
        desk.run = desk.run.with_record(CHANGELOG, state=StepState.PENDING, performed={}, intent=None, attempt=0)
    return None


def _choose(desk: Desk, me: Speaker, text: str) -> Refused | None:
    """The approved head itself, or the tree that was shown last, by its first digits: nothing else was seen. `merge`
    takes the choice back.
    """
    run, word, shown = desk.run, text.strip().lower(), str(desk.run.facts.get(SHOWN) or "")
    open_still = [step for step in run.current() if any(isinstance(piece, TreeForeseen) for piece in step.waits)]
    if "head" not in run.facts or not open_still or any(run.record(step.id).intent for step in open_still):
        return Refused(refusals.refused(binding.NOTHING_TO_CHOOSE))
    if word == "merge":
        desk.run = run.with_facts({CHOICE: None, SHOWN: None})
        desk.note("set", me.record, name=TAG, text=word)
        desk.say(binding.CHOOSES_ANEW)
        return None
    if word != "head" and not (len(word) >= binding.TREE_DIGITS and shown.startswith(word)):
        return Refused(refusals.refused(binding.no_choice(shown)))
    desk.run = run.with_facts({CHOICE: run.facts["head"] if word == "head" else shown})
    desk.note("set", me.record, name=TAG, text=word)
    desk.say(binding.chosen_head(run) if word == "head" else binding.chosen_merge(run))
    return None


def _put_latest(desk: Desk, me: Speaker, text: str) -> Refused | None:
    """Only where it belongs, as they were told."""
    run, wanted = desk.run, str(desk.run.facts.get(PUT_WANTED) or "")
    asked = any(isinstance(each, LatestStands) for step in run.current() for each in step.waits)
    if not asked or not wanted:
        return Refused(refusals.refused(latest.NOT_ASKED))
    if text.strip().removeprefix("v") != wanted:
        return Refused(refusals.refused(latest.other(run, wanted)))
    desk.run = run.with_facts({PUT: wanted})
    desk.note("set", me.record, name=LATEST, text=wanted)
    desk.say(latest.chosen(run, wanted))
    return None


def _stands(run: Run, name: str) -> Refused | None:
    """What was written by it already is changed where it stands."""
    responds = run.sop == SECURITY_RESPONSE.id
    if responds and name in IN_ADVISORY:
        return Refused(refusals.refused(security.public_already(run))) if run.facts.get("disclosed") else None
    drafted = "post-mortem" in run.facts and (responds or run.prefix == replies.phrases.INCIDENT)
    return Refused(refusals.refused(refusals.drafted(run))) if drafted else None


def _amiss(run: Run, affected: str) -> str:
    """What is wrong with that range, where the patch it is patched by is known."""
    ours = hotfix_of(run)
    return misfit(affected, patch_of(ours)) if ours else ""


def _answer(run: Run, name: str, missing: Sequence[str] | None, *, late: bool) -> Card:
    if late:
        return replies.answers.changelog_reworded(run)
    if run.sop == SECURITY_RESPONSE.id and name in security.SET:
        return security.SET[name](run)
    return replies.answers.fact_set(name, missing)


def _scored(desk: Desk, me: Speaker, severity: Severity | None) -> None:
    """Another severity, by the score, re-bases the time there is for the patch."""
    old = desk.run.severity
    if severity in {None, old} or (hurts(desk.run) and severity is not None and severity.below(old)):
        return  # while an attack goes on, a score makes it no less urgent
    desk.run = rebasing.rebased(desk.run.but(severity=severity), desk.now)
    if severity is not None and old is not None and old.below(severity):
        desk.run = paging.with_raise(desk.run, old, me.handle, security.BY_SCORE, desk.now)
    desk.note("severity", me.record, severity=severity, before=old or "", text="")
    behind = [child.name for child in desk.run.children if child.open and _less_urgent(desk, child.id)]
    if behind:
        desk.say(security.hotfix_behind(behind, desk.run))


def _less_urgent(desk: Desk, child: str) -> bool:
    """A hotfix that was begun for it while it was less urgent."""
    run = desk.tx.runs.known(child)
    return run is not None and run.sop == HOTFIX and run.severity is not None and run.severity.below(desk.run.severity)


def _agreed_anew(desk: Desk) -> datetime | None:
    """The clock of what was agreed on already runs to the new instant; that, or None where none runs."""
    clock = desk.run.clocks.get(timing.DISCLOSURE)
    if clock is None or not clock.running:
        return None
    desk.run = timing.started(desk.run, timing.DISCLOSURE, desk.now)
    return desk.run.clocks[timing.DISCLOSURE].due_at


def _may_reword(run: Run) -> bool:
    """The run wrote the entry itself, and what it stands in is neither merged nor about to be."""
    begun = run.record(MERGE).state.over or run.record(MERGE).intent or "merge.outside" in run.facts
    return "changelog.written" in run.facts and not begun


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.SetFact: set_fact}
