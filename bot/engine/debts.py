"""What is owed and can be seen: looked at whenever somebody needs to know, and met by what is found."""

from contextlib import suppress

from bot.chat import replies
from bot.engine.caught import caught
from bot.engine.desk import Desk, Desks
from bot.engine.far_end import Worlds
from bot.engine.in_time import InTime
from sops.kit import debts, timing
from sops.kit.errors import FarEndError
from sops.kit.run import Obligation, Run
from sops.kit.stores import Transaction


def meet(desk: Desk, debt: Obligation, by: str, evidence: str, record: str = "sopwith") -> None:
    """The debt is met; it reminds nobody any more."""
    met = debt.model_copy(update={"met_by": by, "evidence": evidence})
    desk.run = desk.run.but(obligations=tuple(met if d.id == debt.id else d for d in desk.run.obligations))
    desk.run = timing.stopped(desk.run, f"{timing.OWED}{debt.id}", desk.now)
    desk.note("obligation-met", record, id=debt.id, evidence=evidence)
    desk.say(replies.answers.obligation_met(met))


class Debts:
    """Looks at the world for what runs owe."""

    def __init__(self, desks: Desks, worlds: Worlds, in_time: InTime) -> None:
        self._desks = desks
        self._worlds = worlds
        self._in_time = in_time

    async def look(self, run_id: str) -> Run:
        """The run, with what can be seen of its debts met. A far end in trouble meets nothing."""
        run = await self._desks.run(run_id)
        for debt in run.obligations:
            found = await debts.paid(debt, run, self._worlds.now()) if debt.open and debt.probe else None
            if found is not None:
                await self._seen(run_id, debt.id, found.note or replies.answers.SEEN)
        return await self._desks.run(run_id)

    async def look_around(self) -> None:
        """The same for every run that owes something; one that cannot be looked at holds up no other."""
        for run in await self._desks.store.read(lambda tx: tx.runs.owing()):
            await caught(self.look(run.id), debts=run.id)

    async def look_before_reminding(self) -> None:
        """The same for the runs whose debts are about to be reminded of, as far as the far end answers in time."""
        with suppress(FarEndError):
            await self._in_time.of(self._look_at_due())

    async def _look_at_due(self) -> None:
        now = self._desks.clock.now()

        def due(tx: Transaction) -> list[str]:
            return [
                run.id
                for run in tx.runs.owing()
                if any(timing.lasting(each.clock) and each.due_at <= now for each in tx.deadlines.pending(run.id))
            ]

        for run_id in await self._desks.store.read(due):
            await caught(self.look(run_id), debts=run_id)

    async def _seen(self, run_id: str, debt_id: str, evidence: str) -> None:
        def seen(desk: Desk) -> None:
            found = next((debt for debt in desk.run.obligations if debt.id == debt_id and debt.open), None)
            if found is not None:
                meet(desk, found, replies.answers.SEEN, evidence)

        await self._desks.at(run_id, seen)
