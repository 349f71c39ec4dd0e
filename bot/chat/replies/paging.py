"""What answers a page, and what only sounds like it."""

from collections.abc import Sequence

from bot.chat.replies.calling import goes_on, to
from bot.chat.replies.parts import card, due, names
from bot.chat.replies.phrases import state_word
from sops.kit import timing
from sops.kit.message import Button, Card, Span, line, person, time
from sops.kit.response import answered, commanding, may_give_back
from sops.kit.run import Run

MOST_NAMED = 5
NOBODY_HAS_IT = "Nobody has acknowledged it."
TAKE = "Take it, though not on call"


def how_to_ack(run: Run) -> Card:
    """To somebody who was called, or is on call, and says what may mean that they have it, or may not."""
    have, ack = f"If you have {run.name}, say: ack.", Button(label="I've got it", says=f"/sop {run.name} ack")
    if not goes_on(run):
        return card(f"{have} Nobody has it so far.", hint="ack", buttons=(ack,))
    return card(
        f"{have} If you cannot take it, say: !pass. Until somebody has it, I go on calling.",
        hint="ack · !pass",
        buttons=(ack, Button(label="Pass on", says=f"/sop {run.name} !pass")),
    )


def not_on_call(run: Run, able: Sequence[str]) -> Card:
    """To somebody the settings name, who was not called."""
    return card(
        f"You are neither on call nor called, so I go on calling for {run.name} ({names(able)}).",
        "If you take it all the same, say !take: you have command then, and nobody else is called.",
        hint="!take",
        buttons=(Button(label=TAKE, says=f"/sop {run.name} !take"),),
    )


def calls_oneself(run: Run, who: str) -> str:
    """To somebody who would be called by their own word."""
    way = f"!assign @{who} takes command" if answered(run) else "!take takes it, on call or not"
    return f"You are here, and nobody calls themselves; {way}."


def first_take(refusal: Card, run: Run) -> Card:
    """To somebody the settings name, who was not called and says a word of the response: how they may."""
    how = line(f"If you take {run.name} all the same, say !take first: you have command then, and may say this.")
    take = Button(label=TAKE, says=f"/sop {run.name} !take")
    return refusal.model_copy(update={"lines": (*refusal.lines, how), "buttons": (take,), "hint": "!take"})


def not_yours(run: Run, able: Sequence[str]) -> Card:
    """To a stranger."""
    return card(
        f"I go on calling for {run.name}: only people whom the settings name may take it, first {names(able)}.",
    )


def seen(run: Run) -> Card:
    """To who says so a second time, or when it matters no more."""
    if run.owner:
        return card(f"{run.owner} has {run.name}.")
    return card(f"{run.name} shows that you saw it. I go on calling until somebody has it.", hint="ack")


def seen_by(run: Run, who: str) -> Card:
    """In the thread: somebody looked, and that is all."""
    return card(
        f"{who} has seen it. I go on calling until somebody has it.",
        hint="ack",
        buttons=(Button(label="I've got it", says="ack"),),
    )


def kept(run: Run) -> Card:
    """To who takes their ✅ away: a slip of the finger must not wake anybody."""
    if not may_give_back(run):
        return card(f"You still have {run.name}. To hand it to somebody: !handoff @who", hint="!handoff @who")
    return card(
        f"You still have {run.name}. If you have not: !not me",
        hint="!not me",
        buttons=(Button(label="Not me", says=f"/sop {run.name} !not me"),),
    )


def somebody_elses(run: Run) -> str:
    has = f"{run.owner} has it" if run.owner else NOBODY_HAS_IT
    return f"{has}. Within ten minutes !undo takes that back too; !page @who calls somebody."


def worked_on(run: Run) -> str:
    return f"You led {run.name} already, so somebody must take it from you: !handoff @who or !assign @who."


def not_me(run: Run, who: str, whom: Sequence[str]) -> Card:
    """Who had it has not, and somebody else is called."""
    clock = run.clocks.get(timing.ACKNOWLEDGE)
    by = (" Acknowledge by ", *due(run, timing.ACKNOWLEDGE), ".") if clock and clock.running else ()
    return card(
        line(*to(whom), f"{run.name}: {who} has not got it after all; nobody has: ", Span(text=run.title), ".", *by),
        hint="ack",
        buttons=(Button(label="I've got it", says="ack"),),
    )


# Which incident is meant, where none is named


