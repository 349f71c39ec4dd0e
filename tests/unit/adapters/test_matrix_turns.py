"""Whose page is read next: rooms of incidents first, and nobody never."""

import asyncio

from adapters.matrix.backlog import Turns


async def test_rooms_of_incidents_come_first_and_no_room_waits_for_ever() -> None:
    turns, order = Turns(1), []

    async def read(room: str, *, first: bool, pages: int) -> None:
        for _ in range(pages):
            async with turns.turn(room, first=first):
                order.append(room)
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as rooms:
        rooms.create_task(read("talk", first=False, pages=8))
        rooms.create_task(read("ops", first=True, pages=20))
        rooms.create_task(read("releases", first=False, pages=8))
    early = order[:18]
    assert early.count("ops") >= 10
    assert {"talk", "releases"} <= set(early)
    assert len(order) == 36


async def test_one_that_is_given_up_takes_no_turn_with_it() -> None:
    turns = Turns(1)
    held = turns.turn("a", first=False)
    await held.__aenter__()
    waiting = [asyncio.create_task(_once(turns, name)) for name in ("b", "c")]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await held.__aexit__(None, None, None)
    await waiting[1]
    await _once(turns, "d")


async def _once(turns: Turns, who: str) -> None:
    async with turns.turn(who, first=False):
        pass
