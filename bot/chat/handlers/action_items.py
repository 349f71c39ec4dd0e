"""Action items of an incident (SOP-08 row 8): noted, opened as issues once it is resolved, dropped again."""

from collections.abc import Mapping
from datetime import date, datetime

from bot.chat import commands, replies
from bot.chat.handlers.base import Handler, Refused, Speaker
from bot.chat.replies import incident as words
from bot.chat.replies import misread, refusals
from bot.engine.desk import Desk
from sops.kit import timing
from sops.kit.incident_actions import ActionDone, OpenActionIssue
from sops.kit.model import Role, Step
from sops.kit.run import Obligation, Run, StepState


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
    if command.due is not None:
        _promise(desk, entry["id"], command.text, person.handle, command.due)
    desk.note("action", me.record, to=person.handle, text=command.text, due=due)
    desk.say(replies.answers.action_added(desk.run, number, person.handle))
    return None


def _promise(desk: Desk, name: str, text: str, who: str, day: date) -> None:
    """It is owed by that day, also when the incident is over, until its issue is closed or somebody says it is done."""
    debt = Obligation(
        id=name,
        text=words.owed_action(text, who, day.isoformat()),
        role=Role.ON_CALL,
        since=desk.now,
        probe=ActionDone(name).dump(),
        whose=who,
        promised=timing.calendar(desk.run).end_of(day),
        loose=True,
    )
    desk.run = desk.run.but(obligations=(*desk.run.obligations, debt))
    desk.run = timing.started(desk.run, f"{timing.OWED}{name}", desk.now)
    desk.note("obligation", id=name, text=debt.text, blocks="")


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
    desk.run = forgotten(desk.run, name, desk.now)
    if not run.record(name).state.over:
        desk.run = desk.run.with_record(name, state=StepState.SKIPPED, by=me.handle, note=words.DROPPED)
    desk.note("action-dropped", me.record, number=command.number, text=dropped["text"])
    desk.say(words.action_dropped(desk.run, command.number, dropped["who"], me.handle))
    return None


def forgotten(run: Run, name: str, at: datetime) -> Run:
    """The run without that item's promise."""
    left = tuple(debt for debt in run.obligations if debt.id != name)
    return timing.stopped(run.but(obligations=left), f"{timing.OWED}{name}", at)


def let_go(run: Run, at: datetime) -> Run:
    """The run without the promises of items that have no issue: it ends, and nobody will see them done."""
    for debt in run.obligations:
        if debt.open and debt.loose and run.record(debt.id).state is not StepState.DONE:
            run = forgotten(run, debt.id, at)
    return run


HANDLERS: Mapping[type[commands.Command], Handler] = {
    commands.AddAction: add_action,
    commands.DropAction: drop_action,
}
