"""Encrypted rooms (`sopwith[e2e]`): a real homeserver, nio's own client as people's, and nothing in clear."""

import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from nio.store import SqliteStore
from pydantic import SecretStr

from adapters.matrix import Homeserver, Json, MatrixChat, Rooms
from adapters.matrix.crypto import Crypto
from adapters.matrix.render import LONGEST
from bot.demo.play import Player
from bot.demo.stage import Stage
from bot.settings import Settings
from bot.wiring.matrix import encrypt_keys, examined
from sops.kit.conversation import Place
from sops.kit.errors import ConfigurationError
from sops.kit.message import Card, line
from tests.conversation.matrix_room import PASSPHRASE, BotInMatrix, MatrixRoom, matrix_stage, settings_in
from tests.conversation.sealed_room import SealedRoom
from tests.standins.between import Between
from tests.standins.synapse import Synapse

DECLARE = "@guest #ops: /incident declare P1 payments return 500\n"


@dataclass
class Here:
    """A bot in encrypted rooms."""

    player: Player
    room: SealedRoom
    stage: Stage

    async def play(self, script: str) -> None:
        await self.player.play(script)

    @property
    def chat(self) -> MatrixChat:
        bot = self.stage.bot
        assert isinstance(bot, BotInMatrix)
        return bot.account.chat

    def at_the_homeserver(self, room: str) -> list[Json]:
        """What it stores of what was said there."""
        events, _ = self.room.owner.messages(self.room.rooms[room])
        return [event for event in events if event["type"] in {"m.room.message", "m.room.encrypted"}]


@pytest.fixture
async def between(homeserver: Synapse) -> AsyncIterator[Between]:
    async with Between(homeserver.url).open() as road:
        yield road


@pytest.fixture
async def here(homeserver: Synapse, between: Between, tmp_path: Path) -> AsyncIterator[Here]:
    opened = matrix_stage(tmp_path, homeserver, None, lambda _: None, url=between.url, rooms=SealedRoom)
    async with opened as (player, room, stage):
        assert isinstance(room, SealedRoom)
        try:
            yield Here(player, room, stage)
        finally:
            room.programs.close()


async def test_an_incident_is_run_in_an_encrypted_room_and_nothing_of_it_is_in_clear(here: Here) -> None:
    await here.play(f"{DECLARE}@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")
    assert here.room.count("oncall1 has it") >= 1
    stored = here.at_the_homeserver("ops")
    assert len(stored) > 3
    assert {event["type"] for event in stored} == {"m.room.encrypted"}
    assert "payments" not in str(stored)


async def test_a_bot_that_died_is_the_same_device_and_an_approval_by_reply_counts(here: Here) -> None:
    await here.play("@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start\n%wait REL-1 merge\n%crash")
    asked = here.room.find("REL-1 needs 1 yes")
    releases = here.room.rooms["releases"]
    here.room.program("rev1", releases).reply(releases, asked.ref, f"approve {_code(asked.text)}")
    await here.play("%clock +1m\n%wait REL-1 soak\n%state REL-1 merge done")
    assert here.room.count("Approved by rev1. Going ahead") == 1


async def test_the_summary_is_edited_and_files_are_sealed_too(here: Here) -> None:
    await here.play("@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start\n%wait REL-1 merge")
    assert here.room.count("REL-1 · candidate 1.4.0-rc1 · WAITING FOR 1 YES") == 1
    assert any("Call for testing" in line for line in here.room.find("[REL-1-").lines)
    files = [event for event in here.at_the_homeserver("releases") if "mxc://" in str(event)]
    assert files == []  # where they are, and their keys, are sealed with the message


async def test_what_was_typed_while_the_bot_was_down_is_read_when_it_starts(here: Here) -> None:
    await here.play(DECLARE)
    ops = here.room.rooms["ops"]
    thread = here.room.thread("INC-1")
    assert thread is not None
    await here.stage.bot.kill()
    here.room.program("oncall1", ops).say(ops, "ack", thread[1])
    await here.stage.open()
    await here.play("%state INC-1 acknowledge done")


