"""Who may say what. Authority hangs on the account's person and their roles, looked up at each command.

Approving and rejecting are not here: who counts there depends on the request (see `handlers.approvals`).
"""

from bot.chat import commands
from bot.chat.half_asleep import backs_out
from sops.kit.gate import SignedOff
from sops.kit.model import Role
from sops.kit.paging import called, rated
from sops.kit.people import People, Person
from sops.kit.response import answered, commanding, unanswered, was_called
from sops.kit.run import Run
from sops.kit.timing import URGENT

ANYONE = (Role.ANYONE,)
EVERY_ROLE = tuple(role for role in Role if role is not Role.ANYONE)

_OPEN = (
    commands.Status,
    commands.Plan,
    commands.Todo,
    commands.Timeline,
    commands.Help,
    commands.Approve,
    commands.Reject,
    commands.Withdraw,
)
#: Whose turn it is to say so, the handler knows: who has command, or was called.
_OWN = (commands.NotMe,)
_WITH_ANY_ROLE = (commands.Note, commands.Page, commands.Stop, commands.Hold, commands.Take, commands.Seen)
#: What makes a run go on that was held because its incident proved to be an attack.
_GOING_ON = (commands.Start, commands.Resume)
#: By which a response is led, also where it goes on in private, with those who lead there.
_RESPONDING = (
    *(commands.Ack, commands.Report, commands.SetSeverity, commands.Retitle),
    *(commands.Assign, commands.Handoff, commands.Accept, commands.Snooze),
)
_TO_THE_PUBLIC = (commands.Publish, commands.Confirm, commands.Correct)
_BLOCKERS = (commands.Blocker, commands.Dismiss)


def roles_for(command: commands.Command, run: Run) -> tuple[Role, ...]:
    """The roles of which one is needed for this command in this run; `anyone` if none is."""
    if isinstance(command, _OPEN + _OWN):
        return ANYONE
    if isinstance(command, commands.SetSeverity) and _unrated(run) and command.severity in URGENT:
        return ANYONE  # whoever may declare may also say how bad it is; that it is less quiets calls
    if isinstance(command, _WITH_ANY_ROLE):
        return EVERY_ROLE
    if isinstance(command, _GOING_ON) and run.facts.get("restrained"):
        return (Role.SECURITY_LEAD,)
    if isinstance(command, commands.Cancel) and run.private and run.leaders:
        return run.leaders[:1]  # a report is not anybody's to end but its owner's role
    if isinstance(command, commands.Override):
        return tuple(dict.fromkeys((*leaders(run), Role.ON_CALL)))
    if isinstance(command, commands.Leaked):
        return tuple(dict.fromkeys((Role.SECURITY_LEAD, *leaders(run), Role.ON_CALL)))
    if isinstance(command, commands.Restrict):
        return (*leaders(run), Role.SECURITY_LEAD)
    if isinstance(command, _RESPONDING) and commanding(run) is not None:
        return tuple(dict.fromkeys((*run.policy.escalation, *leaders(run))))
    if isinstance(command, _BLOCKERS):
        return (Role.RELEASE_MANAGER, Role.SECURITY_LEAD, Role.MAINTAINER)
    if isinstance(command, commands.SignOff | commands.Skip) and (signer := _signer(command.step, run)):
        return tuple(dict.fromkeys((signer, *leaders(run))))
    return leaders(run)


def declared_it(handle: str, command: commands.Command, run: Run) -> bool:
    """Whoever declared it without a severity may say it afterwards, and is asked for it, whatever it is; and may say
    what it is about while nobody has command.
    """
    if isinstance(command, commands.Retitle):
        return unanswered(run) and handle == run.starter
    return isinstance(command, commands.SetSeverity) and _unrated(run) and handle == run.starter


def _unrated(run: Run) -> bool:
    return run.prefix == "INC" and run.severity is None


def leaders(run: Run) -> tuple[Role, ...]:
    """Who steers such a run: starts, holds, cancels it."""
    if run.prefix == "INC":
        return run.policy.escalation
    return run.leaders or (Role.RELEASE_MANAGER,)


def _signer(name: str, run: Run) -> Role | None:
    """Whose sign-off that step asks for, if it asks for one."""
    step = run.find(name)
    return next((piece.by for piece in step.waits if isinstance(piece, SignedOff)), None) if step else None


def commands_it(person: Person | None, command: commands.Command, run: Run) -> bool:
    """Who was called may take it, and who took it leads it, on call or not; to the public nothing is said by that.

    Who has no role at all leads the response and nothing else.
    """
    if person is None or isinstance(command, _TO_THE_PUBLIC):
        return False
    if isinstance(command, commands.Ack) and was_called(run, person.handle):
        return True
    leads = commanding(run) is not None and person.handle == run.owner and answered(run)
    if not person.roles and not _responds(command, run):
        return False
    wanted = set(roles_for(command, run))
    return leads and (set(leaders(run)) <= wanted or set(run.policy.escalation) <= wanted)


def _responds(command: commands.Command, run: Run) -> bool:
    """The response itself needs it, whoever has command: not what makes it smaller, ends it or moves it away."""
    if isinstance(command, commands.SetSeverity):
        return command.severity < rated(run)
    return isinstance(command, (*WORK, *_CALLED, commands.Handoff, commands.Accept, commands.Page))


def in_turn(person: Person | None, run: Run) -> bool:
    """On call, or called by name: it is theirs to answer."""
    return person is not None and (Role.ON_CALL in person.roles or was_called(run, person.handle))


#: What whoever was called for an incident may say of it, whatever their roles.
_CALLED = (commands.Ack, commands.Pass, commands.Snooze)


#: Words by which a response is told of: who says one is at work on it. Whoever was called may say it.
WORK = (commands.Report, commands.Note, commands.SetFact, commands.AddAction)
TAKING = (*WORK, commands.Publish)  # a !confirm or !correct with nothing to it says nothing of being at work


def turns_to(person: Person | None, command: commands.Command, run: Run) -> bool:
    """Whoever was called may answer, whatever their roles: have it, by a word of work too, pass it on, have it wait."""
    by_work = _at_work(person, command, run) and isinstance(command, WORK)
    return by_work or (person is not None and isinstance(command, _CALLED) and person.handle in called(run))


def takes(person: Person | None, command: commands.Command, run: Run) -> bool:
    """Nobody acknowledged it, and it is theirs to answer: by this word they have it; not by a note that they cannot."""
    return _at_work(person, command, run) and not (isinstance(command, commands.Note) and backs_out(command.text))


def _at_work(person: Person | None, command: commands.Command, run: Run) -> bool:
    return unanswered(run) and isinstance(command, TAKING) and in_turn(person, run)


def may(person: Person | None, roles: tuple[Role, ...], people: People) -> bool:
    if Role.ANYONE in roles:
        return True
    return person is not None and people.has(person.handle, roles)
