"""Answers that only look, and looks that must come before a command is counted.

Nothing here changes a run, but that `todo` has its debts looked at first. The far end has some seconds to answer: what
is said meanwhile in the same thread waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from bot.chat import commands, replies
from bot.chat.handlers.common import signature
from bot.chat.privacy import seen, withheld
from bot.chat.reality import differences, there
from bot.chat.remains import remains
from bot.chat.replies import misread, refusals, security
from bot.engine import unread
from bot.engine.far_end import Worlds
from bot.engine.in_time import InTime
from bot.engine.plan import Planner, outline, specimen
from sops.kit.conversation import Place
from sops.kit.debts import missing
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.gate import Gate, Waiting
from sops.kit.late_blockers import TOLD
from sops.kit.message import Card
from sops.kit.model import Sop
from sops.kit.onboarding_actions import CHOOSING, chosen
from sops.kit.policy import Policy
from sops.kit.run import Run
from sops.kit.soak import open_blockers
from sops.kit.stores import Store, Transaction

#: What shows of a run what was said in it.
_TELLING = (commands.Status, commands.Plan, commands.Todo, commands.Timeline)


class Looking:
    """Reads for people."""

    def __init__(
        self,
        store: Store,
        worlds: Worlds,
        planner: Planner,
        sops: Sequence[Sop],
        policy: Policy,
        advance: Callable[[str], Awaitable[bool]],
        look_at_debts: Callable[[str], Awaitable[Run]],
        in_time: InTime,
    ) -> None:
        self._store = store
        self._worlds = worlds
        self._planner = planner
        self._sops = sops
        self._policy = policy
        self._advance = advance
        self._look_at_debts = look_at_debts
        self._in_time = in_time
        self._going_on: set[asyncio.Task[bool]] = set()

    async def at_run(self, run: Run, command: commands.Command, place: Place) -> Card | None:
        """The answer to a question about a run, asked at `place`; None if it is not one. Raises FarEndError."""
        return await self._in_time.of(self._answer(run, command, place))

    async def _answer(self, run: Run, command: commands.Command, place: Place) -> Card | None:
        if isinstance(command, _TELLING) and await self._withheld(run, place):
            return security.not_told_here(run)
        match command:
            case commands.Status():
                world = self._worlds.of(run)
                return replies.lists.status(run, world.now, await differences(run, world))
            case commands.Plan():
                return replies.starting.plan(run, (await self._planner.plan(run)).lines)
            case commands.Todo():
                return replies.lists.todo(await self._look_at_debts(run.id) if run.owing else run)
            case commands.Timeline():
                return replies.lists.timeline(run, await self._worlds.now().history(run.id))
            case commands.Help():
                return replies.lists.help_in(run)
            case _:
                return None

    async def _withheld(self, run: Run, place: Place) -> bool:
        """What was said in it is not for those who read there."""
        went_on = run.facts.get("restricted")
        if not went_on:
            return False
        others, dark = await self._store.read(lambda tx: _went_on_as(tx, went_on))
        return dark or withheld(run, others, place)

    async def around(self, command: commands.Command, place: Place) -> Card:
        """The answer to a question about procedures and runs in general, asked at `place`."""
        match command:
            case commands.Overview():
                going, dark = await self._store.read(lambda tx: (tx.runs.open(), unread.going(tx, place)))
                return replies.lists.overview(seen(going, place), self._sops, dark)
            case commands.ListSops():
                return replies.lists.sops(self._sops)
            case commands.ShowSop(id=wanted):
                shown = next((sop for sop in self._sops if sop.id == wanted), None)
                if shown is None:
                    return misread.unknown_sop(wanted)
                return replies.lists.sop(shown, outline(specimen(shown, self._policy)))
            case commands.ListRuns():
                return await self._store.read(lambda tx: _listed(tx, place))
            case _:
                return replies.lists.help_outside()

    async def before(self, run: Run, command: commands.Command) -> Card | None:
        """Look at the world where a command depends on it; a refusal, or None if the command may be tried."""
        if isinstance(command, commands.Approve):
            await self._look_again(run.id)
            return None
        return await self._in_time.of(self._refusal(run, command))

    async def _look_again(self, run_id: str) -> None:
        """Advance the run, so that a yes counts for what is so by now. What takes longer goes on without the speaker.

        It must not be broken off: it may be doing something. A yes for what is not so any more is found out later.
        """
        going = asyncio.ensure_future(self._advance(run_id))
        self._going_on.add(going)
        going.add_done_callback(self._gone)
        with suppress(FarEndError):
            await self._in_time.of(asyncio.shield(going))

    def _gone(self, going: "asyncio.Task[bool]") -> None:
        self._going_on.discard(going)
        if not going.cancelled():
            going.exception()  # seen; who pumps the runs meets it again, and tells it

    async def _refusal(self, run: Run, command: commands.Command) -> Card | None:
        match command:
            case commands.Adopt(step=name) | commands.Redo(step=name):
                return await self._so(run, name, wanted=isinstance(command, commands.Adopt))
            case commands.SignOff(step=name, evidence=text):
                return await self._owed(run, name) or await self._gates(run, name) or await self._named(run, name, text)
            case commands.Dismiss(number=number):
                counted = run.facts.get("soak.fixed", [])
                blocks = str(number) in run.facts.get("soak.blockers", {}) or number in counted
                blocks = blocks or number in run.facts.get(TOLD, [])
                if not blocks and number not in await open_blockers(run, self._worlds.now()):
                    return refusals.refused(refusals.not_a_blocker(number))
                return None
            case commands.Blocker(number=number):
                issue = await self._worlds.now().forge.issue(number)
                if issue is None or issue.state != "open":
                    return refusals.refused(refusals.no_open_issue(number))
                return None
            case _:
                return None

    async def informed(self, run: Run, command: commands.Command) -> commands.Command:
        """The command with what it must know of the world; a far end in trouble does not hold it up."""
        if not isinstance(command, commands.Cancel):
            return command
        with suppress(FarEndError, FarEndRefused):
            return replace(command, left=await self._in_time.of(remains(run, self._worlds.of(run))))
        return command

    async def _so(self, run: Run, name: str, *, wanted: bool) -> Card | None:
        """A refusal unless the step's effects are there, or gone, as the command says."""
        step = run.find(name)
        if step is None or await there(step, run, self._worlds.of(run)) is wanted:
            return None
        return refusals.refused(replies.reality.not_there(step) if wanted else replies.reality.still_there(step))

    async def _owed(self, run: Run, name: str) -> Card | None:
        """What can be seen is not met by a sentence: a refusal that names what is missing."""
        debt = next((debt for debt in run.obligations if debt.id == name and debt.open), None)
        lacking = await missing(debt, run, self._worlds.now()) if debt is not None else None
        return refusals.refused(replies.answers.debt_missing(debt, lacking)) if debt is not None and lacking else None

    async def _named(self, run: Run, name: str, text: str) -> Card | None:
        """Issues to begin with must be there: a refusal that names those that are not."""
        step = run.find(name)
        if step is None or step.id != CHOOSING or run.sop != "SOP-07":
            return None
        forge = self._worlds.now().forge
        found = {number: await forge.issue(number) for number in chosen(text)}
        gone = [number for number, issue in found.items() if issue is None or issue.state != "open"]
        return refusals.refused(*(refusals.no_open_issue(number) for number in gone)) if gone else None

    async def _gates(self, run: Run, name: str) -> Card | None:
        """A sign-off is refused while the bot can see that what it says is not so."""
        step = run.find(name)
        if step is None or signature(step) is None or step not in run.current():
            return None
        world = self._worlds.of(run)
        found = [await gate.check(run, world) for gate in step.waits if isinstance(gate, Gate)]
        notes = [look.note for look in found if isinstance(look, Waiting)]
        return refusals.gates_open(step, notes) if notes else None


def _listed(tx: Transaction, place: Place) -> Card:
    dark = unread.going(tx, place)
    return replies.lists.runs(seen(tx.runs.open(), place), seen(tx.runs.owing(), place), dark)


def _went_on_as(tx: Transaction, went_on: str | Literal[True]) -> tuple[Sequence[Run], bool]:
    """The run it went on as, or all that it may be; and whether that cannot be read, so that nobody knows."""
    if went_on is True:
        return tx.runs.all(), bool(tx.runs.unreadable())
    found = tx.runs.find(went_on)
    return ([found], False) if isinstance(found, Run) else ([], True)
