"""Whom a reminder asks: whose turn it is by what is promised, and up the ladder once it is late."""

from bot.chat import replies
from sops.kit import timing
from sops.kit.gate import Approved, SignedOff
from sops.kit.model import Piece, Role, Step
from sops.kit.people import People
from sops.kit.run import Run
from sops.kit.stores import Deadline

MOST_REMINDED = 5  # people one reminder mentions, where it is nobody's alone


class Whose:
    """Answers for one run at one mark."""

    def __init__(self, people: People, run: Run, deadline: Deadline) -> None:
        self._people = people
        self._run = run
        self._deadline = deadline

    def whom(self, late: int) -> tuple[str, ...]:
        """Handles of those asked. `late` counts the words said since it was due; -1 before that.

        First whose it is, from the second word on also those who answer for the procedure, then the managers.
        """
        first = self._first()
        if late < 1 or self._deadline.clock in {timing.UPDATE, timing.REPORT}:
            return first
        others = self._holding(*self._answering()) if late == 1 else self._holding(*self._managers())
        return tuple(dict.fromkeys((*first, *others[:MOST_REMINDED])))

    def _first(self) -> tuple[str, ...]:
        run, clock = self._run, self._deadline.clock
        if clock == timing.UPDATE:
            return self._for_an_update()
        if timing.lasting(clock):
            return self._debtor()
        if clock == timing.FIRST_REVIEW:
            return self._reviewers()
        if (row := run.step(timing.row_of(clock))) is not None:
            return self._whose_row(row)
        if clock == timing.REPORT and self._deadline.threshold > timing.DUE:
            return self._in_turn()
        return self._owner(self._answering())

    def _owner(self, roles: tuple[Role, ...]) -> tuple[str, ...]:
        """Whoever owns the run, unless they may not steer it, as a reporter may not; then the first who may."""
        able = self._holding(*roles)
        if self._run.owner and (self._run.owner in able or not able):
            return (self._run.owner,)
        return able[:1]

    def _answering(self) -> tuple[Role, ...]:
        """Who answers for the procedure."""
        incident = self._run.prefix == replies.phrases.INCIDENT
        return self._run.policy.escalation if incident else self._run.leaders

    def _managers(self) -> tuple[Role, ...]:
        return (Role.SECURITY_LEAD, Role.RELEASE_MANAGER) if self._run.private else (Role.RELEASE_MANAGER,)

    def _for_an_update(self) -> tuple[str, ...]:
        """The commander; with every update that did not come, somebody beside them, in turn."""
        line = self._holding(*self._run.policy.escalation)
        commander = (self._run.owner,) if self._run.owner else ()
        others = [who for who in line if who not in commander]
        if self._deadline.threshold < timing.DUE or not others:
            return commander or line[:1]
        return (*commander, others[timing.missed_updates(self._run) % len(others)])

    def _debtor(self) -> tuple[str, ...]:
        run = self._run
        debt = next(debt for debt in run.obligations if f"{timing.OWED}{debt.id}" == self._deadline.clock)
        return (debt.whose,) if debt.whose else self._owner((debt.role,))

    def _in_turn(self) -> tuple[str, ...]:
        """For what its first owner left unanswered: those who may also steer the run, then the owner's peers, round."""
        state = self._run.clocks[self._deadline.clock]
        turn = max(0, (self._deadline.due_at - state.due_at) // ((state.due_at - state.started_at) / 2) - 1)
        owner, *others = self._run.leaders
        able = tuple(dict.fromkeys((*self._holding(*others), *self._holding(owner))))
        return (able[turn % len(able)],) if able else ()

    def _reviewers(self) -> tuple[str, ...]:
        """Reviewers hear first, all of them; once it is overdue, maintainers too. Never the author."""
        author = self._people.author(str(self._run.facts.get("login", "")))
        able = [who for who in self._holding(Role.REVIEWER, Role.MAINTAINER) if who != author]
        reviewers = [who for who in able if self._people.has(who, (Role.REVIEWER,))]
        if self._deadline.threshold <= timing.DUE:
            return tuple((reviewers or able[:1])[:MOST_REMINDED])
        maintainers = [who for who in able if self._people.has(who, (Role.MAINTAINER,))]
        return tuple((maintainers or reviewers)[:MOST_REMINDED])

    def _whose_row(self, row: Step) -> tuple[str, ...]:
        """Whoever may do it: the run's owner if they are one of those, else all of them; never one who said yes."""
        run = self._run
        roles = {role for piece in row.waits for role in _signing(piece)}
        asked = next((request for request in run.requests if request.step == row.id and request.live), None)
        spent = {*asked.people, *asked.excluded} if asked else set()
        able = [who for who in self._holding(*roles) if who not in spent]
        if run.owner in able:
            return (run.owner,)
        return tuple(able[:MOST_REMINDED]) or self._owner(self._answering())

    def _holding(self, *roles: Role) -> tuple[str, ...]:
        return tuple(person.handle for person in self._people.holding(*roles))


def _signing(piece: Piece) -> tuple[Role, ...]:
    """The roles of which one may answer."""
    if isinstance(piece, Approved):
        return (piece.by, piece.also) if piece.also else (piece.by,)
    return (piece.by,) if isinstance(piece, SignedOff) else ()
