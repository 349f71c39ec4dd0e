"""Requests for approval and everything said around them: who may, who did not count, what became of it.

A little longer than other modules: a request and its ends are worded together.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.chat.replies import breakglass
from bot.chat.replies.parts import a_role, card, duration, either, names, roles_of, seconds
from bot.chat.replies.stable import blockers_dismissed, milestone_open
from sops.kit.action import short
from sops.kit.approvals import HeldUp, Request, RequestState
from sops.kit.disclosure import Disclosure, in_utc
from sops.kit.escaping import printable
from sops.kit.merging import MergePullRequest
from sops.kit.message import Button, Card, Span, bold, line, person, time
from sops.kit.model import Role, Severity, Step
from sops.kit.people import People
from sops.kit.run import Run, RunState
from sops.kit.secrecy import HOME, concealed


def request(run: Run, asked: Request, people: People) -> Card:
    """The question to reviewers: everything the yes covers, in order, and who may give it."""
    able = [p.handle for p in people.holding(*asked.roles) if p.handle not in asked.excluded]
    barred = [
        f"{who} ({_WHY_NOT[why]})"
        for who, why in asked.excluded.items()
        if why != "author" or people.has(who, asked.roles)
    ]
    needed, yes = int(run.facts.get("reviews.needed", 0)), run.facts.get("reviews", [])
    github = (
        [f"{run.policy.main} requires {needed} GitHub review{'s' if needed != 1 else ''}: {len(yes)} ✓"]
        if needed
        else []
    )
    without = [line(bold("Left out: "), Span(text=told_left_out(each))) for each in asked.subject.get("left out", [])]
    count = "1 yes" if asked.quorum == 1 else f"{asked.quorum} yeses"
    enough = (
        []
        if len(able) >= asked.quorum
        else [f"There are only {len(able)} people who may answer; name more {either(asked.roles)}s in the settings."]
    )
    return card(
        line(bold(f"{run.name} needs {count} from a {either(asked.roles)}."), " It covers, in order:"),
        *(f"{n} {effect}" for n, effect in enumerate(asked.effects, 1)),
        *_looked_at(run),
        *([f"Checks {run.facts['checks']} on {short(str(run.facts.get('head')))}."] if "checks" in run.facts else []),
        *without,
        *blockers_dismissed(asked),
        *milestone_open(run),
        *github,
        line("May answer: ", *_mentions(able), f"; not {names(barred, 'and')}." if barred else "."),
        *enough,
        line("Void if anything here changes. Expires ", time(asked.expires_at), "."),
        hint=f"approve {asked.code} · !reject {asked.code} reason",
        buttons=(
            Button(label="Approve…", says=f"approve {asked.code}", confirm=_all_of_it(asked)),
            Button(label="Reject…", says=f"!reject {asked.code}", asks=("reason",)),
            Button(label="Plan", says="plan"),
        ),
        file=_texts_of(run, asked),
    )


def _looked_at(run: Run) -> list[str]:
    """Where it can be read, while it can be read nowhere else."""
    if not concealed(run):
        return []
    return [f"Look at it in private: {run.facts[HOME]}, {run.facts['base.tag']}...{run.facts['branch']}"]


def _all_of_it(asked: Request) -> str:
    """What is asked once more before a button counts; nothing permanent is left out of it."""
    return f"Yes to all {len(asked.effects)}: {'; '.join(asked.effects)}?"


def request_closed(asked: Request) -> str:
    """What became of a request that can no longer be answered; empty while it can."""
    if asked.state in {RequestState.GRANTED, RequestState.CONSUMED}:
        return (
            f"✓ Overridden by {asked.override_by}"
            if asked.override_by and not asked.people
            else (f"✓ Approved by {names(asked.people, 'and')}")
        )
    if asked.state is RequestState.OPEN:
        return ""
    return f"✗ {str(asked.state).capitalize()}: {printable(asked.ended)}"


def pressed(who: str, says: str) -> str:
    """Under a message whose button was used."""
    return f"✓ {who}: {printable(says)}"


LONG_FILE = "message.txt"
A_WHILE = timedelta(minutes=5)  # what held a yes up for less is not told of


def in_a_file(whole: Card) -> Card:
    """A message that is too long for its chat: its beginning, and where the rest is."""
    return whole.model_copy(update={"lines": (*whole.lines[:3], line("… the whole of it is in the file below."))})


def _texts_of(run: Run, asked: Request) -> tuple[str, str] | None:
    """Everything that would be published, word for word, beside the request."""
    texts = asked.subject.get("texts", [])
    if not texts:
        return None
    return f"{run.name}-{asked.code}.md", "\n\n".join(f"{what}\n\n{text.rstrip()}" for what, text in texts)


_WHY_NOT = {"ordered": "ordered it", "starter": "started it", "owner": "owns it", "author": "wrote commits in it"}
_NEVER = {
    "ordered": "who ordered a run never counts in it",
    "starter": "the starter never counts",
    "owner": "an owner of the run never counts",
    "author": "authors of the pull request's commits never count",
}


def _mentions(handles: Sequence[str]) -> tuple[Span | str, ...]:
    spans: list[Span | str] = []
    for number, handle in enumerate(handles):
        spans += ([" or " if number == len(handles) - 1 else ", "] if number else []) + [person(handle)]
    return tuple(spans or ["nobody"])


def approval_missing(asked: Request) -> str:
    if asked.state is RequestState.GRANTED or asked.again:
        by = agreed(asked)
        waits = ", and waits for that" if asked.held_back else ""
        if asked.armed_for is not None:
            return f"{by}; armed for {in_utc(asked.armed_for)}, !stop disarms it"
        return f"{by}; the grace runs, !stop stops it" if asked.grace_until else f"{by}{waits}"
    if asked.override_at is not None:
        return f"request {asked.code} is overridden by {asked.override_by}, and goes through when its wait is over"
    if not asked.live:
        return approval_ended(asked)
    missing = asked.quorum - len(asked.people)
    return f"waits for {missing} yes{'es' if missing != 1 else ''} to request {asked.code}"


def agreed(asked: Request) -> str:
    """Who let it go ahead; by break-glass that is nobody who was asked."""
    return breakglass.by(asked) if asked.overridden else f"approved by {names(asked.people, 'and')}"


def _untouched(run: Run) -> str:
    """What people want to hear first, in a run that is about a merge."""
    merges = any(isinstance(piece, MergePullRequest) for step in run.steps for piece in step.deeds)
    return " Nothing was merged." if merges and "merge" not in run.facts else ""


def _capital(text: str) -> str:
    """The first letter only; names stay as they are."""
    return text[:1].upper() + text[1:]


def approval_ended(asked: Request) -> str:
    return f"request {asked.code}: {asked.ended}; !retry asks again"


def request_void(run: Run, asked: Request, *, merged: bool) -> Card:
    """`merged`: the pull request is merged, by whomever."""
    given = f" Void with it: the yes of {names(asked.people, 'and')}." if asked.people else ""
    untouched = "" if merged else _untouched(run)
    following = "" if run.state is not RunState.ACTIVE else " A new request follows as soon as it can."
    return card(line(f"Request {asked.code} is void: ", Span(text=asked.ended), f".{given}{untouched}{following}"))


def still_asked(run: Run, asked: Request, people: People) -> Card:
    """To who may answer and has not, before it expires; and to who would have to ask again."""
    able = [p.handle for p in people.holding(*asked.roles) if p.handle not in {*asked.excluded, *asked.people}]
    missing = asked.quorum - len(asked.people)
    count = "1 yes" if missing == 1 else f"{missing} yeses"
    ask = f" Nobody else may answer; name more {either(asked.roles)}s in the settings." if len(able) < missing else ""
    return card(
        line(*_mentions(able), f"{': ' if able else ''}request {asked.code} of {run.name} still needs {count}.", ask),
        line("It expires ", time(asked.expires_at), "; ", person(run.owner), " would have to ask again then."),
        hint=f"approve {asked.code} · !reject {asked.code} reason",
    )


def request_expired(run: Run, asked: Request) -> Card:
    said = f" The yes of {names(asked.people, 'and')} went with it." if asked.people else ""
    return card(
        line(person(run.owner), f" Request {asked.code} has expired.{said} Nothing was done; !retry asks again."),
        hint="!retry",
    )


def yes_dropped(run: Run, asked: Request) -> Card:
    return card(f"A yes to {asked.code} no longer counts: its giver is not a {either(asked.roles)} any more.")


def grace(run: Run, asked: Request, held: HeldUp | None, now: datetime) -> Card:
    """With how old the yes is and what held it up, unless it is fresh."""
    span = run.policy.grace_p0 if run.severity is Severity.P0 else run.policy.grace
    going = "It goes on" if asked.again else "Going ahead"
    old = now - asked.given_at >= run.policy.yes_is_fresh
    return card(
        line(*_agreed_at(asked, held, now, old), f". {going} in {duration(span)} unless somebody says !stop."),
        hint="!stop",
        buttons=(Button(label="Stop", says="!stop"),),
    )


def _agreed_at(asked: Request, held: HeldUp | None, now: datetime, old: bool) -> tuple[Span | str, ...]:
    """Approved by rev1 at 14:02, held up by GitHub for 3 h"""
    if not old:
        return (_capital(agreed(asked)),)
    since = f"{duration(now - asked.given_at)} ago"
    if held is not None and held.span >= A_WHILE:
        since = f"held up by {names(held.by, 'and')} for {duration(held.span)}"
    return (f"{_capital(agreed(asked))} at ", time(asked.given_at), f", {since}")


def too_old(asked: Request, now: datetime) -> str:
    """Why it is asked for anew."""
    return f"the yes is {duration(now - asked.given_at)} old"


def asked_again(asked: Request, held: HeldUp | None, now: datetime) -> Card:
    """`asked` is how it stood."""
    left = " what is left of it" if asked.state is RequestState.CONSUMED else ""
    return card(
        line(*_agreed_at(asked, held, now, old=True), f". That is too long ago, so{left or ' it'} is asked for again."),
        "Nothing more of it is done before." if left else "Nothing of it was done.",
    )


def armed(run: Run, asked: Request) -> Card:
    """It was approved ahead, and time alone is missing."""
    at = asked.armed_for or asked.made_at
    when = Disclosure(at).shown(run.policy.zone)
    return card(
        f"{_capital(agreed(asked))}. Armed: at {when} this goes ahead by itself, unless somebody says !stop before:",
        *(f"{n} {effect}" for n, effect in enumerate(asked.effects, 1)),
        hint="!stop",
        buttons=(Button(label="Stop", says="!stop"),),
    )


def held_back(asked: Request, others: Sequence[str]) -> Card:
    """`others` are what the step waits for beside the yes."""
    return card(
        line(f"{_capital(agreed(asked))}, but something else is in the way: ", Span(text="; ".join(others)), "."),
        "Once it is gone there is another moment to say !stop.",
        hint="status",
    )


def left_out(step: Step, who: str, why: str) -> str:
    return told_left_out((step.title, step.row, who, why))


def told_left_out(entry: str | Sequence[str]) -> str:
    """What a subject holds of it: the step's title and row, who left it out, and why; at first a sentence."""
    if isinstance(entry, str):
        return entry
    title, row, who, why = entry
    return f"{title}{f' (row {row})' if row else ''}, by {who}: {printable(why)}"