async def test_what_comes_in_clear_into_an_encrypted_room_does_nothing_and_its_sender_hears_so_once(here: Here) -> None:
    await here.play(DECLARE)
    ops, found = here.room.rooms["ops"], here.room.thread("INC-1")
    assert found is not None
    in_clear = MatrixRoom.say
    for said in ("ack", "on it", "!severity P3 it is nothing"):
        in_clear(here.room, "oncall2", ops, said, found[1])
    in_clear(here.room, "oncall2", ops, "!incident declare P0 another", None)
    in_clear(here.room, "guest", ops, "see you at lunch", None)
    await here.play("%clock +1m\n%state INC-1 acknowledge waiting")
    assert here.room.thread("INC-2") is None
    assert here.room.count("that came in clear: nobody can know who wrote it") == 2  # in the thread, and beside it
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


@pytest.mark.parametrize("meanwhile", ["", "%crash"])
async def test_a_key_that_comes_later_than_what_it_opens_still_opens_it_once(here: Here, meanwhile: str) -> None:
    await here.play(DECLARE)
    ops = here.room.rooms["ops"]
    program = here.room.program("guest", ops)
    _, key = program.withheld(ops, "!incident declare P2 the second one")
    await here.stage.settle()
    await here.play(f"{meanwhile}\n%clock +1m")
    assert here.room.thread("INC-2") is None
    program.tell_key(key)
    await here.play("%clock +1m\n%crash\n%clock +1m")
    assert here.room.thread("INC-2") is not None
    assert here.room.thread("INC-3") is None


async def test_while_nobody_can_say_whose_a_device_is_what_it_says_waits(here: Here, between: Between) -> None:
    await here.play(DECLARE)
    between.fail(502, "<html>Bad gateway</html>", only="/keys/")
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge waiting")
    between.mend()
    await here.play("%clock +5m\n%state INC-1 acknowledge done")
    assert here.room.count("oncall1 has it and is the commander") == 1


async def test_who_comes_reads_on_and_who_left_does_not(here: Here) -> None:
    await here.play(DECLARE)
    ops = here.room.rooms["ops"]
    await here.play("@guest in INC-1: the shop is down\n@oncall1 in INC-1: ack")
    here.room.owner.ask("POST", f"rooms/{ops}/kick", {"user_id": here.room.who("guest", ops).user})
    await here.play("@oncall2 in INC-1: !note the replica is healthy\n@oncall1 in INC-1: status")
    newest = here.at_the_homeserver("ops")[-1]
    assert newest["sender"] == here.room.bot.user
    readers = {name: here.room.programs.of(here.room.server.person(name)) for name in ("guest", "oncall2")}
    for program in readers.values():
        program.catch_up()
    assert readers["oncall2"].read(newest, ops)["type"] == "m.room.message"
    assert readers["guest"].read(newest, ops)["type"] == "m.room.encrypted"


async def test_what_was_sealed_by_somebody_elses_device_counts_for_nobody(here: Here) -> None:
    await here.play(f"{DECLARE}@guest in INC-1: the shop is down")
    ops, guest = here.room.rooms["ops"], here.room.server.person("guest")
    sealed = next(event for event in reversed(here.at_the_homeserver("ops")) if event["sender"] == guest.user)
    await here.stage.close()
    assert here.room.store is not None
    async with _keys(here.room) as keys:
        assert (here.room.store / "fingerprint").read_text().strip() == keys.fingerprint
        assert [event["type"] for event in await keys.read(ops, [sealed])] == ["m.room.message"]
        forged = {**sealed, "sender": here.room.server.person("oncall1").user}
        assert await keys.read(ops, [forged]) == []