def which(runs: Sequence[Run], said: str, *, by_number: bool) -> Card:
    """Several are open: one line each, with what is typed, and pressed where that is short.

    `by_number`: the number is answer enough.
    """
    short = len(said) <= SHORT
    more = len(runs) - MOST_LISTED
    buttons = tuple(Button(label=run.name, says=f"/sop {run.name} {said}") for run in runs[:MOST_BUTTONS])
    return card(
        "Which one? Several are open:",
        *(line(f"{n}. {run.name} ({_stands(run)}): ", Span(text=run.title)) for n, run in _numbered(runs)),
        *([f"and {more} more: /sop runs"] if more > 0 else []),
        *(["Say its number here, or its name."] if by_number else []),
        hint=f"/sop {runs[0].name} {said}" if short else f"/sop {runs[0].name} and the same words",
        buttons=buttons if short else (),
    )


MOST_LISTED, MOST_BUTTONS, SHORT = 10, 5, 200


def _numbered(runs: Sequence[Run]) -> Sequence[tuple[int, Run]]:
    return list(enumerate(runs[:MOST_LISTED], 1))


def _stands(run: Run) -> str:
    state = state_word(run).lower()
    return f"{run.severity or 'severity?'}, {state}" if commanding(run) else state


def say_whole(name: str, said: str) -> Card:
    """To who answers by a number what changes something."""
    typed_ = f"/sop {name} {said}"
    what = f"say it whole: {typed_}" if said else "say it whole, with the name."
    return card(f"{name}: a number is enough only to look or to say ack; {what}", hint=typed_ if said else "")


def no_such_number(names_: Sequence[str]) -> Card:
    """To who answers with a number that is not in the list."""
    return card(f"There are {len(names_)}: {names(names_)}.")


def none_open(said: str) -> str:
    return f"No incident is open here. To declare one: /incident declare {said[:SHORT]}"


# Declared twice


def open_already(first: Run, again: str) -> Card:
    """To somebody who declares what was declared within the hour. `again` declares it all the same."""
    nobody = "nobody has it yet" + (", and I go on calling" if goes_on(first) else "")
    who = f"{first.owner} has it" if first.owner else nobody
    return card(
        line(f"{first.name} ({first.severity or 'severity?'}) is open already: ", Span(text=first.title)),
        line(
            f"Declared by {first.starter} ",
            time(first.created_at),
            f"; {who}. Its thread says that it was declared again.",
        ),
        f"If it is the same, that is all. If it is another one: {again}",
        hint=again,
        buttons=(Button(label="Declare anyway", says=again),),
    )


def declared_again(who: str, severity: str) -> Card:
    """In the first one's thread."""
    return card(f"{who} declared the same again{f' ({severity})' if severity else ''}.")


def may_be_the_same(first: Run, new: Run) -> Card:
    """In the thread of one that was declared at once, since it is more urgent than the open one of that title."""
    says = f"/sop {first.name} !duplicate {new.name}"
    return card(
        line(f"{first.name} ({first.severity or 'severity?'}) has that title, open since ", time(first.created_at)),
        f"If both are the same, end that one, which is less urgent: {says}",
        hint=says,
        buttons=(Button(label=f"{first.name} is the same", says=says),),
    )


def declared_beyond(
    who: str, known: Sequence[Run], severity: str, title: str, says: str, first: Sequence[str] = ()
) -> Card:
    """In the incidents' channel: one more of somebody who has no role and declared many. `first` is called for it."""
    for_whom = [each for handle in first for each in (person(handle), " ")]
    calls = "and this one is called for once" if first else "so this one calls nobody by itself"
    return card(
        line(*for_whom, f"{who} declares {severity or 'one more'}: ", Span(text=title), "."),
        f"{_of_theirs(known)}, {calls}; what else they declare in this hour is not told here.",
        "Somebody with a role can open it.",
        hint=says,
        buttons=(Button(label="Open it", says=says),),
    )


def not_called_again(known: Sequence[Run], first: Sequence[str] = (), *, told: bool = True) -> Card:
    """To them. `told` is false where those on call were told of another one within the hour, and not of this one."""
    called = f"{names(first)} is called once" if first else "nobody is called for it"
    news = f"Those on call are told of it in their channel, and {called}" if told else "Nobody is told of this one"
    return card(
        f"{news}: {_of_theirs(known, 'yours')}.",
        "If it is part of one of them, say so in its thread; if nobody comes, somebody with a role can declare it.",
    )


def _of_theirs(known: Sequence[Run], whose: str = "theirs") -> str:
    names_ = ", ".join(run.name for run in known[:MOST_NAMED])
    return f"{len(known)} of {whose} from the last hour are open ({names_}{', …' if len(known) > MOST_NAMED else ''})"
