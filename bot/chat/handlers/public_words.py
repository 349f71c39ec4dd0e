"""Public words of an incident: shown first, posted only when somebody confirms exactly that text (SOP-08 row 3)."""

import secrets
from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.handlers.common import sign, step_of
from bot.engine.desk import Desk
from sops.kit.incident_actions import CorrectNotice, PublishNotice
from sops.kit.model import Step


def publish(desk: Desk, me: Speaker, command: commands.Publish) -> Refused | None:
    _preview(desk, me, command.text, "")
    return None


def correct(desk: Desk, me: Speaker, command: commands.Correct) -> Refused | None:
    last = desk.run.facts.get("public.last")
    if last is None:
        return Refused(replies.refused(replies.NOTHING_PUBLIC))
    _preview(desk, me, command.text, last)
    return None


def _preview(desk: Desk, me: Speaker, text: str, of: str) -> None:
    """Show what would be public; only the code of this very text posts it."""
    code = secrets.token_hex(2)
    desk.run = desk.run.with_facts({"draft": {"text": text, "of": of, "code": code, "by": me.handle}})
    desk.say(replies.preview(desk.run, text, code, desk.run.policy.announcements))


def confirm(desk: Desk, me: Speaker, command: commands.Confirm) -> Refused | None:
    run, draft = desk.run, desk.run.facts.get("draft")
    if draft is None:
        return Refused(replies.refused(replies.NO_DRAFT))
    if command.code != draft["code"] and (command.code or draft["by"] != me.handle):
        return Refused(replies.refused(replies.other_draft(draft["code"])))
    number = 1 + sum(step.id.startswith(("publish-", "correct-")) for step in run.steps)
    if draft["of"]:
        step_id = f"correct-{number}"
        deed: PublishNotice | CorrectNotice = CorrectNotice(step_id, draft["of"], draft["text"])
    else:
        step_id = f"publish-{number}"
        deed = PublishNotice(step_id, draft["text"])
    facts = {name: value for name, value in run.facts.items() if name != "draft"}
    step = Step(step_id, row="3", title="public word", after="detect", do=deed)
    desk.run = run.but(facts=facts).with_step(step, before="close")
    if not desk.run.record("communicate").state.over:
        sign(desk, me, step_of(run, "communicate"), draft["text"])
    desk.note("publish", me.record, step=step_id, text=draft["text"])
    desk.say(replies.posting(run.policy.announcements))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.Publish: publish,
    commands.Correct: correct,
    commands.Confirm: confirm,
}
