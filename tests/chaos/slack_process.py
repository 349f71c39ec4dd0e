"""A bot that lives in Slack, in a process of its own, to be killed: `python -m tests.chaos.slack_process DESCRIPTOR`.

Born as in `tests.chaos.bot_process`, but it serves by itself, by the wall's clock, and hears from Slack alone. The
stage says a second word only to let it come to rest.
"""

import asyncio
import logging
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from adapters.alarm import SchedulerAlarm
from adapters.sandbox.clock import VirtualClock
from bot.settings import Settings
from bot.wiring import assemble, sandbox_ports
from bot.wiring.slack import slack
from sops.kit.ports import Clock
from sops.kit.stores import Store, Transaction
from tests.chaos.bot_process import bear
from tests.chaos.wire import Wire


async def serve(end: socket.socket) -> None:
    """Serve until killed, or until told to come to rest."""
    logging.disable()  # that connections break is the point
    wire = Wire(end)
    born = wire.receive()
    end.settimeout(None)
    settings, clock = Settings(**born["settings"]), VirtualClock(datetime.now(UTC), flowing=True)
    assert settings.slack is not None
    workspace = await slack(settings.slack, settings.people, settings.policy.zone, clock.now)
    ports = await sandbox_ports(settings, Path(born["home"]), clock, {workspace.chat.platform: workspace.chat})
    engine = assemble(settings, clock, ports)
    await engine.recover()
    serving = asyncio.create_task(engine.serve(SchedulerAlarm(clock)))
    await workspace.let_in(engine)
    wire.send({"answer": os.getpid()})
    with suppress(EOFError):
        await asyncio.to_thread(wire.receive)
        await come_to_rest(wire, ports.store, clock)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await workspace.close()
    await ports.close()


async def come_to_rest(wire: Wire, store: Store, clock: Clock) -> None:
    """Say so once nothing is left to do; until then, that it goes on."""
    while await store.read(lambda tx: _left(tx, clock.now())):
        wire.send({"answer": "at work"})
        await asyncio.sleep(0.5)
    wire.send({"answer": "at rest"})


def _left(tx: Transaction, now: datetime) -> bool:
    """Whether there is anything to do yet, now or in a moment."""
    return bool(tx.inbox.waiting() or tx.runs.awake() or tx.outbox.deliverable(now) or tx.outbox.next_due(now))


if __name__ == "__main__":
    bear(serve)
