"""A night in which nobody answers a P0 and a P1, the bot being down in the middle of it: who is called, and when.

`pytest -s` prints it.
"""

from sops.kit.calendar import BusinessCalendar
from tests.conversation.conftest import Conversation

ALL = "oncall1 oncall2 rm rm2"
EVERYBODY = f"{ALL} rev1 rev2 rev3 seclead maint"
NIGHT = f"""
INC-1 22:00 oncall1
INC-1 22:02 oncall1
INC-1 22:05 oncall1 oncall2
INC-2 22:05 oncall1
INC-1 22:10 {ALL}
INC-1 22:15 {EVERYBODY}
INC-1 22:20 {EVERYBODY}
INC-2 22:20 oncall1
INC-1 22:25 {EVERYBODY}
INC-1 22:30 {EVERYBODY}
INC-1 22:35 {EVERYBODY}
INC-2 22:35 oncall2
INC-1 22:40 {EVERYBODY}
INC-1 22:45 {EVERYBODY}
INC-1 22:50 {EVERYBODY}
INC-1 22:55 {EVERYBODY}
INC-1 23:00 {EVERYBODY}
INC-2 23:05 rm rm2
INC-1 23:15 {EVERYBODY}
INC-1 23:30 {EVERYBODY}
INC-2 23:35 {ALL}
INC-1 23:45 {EVERYBODY}
INC-1 00:00 {EVERYBODY}
down from 00:05 to 03:05
INC-1 03:05 {EVERYBODY}
INC-2 03:05 {ALL}
INC-1 03:30 {EVERYBODY}
INC-2 03:35 {ALL}
INC-1 04:00 {EVERYBODY}
INC-1 04:30 {EVERYBODY}
INC-2 04:35 {ALL}
INC-1 05:00 {EVERYBODY}
INC-1 05:30 {EVERYBODY}
INC-2 05:35 {ALL}
INC-1 06:00 {EVERYBODY}
"""


async def test_a_night_nobody_answers(chat: Conversation) -> None:
    chat.stage.clock.move_to(chat.stage.clock.now().replace(hour=20, minute=0, second=0))  # 22:00 there
    await chat.play("@guest #ops: /incident declare P0 all nodes are down\n%clock +5m")
    await chat.play("@guest #ops: /incident declare P1 payments fail\n%clock +2h\n%down 3h\n%clock +175m")
    night = await called(chat)
    print(NIGHT)
    assert night == [each for each in NIGHT.strip().splitlines() if not each.startswith("down")]
    assert "While Sopwith was not running, these came due:" in chat.text
    await chat.play("@rm2 in INC-1: ack\n@oncall2 in INC-2: ack\n%clock +20m\n%reject nobody has acknowledged")


async def called(chat: Conversation) -> list[str]:
    """Who was called when, by the record, in the order of time."""
    found = []
    for name in ("INC-1", "INC-2"):
        run = await chat.run(name)
        entries = await chat.stage.bot.store.read(lambda tx, run=run: tx.ledger.entries(run.id))  # type: ignore[attr-defined]
        found += [(entry.at, name, entry.payload["to"]) for entry in entries if entry.kind in {"paged", "reminder"}]
    local = (await chat.run("INC-1")).policy
    zone = BusinessCalendar(local.country, local.region, local.zone)
    return [f"{name} {zone.local(at):%H:%M} {to}" for at, name, to in sorted(found)]
