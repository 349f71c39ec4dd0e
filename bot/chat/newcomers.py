"""First-time contributors: where the settings say so, their pull request begins an onboarding by itself (SOP-07)."""

import uuid
from datetime import datetime
from functools import partial

from bot.chat.handlers.base import Speaker
from bot.chat.openings.onboarding import newcomer
from bot.engine.desk import Desk
from bot.engine.far_end import Worlds
from sops.kit.conversation import Actor, Place
from sops.kit.people import People
from sops.kit.policy import Policy
from sops.kit.run import RunState, pinned
from sops.kit.stores import Store, Transaction
from sops.kit.tailored import tailored
from sops.kit.world import PullRequest
from sops.onboarding import ONBOARDING

FIRST_TIME = frozenset({"FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER"})
BOT = Speaker(Actor(platform="sopwith", id="sopwith"), None)


class Newcomers:
    """Looks for pull requests of people who were never here. `place` is where maintainers read."""

    def __init__(self, store: Store, worlds: Worlds, people: People, policy: Policy, place: Place) -> None:
        self._store = store
        self._worlds = worlds
        self._people = people
        self._policy = policy
        self._place = place

    async def look(self) -> None:
        """Begin an onboarding for each newcomer nobody was begun for. Raises FarEndError."""
        if not self._policy.onboard_first_timers:
            return
        world = self._worlds.now()
        for pull in await world.forge.open_pull_requests():
            if pull.association in FIRST_TIME and not pull.is_bot:
                await self._store.transact(partial(self._begin, pull, world.now))

    def _begin(self, pull: PullRequest, now: datetime, tx: Transaction) -> None:
        """In one transaction with the look whether anybody did so before, so nobody is met twice."""
        opening = newcomer(pull.author, pull)
        tx.claims.alone(f"begin/{ONBOARDING.prefix}")
        about = opening.facts["about"]
        if tx.runs.of_version(about) or tx.runs.unreadable(version=about):
            return
        run = pinned(
            tailored(opening.sop, self._policy),
            run_id=uuid.uuid4().hex,
            name=tx.runs.next_name(ONBOARDING.prefix),
            title=opening.title,
            starter="sopwith",
            place=self._place,
            at=now,
            policy=self._policy,
            owned=False,
            facts=opening.facts,
        ).but(state=RunState.ACTIVE)
        desk = Desk(tx, run, now, self._people, new=True)
        desk.note("planned", BOT.record, version="", title=run.title, procedure=run.sop_hash)
        desk.note("started", BOT.record)
        desk.finish()
        tx.runs.wake(run.id)
