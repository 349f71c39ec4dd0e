"""Ports that die with their bot: every call of the store, the far end or a chat is a crash point or two.

A call that only looks has one point, `during`: before and after it the world is the same. One that changes the far
end or the room has two, `before` and `after` (it happened, and the bot never heard). A transaction that changes
something has `inside` (the work was done, and is rolled back, as if it never began) and `after`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

from bot.demo.stage import Died
from bot.settings import Settings
from bot.wiring import BotHere, Ports
from sops.kit.action import Private
from sops.kit.conversation import Event
from sops.kit.ports import Chat, Clock, Forge, GitRepository, ImageRegistry, PackageIndex
from sops.kit.run import Run
from sops.kit.stores import Store, Transaction
from tests.chaos.fate import Fate, Life, Write

T = TypeVar("T")

WRITES = frozenset(
    {
        *("forge.open_pull_request", "forge.merge", "forge.open_issue", "forge.close_issue", "forge.reopen_issue"),
        *("forge.comment", "forge.open_discussion", "forge.edit_discussion"),
        *(
            "forge.add_labels",
            "forge.edit_pull_request",
            "forge.close_pull_request",
            "forge.request_reviewers",
            "forge.close_milestone",
        ),
        *("forge.open_advisory", "forge.accept_advisory", "forge.score_advisory", "forge.publish_advisory"),
        *("forge.open_private_fork", "forge.request_cve"),
        *("forge.create_release", "forge.edit_release", "forge.mark_latest", "forge.remove_label", "forge.dispatch"),
        *("git.create_branch", "git.delete_branch", "git.commit", "git.push_signed_tag"),
        *("git.push_branch", "git.merge", "git.record", "git.revert", "git.cherry_pick"),
        *("registry.put", "registry.delete", "chat.post", "chat.edit", "chat.whisper", "chat.remove"),
    }
)

#: What changes the memory, and what does so only if it found something.
CHANGES = frozenset(
    {
        *("runs.next_name", "runs.add", "runs.save", "runs.wake", "runs.wake_open", "runs.asleep"),
        *("claims.take", "claims.renew", "claims.release", "claims.forget_all"),
        *("inbox.accept", "inbox.done", "inbox.failed", "inbox.park", "inbox.forget", "inbox.refile", "inbox.drop"),
        *("outbox.put", "outbox.delivered", "outbox.retry", "outbox.dead", "outbox.withdraw"),
        *("deadlines.put", "deadlines.look", "deadlines.cancel", "deadlines.postpone"),
        *("ledger.append", "ledger.become", "ledger.seal", "ledger.sign"),
    }
)
MAY_CHANGE = frozenset({"deadlines.take_due", "deadlines.pass_over", "inbox.take", "outbox.take"})


def mortal(ports: Ports, life: Life) -> Ports:
    """The same ports, for the bot that lives this life."""

    def private(repository: str) -> Private | None:
        home = ports.far.private(repository)
        if home is None:
            return None
        return replace(
            home,
            forge=cast("Forge", MortalPort("forge", home.forge, life)),
            git=cast("GitRepository", MortalPort("git", home.git, life)),
        )

    far = replace(
        ports.far,
        forge=cast("Forge", MortalPort("forge", ports.far.forge, life)),
        git=cast("GitRepository", MortalPort("git", ports.far.git, life)),
        registry=cast("ImageRegistry", MortalPort("registry", ports.far.registry, life)),
        packages=cast("PackageIndex", MortalPort("packages", ports.far.packages, life)),
        private=private,
    )
    chats = {name: cast("Chat", MortalPort("chat", chat, life)) for name, chat in ports.chats.items()}
    return replace(ports, store=cast("Store", MortalStore(ports.store, life)), far=far, chats=chats)


class MortalStore:
    """A store whose caller may die."""

    def __init__(self, store: Store, life: Life) -> None:
        self._store = store
        self._life = life

    async def transact(self, work: Callable[[Transaction], T], *, urgent: bool = False) -> T:
        place = self._life.place("store.transact")
        self._life.check()
        writes: list[Write] = []

        def mortal_work(tx: Transaction) -> T:
            watched = WatchedTransaction(tx)
            result = work(cast("Transaction", watched))
            if watched.changed:
                writes.append(self._life.write(place))
                writes[0].at("inside")
            return result

        result = await self._store.transact(mortal_work, urgent=urgent)
        if writes:
            writes[0].at("after")
        else:
            self._life.look(place)
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        self._life.look(self._life.place("store.read"))
        return await self._store.read(work)

    async def close(self) -> None:
        await self._store.close()


class WatchedTransaction:
    """A transaction that remembers whether anything in it changed something."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.changed = False

    def __getattr__(self, concern: str) -> Any:
        return _Watched(self, getattr(self._tx, concern), concern)


class _Watched:
    """One concern of a watched transaction."""

    def __init__(self, watch: WatchedTransaction, concern: object, name: str) -> None:
        self._watch = watch
        self._concern = concern
        self._name = name

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._concern, method)
        full = f"{self._name}.{method}"

        def watched(*arguments: Any, **named: Any) -> Any:
            result = found(*arguments, **named)
            if full in CHANGES or (full in MAY_CHANGE and result):
                self._watch.changed = True
            return result

        return watched


class MortalPort:
    """Any other port: what is a coroutine there is mortal here."""

    def __init__(self, name: str, port: object, life: Life) -> None:
        self._name = name
        self._port = port
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        full = f"{self._name}.{name}"

        @wraps(found)
        async def mortal_call(*arguments: Any, **named: Any) -> Any:
            place = self._life.place(full)
            self._life.check()
            if full not in WRITES:
                self._life.look(place)
                return await found(*arguments, **named)
            write = self._life.write(place)
            write.at("before")
            result = await found(*arguments, **named)
            write.at("after")
            return result

        return mortal_call


class MortalBot:
    """A bot that lives one life. What the stage only looks at does not kill it."""

    def __init__(self, bot: BotHere, fate: Fate, life: Life) -> None:
        self._bot = bot
        self._fate = fate
        self._life = life

    async def accept(self, event: Event) -> None:
        self._fate.hear(event)
        await self._bot.accept(event)

    async def drain(self) -> None:
        await self._bot.drain()

    async def next_due(self) -> datetime | None:
        self._life.spared(True)
        try:
            return await self._bot.next_due()
        finally:
            self._life.spared(False)

    async def run(self, name: str) -> Run | None:
        self._life.spared(True)
        try:
            return await self._bot.run(name)
        finally:
            self._life.spared(False)

    async def kill(self) -> None:
        await self._bot.kill()


async def mortal_bot(settings: Settings, clock: Clock, ports: Ports, fate: Fate) -> MortalBot:
    """A new bot on the old data. Raises Died if it dies before it is up."""
    life = Life(fate)
    bot = BotHere(settings, clock, mortal(ports, life))
    try:
        await bot.recover()
    except Died:
        await bot.kill()
        raise
    return MortalBot(bot, fate, life)
