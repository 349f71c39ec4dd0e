"""Public words of an incident: shown first, posted only when somebody confirms exactly that text (SOP-08 row 3)."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.handlers.common import sign, step_of, without_draft
from bot.chat.replies import incident as words
from bot.chat.replies import refusals
from bot.engine.desk import Desk
from sops.kit.incident_actions import CorrectNotice, PublishNotice
from sops.kit.model import Step
from sops.kit.run import RunState

PREVIEW_LASTS = timedelta(minutes=30)


def publish(desk: Desk, me: Speaker, command: commands.Publish) -> Refused | None:
    _preview(desk, me, command.text, "")
    return None


def correct(desk: Desk, me: Speaker, command: commands.Correct) -> Refused | None:
    last = desk.run.facts.get("public.last")
    if last is None:
        return Refused(refusals.refused(refusals.NOTHING_PUBLIC))
    _preview(desk, me, command.text, last)
    return None


def _preview(desk: Desk, me: Speaker, text: str, of: str) -> None:
    """Show what would be public; only the code of this very text posts it, for a while."""
    code, until = secrets.token_hex(2), desk.now + PREVIEW_LASTS
    draft = {"text": text, "of": of, "code": code, "by": me.handle, "until": until.isoformat()}
    desk.run = desk.run.with_facts({"draft": draft})
    desk.note("previewed", me.record, text=text, corrects=of)
    desk.say(words.preview(text, code, desk.run.policy.announcements, until))


def _why_not(desk: Desk, me: Speaker, code: str) -> str:
    """Why nothing is posted now; empty if the text that waits may be."""
    draft = desk.run.facts.get("draft")
    if draft is None:
        return refusals.NO_DRAFT
    if "until" in draft and desk.now > datetime.fromisoformat(draft["until"]):
        return words.preview_old(draft["by"], corrects=bool(draft["of"]))
    if code and code != draft["code"]:
        return refusals.other_draft(draft["code"])
    if not code and draft["by"] != me.handle:
        return words.draft_of(draft["by"], draft["code"])
    if desk.run.state is RunState.HELD:
        return words.preview_on_hold(draft["code"])
    return ""


def confirm(desk: Desk, me: Speaker, command: commands.Confirm) -> Refused | None:
    """Post exactly the text that was shown. On hold nothing is: it is asked for again once somebody resumes."""
    if refusal := _why_not(desk, me, command.code):
        return Refused(refusals.refused(refusal))
    run, draft = desk.run, desk.run.facts["draft"]
    number = 1 + sum(step.id.startswith(("publish-", "correct-")) for step in run.steps)
    if draft["of"]:
        step_id = f"correct-{number}"
        deed: PublishNotice | CorrectNotice = CorrectNotice(step_id, draft["of"], draft["text"])
    else:
        step_id = f"publish-{number}"
        deed = PublishNotice(step_id, draft["text"])
    step = Step(step_id, row="3", title="public word", after="detect", do=deed)
    desk.run = without_draft(run).with_step(step, before="close").with_facts({"public.at": desk.now.isoformat()})
    if not desk.run.record("communicate").state.over:
        sign(desk, me, step_of(run, "communicate"), draft["text"])
    desk.note("publish", me.record, step=step_id, text=draft["text"])
    desk.say(replies.answers.posting(run.policy.announcements))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Publish: publish,
    commands.Correct: correct,
    commands.Confirm: confirm,
}
