"""A bot that lives in Matrix, in a process of its own, to be killed: `python -m tests.chaos.matrix_process DESCRIPTOR`.

Born and brought to rest as in `tests.chaos.slack_process`.
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
from bot.wiring.matrix import matrix
from tests.chaos.bot_process import bear
from tests.chaos.slack_process import come_to_rest
from tests.chaos.wire import Wire


async def serve(end: socket.socket) -> None:
    """Serve until killed, or until told to come to rest; then what was said so far is still heard."""
    logging.disable()  # that the homeserver goes away is the point
    wire = Wire(end)
    born = wire.receive()
    end.settimeout(None)
    settings, clock = Settings(**born["settings"]), VirtualClock(datetime.now(UTC), flowing=True)
    assert settings.matrix is not None
    account = await matrix(settings.matrix, settings.people, settings.policy.zone, clock.now)
    ports = await sandbox_ports(settings, Path(born["home"]), clock, {account.chat.platform: account.chat})
    engine = assemble(settings, clock, ports)
    await engine.recover()
    serving = asyncio.create_task(engine.serve(SchedulerAlarm(clock)))
    await account.let_in(engine)
    hearing = asyncio.create_task(account.run())
    wire.send({"answer": os.getpid()})
    with suppress(EOFError):
        await asyncio.to_thread(wire.receive)
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await account.hear()
        await come_to_rest(wire, ports.store, clock)
    for task in (hearing, serving):
        task.cancel()
    await asyncio.gather(hearing, serving, return_exceptions=True)
    await account.close()
    await ports.close()


if __name__ == "__main__":
    bear(serve)