def counted(run: Run, asked: Request, who: str) -> Card:
    missing = asked.quorum - len(asked.people)
    return card(f"Counted: {who}'s yes to {asked.code}; {missing} more to go.")


def counted_on_hold(asked: Request, who: str) -> Card:
    """A yes while the bot keeps its hands off."""
    missing = asked.quorum - len(asked.people)
    more = f"{missing} more to go" if missing > 0 else "that is enough"
    return card(
        f"Counted: {who}'s yes to {asked.code}; {more}. On hold, so nothing is done before somebody says !resume.",
        hint="!resume",
    )


def not_counted(run: Run, reasons: Sequence[str], code_given: str, following: str) -> Card:
    """Why a yes does not count; every reason, and who may instead."""
    which = f" ({code_given})" if code_given else ""
    untouched = _untouched(run)
    return card(
        line(bold(f"Not counted: your yes to {run.name}{which}."), untouched),
        *(f"• {reason}" for reason in reasons),
        *([following] if following else []),
    )


def following(asked: Request | None, people: People) -> str:
    """Who may say what instead."""
    if asked is None or asked.state is not RequestState.OPEN:
        return ""
    able = [p.handle for p in people.holding(*asked.roles) if p.handle not in (*asked.excluded, *asked.people)]
    if not able:
        return f"As it is, {seconds(able)}."
    return f"Next: {names(able)} read the request and say: approve {asked.code}"


