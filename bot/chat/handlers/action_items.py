"""Action items of an incident (SOP-08 row 8): noted, opened as issues once it is resolved, dropped again."""

from collections.abc import Mapping

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import incident as words
from bot.chat.replies import misread, refusals
from bot.engine.desk import Desk
from sops.kit import timing
from sops.kit.incident_actions import OpenActionIssue
from sops.kit.model import Step
from sops.kit.run import StepState


def add_action(desk: Desk, me: Speaker, command: commands.AddAction) -> Refused | None:
    """An action item; each becomes an issue once the incident is resolved. `none` says there are none."""
    run = desk.run
    if not command.who and run.facts.get("actions"):
        return Refused(refusals.refused(words.actions_noted(run.facts["actions"])))
    if not command.who:
        desk.run = run.with_facts({"actions": run.facts.get("actions", [])})
        desk.note("action", me.record, text="none")
        desk.say(replies.answers.action_added(desk.run, 0, ""))
        return None
    person = desk.people.named(command.who)
    if person is None:
        return Refused(refusals.refused(misread.unknown_person(command.who)))
    if command.due is not None and command.due < timing.calendar(run).local(desk.now).date():
        return Refused(refusals.refused(words.day_over(command.due.isoformat())))
    actions = run.facts.get("actions", [])
    number = 1 + sum(step.id.startswith("action-") for step in run.steps)  # of dropped ones none is given again
    due = command.due.isoformat() if command.due else ""
    entry = {"id": f"action-{number}", "who": person.handle, "text": command.text, "due": due}
    deed = OpenActionIssue(entry["id"], command.text, person.handle, due)
    step = Step(entry["id"], row="8", title=f"issue of action {number}", after="verify", do=deed)
    desk.run = run.with_facts({"actions": [*actions, entry]}).with_step(step, before="close")
    desk.note("action", me.record, to=person.handle, text=command.text, due=due)
    desk.say(replies.answers.action_added(desk.run, number, person.handle))
    return None


def drop_action(desk: Desk, me: Speaker, command: commands.DropAction) -> Refused | None:
    """It is no action item any more. An issue that was opened for it stays, for people to close."""
    run, name = desk.run, f"action-{command.number}"
    actions = run.facts.get("actions", [])
    dropped = next((entry for entry in actions if entry["id"] == name), None)
    if dropped is None:
        return Refused(refusals.refused(words.no_action(command.number, actions)))
    if "post-mortem" in run.facts:
        return Refused(refusals.refused(refusals.drafted(run)))
    if run.record(name).intent is not None:
        return Refused(refusals.refused(words.being_opened(command.number)))
    others = {fact: value for fact, value in run.facts.items() if fact != "actions"}
    left = [entry for entry in actions if entry["id"] != name]
    desk.run = run.but(facts={**others, "actions": left} if left else others)  # that none is left, somebody must say
    if not run.record(name).state.over:
        desk.run = desk.run.with_record(name, state=StepState.SKIPPED, by=me.handle, note=words.DROPPED)
    desk.note("action-dropped", me.record, number=command.number, text=dropped["text"])
    desk.say(words.action_dropped(desk.run, command.number, dropped["who"], me.handle))
    return None


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.AddAction: add_action,
    commands.DropAction: drop_action,
}
