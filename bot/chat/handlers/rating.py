"""How bad an incident is, and what it is called: both change on its way, and whoever is called reads it as it is."""

from collections.abc import Mapping
from datetime import datetime

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.handlers.common import remember
from bot.chat.replies import hotfix, misread, refusals
from bot.chat.replies import incident as words
from bot.engine.desk import Desk
from sops.kit import paging, post_mortem, rebasing, timing
from sops.kit.escaping import printable
from sops.kit.model import Severity
from sops.kit.response import answered, commanding
from sops.kit.run import Run, StepState
from sops.kit.security_gates import HOTFIX

TITLES = "titles"  # the fact: what it was called before, the newest last
MOST_TITLES = 20
MOST_NEW_NAMES = 3  # of one incident, by somebody without a role: each is told in its channel


def severity(desk: Desk, me: Speaker, command: commands.SetSeverity) -> Refused | None:
    run, old = desk.run, desk.run.severity
    if old is command.severity:
        return Refused(refusals.refused(refusals.severity_same(command.severity)))
    if run.sop == HOTFIX and (
        refusal := hotfix.severity_refused(run, command.severity, command.reason, _response(desk))
    ):
        return Refused(refusals.refused(refusal))
    run = timing.answered(run.but(severity=command.severity))
    run = _owing(rebasing.rebased(run, desk.now))
    if old is None and answered(run):
        run = timing.started(run, timing.UPDATE, desk.now)
    worse = command.severity < (old or Severity.P1)
    desk.run = paging.with_raise(run, old, me.handle, command.reason, desk.now) if worse else run
    if old is not None:
        remember(desk, me, "severity", f"severity {command.severity}", before=old)
    desk.note("severity", me.record, severity=command.severity, before=old or "", text=command.reason)
    whom = _concerned(desk.run, me, worse=worse)
    desk.say(replies.answers.severity_set(desk.run, old, me.handle, command.reason, desk.now, whom))
    desk.tell(replies.answers.severity_set(desk.run, old, me.handle, command.reason, desk.now))
    return None


def _concerned(run: Run, me: Speaker, *, worse: bool) -> tuple[str, ...]:
    """Who must hear of it: who leads it; while nobody does, who was called for what it is no more."""
    if answered(run):
        concerned = [run.owner] if commanding(run) is not None and run.owner else []
    else:
        concerned = [] if worse else [*paging.called(run)]  # what is worse calls by itself
    return tuple(who for who in concerned if who != me.handle)


def _response(desk: Desk) -> Run | None:
    """The security response the run was begun for, and which goes on."""
    parent = desk.tx.runs.known(desk.run.parent) if desk.run.parent else None
    return parent if parent is not None and parent.embargoed and not parent.state.over else None


def _owing(run: Run) -> Run:
    """A resolved P3 that turns out to be worse owes the post-mortem its severity had left out, from its resolution."""
    verified, left_out = run.record("verify"), run.record("post-mortem")
    by_itself = left_out.state is StepState.SKIPPED and not left_out.by
    if run.severity is Severity.P3 or not by_itself or verified.state is not StepState.DONE or verified.since is None:
        return run
    again = {"post-mortem", "post-mortem-merged"}
    run = run.but(records={name: record for name, record in run.records.items() if name not in again})
    resolved = run.facts.get("resolved.at")
    return timing.started(run, timing.POST_MORTEM, datetime.fromisoformat(resolved) if resolved else verified.since)


def retitle(desk: Desk, me: Speaker, command: commands.Retitle) -> Refused | None:
    """From now on it is called so, wherever it is told; what was posted in the open before stays as it was said."""
    title, before = printable(command.title), desk.run.title
    if not title:
        return Refused(misread.problem(commands.Problem("missing", "title")))
    if title == before:
        return Refused(refusals.refused(words.CALLED_SO))
    if not (me.person and me.person.roles) and len(desk.run.facts.get(TITLES, ())) >= MOST_NEW_NAMES:
        return Refused(refusals.refused(words.RENAMED_OFTEN))
    run = post_mortem.titled_as_drafted(desk.run)
    titles = [*run.facts.get(TITLES, ()), before][-MOST_TITLES:]
    desk.run = run.but(title=title).with_facts({TITLES: titles})
    desk.note("retitled", me.record, title=title, before=before)
    desk.say(words.retitled(desk.run, before, me.handle))
    desk.tell(words.retitled(desk.run, before, me.handle, thread=False))
    return None


def undone(desk: Desk, act: Mapping[str, str]) -> Run:
    """The run as bad as it was before; who is called goes on as after any other change."""
    return rebasing.rebased(desk.run.but(severity=Severity(act["before"])), desk.now)


HANDLERS: Mapping[type[commands.Command], Handler] = {commands.SetSeverity: severity, commands.Retitle: retitle}