def reason_excluded(run: Run, why: str) -> str:
    return f"You {_WHY_NOT[why].removesuffix('it')}{run.name}; {_NEVER[why]}"


def reason_role(wanted: Sequence[Role], person_roles: Sequence[Role]) -> str:
    mine = roles_of(person_roles)
    return f"Only {' or '.join(a_role(role) for role in wanted)} may answer; {mine[0].lower()}{mine[1:]}"


def reason_twice(name: str) -> str:
    return f"You said yes already, as {name}; one person counts once, whatever the account"


def reason_ended(asked: Request) -> str:
    words = {
        RequestState.VOID: f"That request is void: {asked.ended}",
        RequestState.EXPIRED: "That request has expired; the release manager says !retry to ask again",
        RequestState.REJECTED: f"That request was {asked.ended}",
        RequestState.CONSUMED: "That request was used already; what it covered has begun",
        RequestState.GRANTED: "That request has all the yeses it needs",
    }
    return words[asked.state]


REASON_UNKNOWN_CODE = "There is no request with that code in this thread"
REASON_NO_REQUEST = "Nothing is waiting for approval in this thread"
REASON_SEVERAL = "Several requests are open; name the code of the one you mean"
REASON_EARLY = (
    "It was sent before the request was shown in this thread; read the request, then say it again with its code"
)