async def test_the_longest_message_can_be_sealed_and_edited(here: Here) -> None:
    await here.play(DECLARE)
    place, chat = Place(platform="matrix", channel=here.room.rooms["ops"]), here.chat
    line_of = "日本語 <ok> " * 20
    card = Card(lines=tuple(line(line_of) for _ in range(LONGEST // len(f"{line_of}\n".encode()))))
    ref = await chat.post("longest", place, card)
    await chat.edit("longest", place, ref, card)
    assert here.room.count(line_of.strip()) == 1


async def test_a_security_run_lives_in_an_encrypted_room(here: Here) -> None:
    await here.play('@guest #ops: /security report the parser overflows\n%expect "Thank you"\n%state SEC-1 run active')
    assert "parser" not in str(here.at_the_homeserver("security"))


async def test_keys_that_were_lost_are_missed_at_the_start(here: Here) -> None:
    await here.play(DECLARE)
    await here.stage.close()
    assert here.room.store is not None
    here.room.store.rename(here.room.store.with_name("elsewhere"))
    with pytest.raises(ConfigurationError, match="the homeserver knows other keys for the device"):
        await here.stage.open()
    shutil.rmtree(here.room.store)
    here.room.store.with_name("elsewhere").rename(here.room.store)
    await here.stage.open()
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


async def test_keys_under_another_passphrase_cannot_be_read(here: Here) -> None:
    await here.play(DECLARE)
    await here.stage.close()
    with pytest.raises(ConfigurationError, match="SOPWITH_MATRIX__STORE_KEY"):
        async with _keys(here.room, "another"):
            pass


async def test_keys_that_an_earlier_build_kept_in_clear_are_encrypted_and_stay_those_of_the_device(here: Here) -> None:
    await here.play(DECLARE)
    await here.stage.close()
    folder, user = here.room.store, here.room.bot.user
    assert folder is not None
    _in_clear(folder, user, here.room.bot.device)
    wanted = settings_in(here.room, Settings()).matrix
    assert wanted is not None
    without = wanted.model_copy(update={"store_key": SecretStr("")})
    assert "sopwith matrix keys encrypt" in "".join(await examined(without))
    with pytest.raises(ConfigurationError, match="SOPWITH_MATRIX__STORE_KEY"):
        encrypt_keys(without)
    assert encrypt_keys(wanted) == 1
    with pytest.raises(ConfigurationError, match="have a passphrase already"):
        encrypt_keys(wanted)
    with pytest.raises(ConfigurationError, match="SOPWITH_MATRIX__STORE_KEY"):
        async with _keys(here.room, ""):
            pass
    await here.stage.open()
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


def _in_clear(folder: Path, user: str, device: str) -> None:
    """As a build kept them that wanted no passphrase."""
    store = SqliteStore(user, device, str(folder), pickle_key=PASSPHRASE)
    account, sessions, groups = store.load_account(), store.load_sessions(), store.load_inbound_group_sessions()
    store.pickle_key = ""
    store.save_account(account)
    for sender, known in sessions.items():
        for session in known:
            store.save_session(sender, session)
    for session in groups:
        store.save_inbound_group_session(session)
    store.database.close()


async def test_without_what_encrypts_the_setting_is_refused(
    homeserver: Synapse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = MatrixRoom(homeserver, tmp_path)
    room.store = tmp_path / "keys"
    monkeypatch.setitem(sys.modules, "adapters.matrix.crypto", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'sopwith\[e2e\]'"):
        async with matrix_stage(tmp_path, homeserver, None, lambda _: None, rooms=lambda *_: room):
            pass
    settings = settings_in(room, Settings()).matrix
    assert settings is not None
    assert "pip install 'sopwith[e2e]'" in "".join(await examined(settings))


@asynccontextmanager
async def _keys(room: SealedRoom, passphrase: str = PASSPHRASE) -> AsyncIterator[Crypto]:
    """The bot's keys, without the bot."""
    assert room.store is not None
    homeserver = Homeserver(room.server.url, room.bot.user, room.bot.token)
    keys = Crypto(homeserver, Rooms(homeserver), room.bot.device, room.store, passphrase)
    try:
        await keys.open()
        yield keys
    finally:
        await homeserver.close()


def _code(asked: str) -> str:
    found = re.search(r"approve ([0-9a-f]{4})", asked)
    assert found is not None
    return found[1]