def how_to_approve(asked: Request) -> Card:
    return card(f"If that was meant as a yes, say: approve {asked.code}")


def deleting_changes_nothing() -> Card:
    return card("What you deleted was done already and still counts. !withdraw takes a yes back, !stop stops the bot.")


def edits_do_not_act() -> Card:
    return card("I do not act on an edited message; please say it as a new one.")


def how_to_stop() -> Card:
    """To somebody who may, and says what may mean it."""
    return card("If that was meant to stop it, say: !stop", hint="!stop", buttons=(Button(label="Stop", says="!stop"),))


def not_yours_to_stop(able: Sequence[str]) -> Card:
    """To somebody who may not, while it could still be stopped by others."""
    return card(f"Only somebody with a role may stop it: ask {names(able)} to say stop here, now.")


def withdrawn(run: Run, who: str, asked: Request) -> Card:
    return card(f"{who} took back the yes to {asked.code}.{_untouched(run)}")


def rejected(run: Run, who: str, asked: Request, *, held: bool) -> Card:
    waits = "Nothing was merged; the run waits." if _untouched(run) else "The run waits."
    return card(
        line(f"{who} rejected {asked.code}: ", Span(text=asked.ended), f". {waits}"),
        hint="!resume, and then !retry asks again" if held else "!retry asks again",
    )


def stopped_note(who: str) -> str:
    return f"stopped by {who}; asks for approval again after !resume"


GROUND_TAKEN = "what it stands on was taken back"


def void_note(asked: Request) -> str:
    return f"request {asked.code} is void: {asked.ended}"


def stopped(who: str, codes: Sequence[str], *, begun: bool) -> Card:
    """`begun`: some of what they cover was done before."""
    what = f" The yeses to {names(codes, 'and')} are void." if codes else ""
    done = "nothing more of it is done" if begun else "nothing of it was done"
    return card(
        f"Stopped by {who}.{what} The run is on hold; {done}.",
        hint="!resume · !cancel reason",
        buttons=(Button(label="Resume", says="!resume"),),
    )
