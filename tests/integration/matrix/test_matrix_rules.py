"""Matrix's own rules, met on a real homeserver: strangers, edits, reactions, replies, rooms, restarts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.demo.play import Player
from bot.demo.stage import Stage
from sops.kit.conversation import Place
from sops.kit.errors import ConfigurationError, FarEndRefused
from sops.kit.message import Card, line
from tests.conversation.matrix_room import BotInMatrix, MatrixRoom, Said, matrix_stage
from tests.standins.synapse import Client, Synapse

DECLARE = "@guest #ops: /incident declare P1 payments return 500\n"
CANDIDATE = """
@rm #releases: /release rc 1.4.0
@rm in REL-1: !start
%wait REL-1 merge
"""


@dataclass
class InMatrix:
    player: Player
    room: MatrixRoom
    stage: Stage

    @property
    def bot(self) -> BotInMatrix:
        assert isinstance(self.stage.bot, BotInMatrix)
        return self.stage.bot

    async def play(self, script: str) -> None:
        await self.player.play(script)

    def client(self, handle: str, room: str) -> Client:
        return self.room.who(handle, self.room.rooms[room])

    def root(self, run: str) -> str:
        found = self.room.thread(run)
        assert found is not None
        return found[1]

    def content(self, room: str, said: Said) -> dict[str, object]:
        found: dict[str, object] = self.room.owner.event(self.room.rooms[room], said.ref)["content"]
        return found


@pytest.fixture
async def here(homeserver: Synapse, tmp_path: Path) -> AsyncIterator[InMatrix]:
    async with matrix_stage(tmp_path, homeserver, None, lambda _: None) as (player, room, stage):
        yield InMatrix(player, room, stage)


async def test_a_strangers_command_gets_one_polite_refusal_with_the_line_to_add(here: InMatrix) -> None:
    eve = here.room.server.account("eve")
    eve.join(here.room.rooms["releases"])
    eve.say(here.room.rooms["releases"], "!release rc 1.4.0")
    await here.stage.settle()
    refusal = here.room.find("release manager")
    assert eve.user in refusal.text
    assert here.content("releases", refusal)["m.mentions"] == {}
    assert here.content("releases", refusal)["msgtype"] == "m.notice"
    assert await here.bot.run("REL-1") is None


async def test_a_name_that_looks_like_somebodys_has_no_authority(here: InMatrix) -> None:
    await here.play(DECLARE)
    eve = here.room.server.account("eve")
    eve.ask("PUT", f"profile/{eve.user}/displayname", {"displayname": "oncall1"})
    eve.join(here.room.rooms["ops"])
    eve.say(here.room.rooms["ops"], "ack", here.root("INC-1"))
    await here.play("%state INC-1 acknowledge waiting")


async def test_notices_are_bots_and_are_not_obeyed(here: InMatrix) -> None:
    await here.play(DECLARE)
    here.client("oncall1", "ops").say(here.room.rooms["ops"], "ack", here.root("INC-1"), msgtype="m.notice")
    await here.stage.settle()
    await here.play("%state INC-1 acknowledge waiting")


async def test_an_edit_is_no_new_command_and_is_told_so(here: InMatrix) -> None:
    await here.play(DECLARE)
    oncall, ops = here.client("oncall1", "ops"), here.room.rooms["ops"]
    talk = oncall.say(ops, "hm", here.root("INC-1"))
    await here.stage.settle()
    oncall.edit(ops, talk, "ack")
    await here.stage.settle()
    await here.play('%state INC-1 acknowledge waiting\n%expect "edit"')


async def test_somebody_elses_edit_of_a_message_is_nothing(here: InMatrix) -> None:
    await here.play(DECLARE)
    ops = here.room.rooms["ops"]
    talk = here.client("oncall1", "ops").say(ops, "hm", here.root("INC-1"))
    await here.stage.settle()
    before = here.room.count("")
    here.client("guest", "ops").edit(ops, talk, "ack")
    await here.stage.settle()
    assert here.room.count("") == before


async def test_what_was_edited_or_removed_after_it_acted_is_kept_in_the_record(here: InMatrix) -> None:
    await here.play(DECLARE)
    oncall, ops, root = here.client("oncall1", "ops"), here.room.rooms["ops"], here.root("INC-1")
    note = oncall.say(ops, "!note the disk is full", root)
    await here.stage.settle()
    oncall.edit(ops, note, "!note the disk is empty")
    await here.stage.settle()
    oncall.redact(ops, note)
    await here.stage.settle()
    run = await here.bot.run("INC-1")
    assert run is not None
    entries = await here.bot.here.store.read(lambda tx: tx.ledger.entries(run.id))
    told = [(e.kind, e.payload) for e in entries if e.kind in {"edit", "deletion"}]
    assert [kind for kind, _ in told] == ["edit", "deletion"]
    assert told[0][1] == {"was": "!note the disk is full", "text": "!note the disk is empty"}


async def test_a_reaction_is_a_yes_where_the_world_sees_nothing_of_it_and_its_removal_takes_it_back(
    here: InMatrix,
) -> None:
    await here.play(CANDIDATE)
    releases, rev1 = here.room.rooms["releases"], here.client("rev1", "releases")
    asked = here.room.find("needs 1 yes")
    rev1.react(releases, asked.ref, "✅")
    await here.stage.settle()
    assert "approve" in here.room.find("rev1: ").text  # public: told how to say it
    here.client("rev2", "releases").say(releases, "!approve", here.root("REL-1"))
    await here.stage.settle()
    await here.play('%expect "✓ Approved by rev2"')


async def test_a_reaction_taken_back_is_known_by_what_it_was_about(here: InMatrix) -> None:
    await here.play(DECLARE)
    ops, oncall = here.room.rooms["ops"], here.client("oncall1", "ops")
    reaction = oncall.react(ops, here.root("INC-1"), "✅️")
    await here.stage.settle()
    await here.play("%state INC-1 acknowledge done")
    oncall.redact(ops, reaction)
    await here.stage.settle()
    assert "You still have INC-1. If you have not: !not me" in here.room.find("oncall1: ").text
    events = [await here.bot.here.engine.intake.known(f"matrix/{ops}/{each['event_id']}") for each in _all(here, "ops")]
    kinds = [(event.kind, event.text, event.about) for event in events if event and "reaction" in event.kind]
    assert kinds == [("reaction", "✅", here.root("INC-1")), ("unreaction", "✅", here.root("INC-1"))]


def _all(here: InMatrix, room: str) -> list[dict[str, object]]:
    events, _ = here.room.owner.messages(here.room.rooms[room])
    return events


async def test_a_plain_reply_to_the_bot_stands_in_its_run(here: InMatrix) -> None:
    await here.play(DECLARE)
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": here.root("INC-1")}}}
    here.client("oncall1", "ops").say(here.room.rooms["ops"], "ack", None, **reply)
    await here.stage.settle()
    await here.play("%state INC-1 acknowledge done")


async def test_a_reply_to_nothing_makes_the_bot_deaf_nowhere(here: InMatrix) -> None:
    await here.play(DECLARE)
    for ref in ("$nothing", "$" + "x" * 20_000, "no id at all", 7, ["$x"]):
        for room in ("general", "ops"):
            reply = {"m.relates_to": {"m.in_reply_to": {"event_id": ref}}}
            here.client("guest", room).say(here.room.rooms[room], "sopwith?", None, **reply)
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")
    await here.stage.crash()
    await here.play('@oncall1 in INC-1: !note still here\n@guest #ops: /sop\n%expect "SOP-08"')


async def test_talk_in_reply_to_the_bot_does_not_act(here: InMatrix) -> None:
    await here.play(DECLARE)
    reply = {"m.relates_to": {"m.in_reply_to": {"event_id": here.root("INC-1")}}}
    mention = {"m.mentions": {"user_ids": [here.room.bot.user]}}
    here.client("oncall1", "ops").say(here.room.rooms["ops"], "cancel my lunch", None, **reply, **mention)
    await here.stage.settle()
    await here.play("%state INC-1 run active")
    assert not here.room.count("!cancel reason,")


async def test_whom_a_reminder_mentions_is_called(here: InMatrix) -> None:
    oncall = here.client("oncall1", "ops")
    await here.play(DECLARE)
    assert oncall.unread(here.room.rooms["ops"])["calling"] >= 1


async def test_the_root_is_edited_in_place_and_the_rest_is_in_its_thread(here: InMatrix) -> None:
    await here.play(DECLARE)
    await here.play("@oncall1 in INC-1: ack")
    here.room.fresh()
    root = next(said for said in here.room._messages.values() if said.ref == here.root("INC-1"))
    assert root.edited
    assert root.thread is None
    assert here.room.find("oncall1 has it").thread == root.ref


async def test_what_was_typed_while_the_bot_was_down_is_taken_in_once_and_in_order(here: InMatrix) -> None:
    await here.play(DECLARE)
    oncall, ops, root = here.client("oncall1", "ops"), here.room.rooms["ops"], here.root("INC-1")
    await here.stage.bot.kill()
    oncall.say(ops, "ack", root)
    for number in range(130):  # more than one sync tells
        oncall.say(ops, f"!note number {number:03}", root)
    await here.stage.crash()
    await here.stage.crash()
    await here.play("%state INC-1 acknowledge done")
    run = await here.bot.run("INC-1")
    assert run is not None
    entries = await here.bot.here.store.read(lambda tx: tx.ledger.entries(run.id))
    notes = [entry.payload["text"] for entry in entries if entry.kind == "note"]
    assert notes == [f"number {number:03}" for number in range(130)]


async def test_what_is_read_an_hour_late_tells_and_orders_nothing(here: InMatrix) -> None:
    await here.play(f"{DECLARE}{CANDIDATE}")
    then, said = here.stage.clock.now(), []
    for handle, room, words, run in (
        ("rev1", "releases", "approve", "REL-1"),
        ("rm", "releases", "!cancel we do not want it", "REL-1"),
        ("rm", "releases", "!skip merge no time", "REL-1"),
        ("rm", "releases", "!note the tests look odd", "REL-1"),
        ("oncall1", "ops", "ack", "INC-1"),
        ("oncall1", "ops", "!severity P3 cosmetic", "INC-1"),
        ("guest", "general", "!incident declare P2 the shop is closed", ""),
        ("guest", "general", "!help", ""),
    ):
        said.append(here.room.say(handle, here.room.rooms[room], words, here.root(run) if run else None))
        here.room._said_at[said[-1]] = then
    await here.stage.down(timedelta(hours=1))
    await here.play("%state REL-1 run active\n%state REL-1 merge waiting\n%state INC-1 acknowledge done")
    inc = await here.bot.run("INC-1")
    assert inc is not None
    assert inc.severity != "P3"
    for handle, words in (("rev1", "approve"), ("rm", "!cancel"), ("oncall1", "!severity P3"), ("guest", "!help")):
        assert f"Not done. You said {words}" in here.room.find(f"{handle}: Not done.").text
    assert here.room.count("say it again") == 4
    assert here.room.count("the shop is closed") >= 1
    rel = await here.bot.run("REL-1")
    assert rel is not None
    entries = await here.bot.here.store.read(lambda tx: tx.ledger.entries(rel.id))
    assert [entry.payload["text"] for entry in entries if entry.kind == "note"] == ["the tests look odd"]
    await here.play('@rev1 in REL-1: approve\n%expect "✓ Approved by rev1"')


async def test_a_newcomer_is_answered_however_help_is_asked_for(here: InMatrix) -> None:
    general = here.room.rooms["general"]
    for number, said in enumerate(("help", "**Help!**", "!help", "@sopwith: help"), 1):
        here.room.say("guest", general, said, None)
        await here.stage.settle()
        assert here.room.count("what is broken") == number, said
    answer = here.room.find("what is broken")
    assert here.content("general", answer)["msgtype"] == "m.notice"
    here.room.say("rm", general, "help", answer.ref)
    await here.stage.settle()
    assert here.room.count("what is broken") == 4
    await here.play(f"{DECLARE}@guest #general: /security report the login can be skipped")
    here.room.say("guest", general, "!sop", None)
    await here.stage.settle()
    shown = str(here.content("general", here.room.find("What can be begun"))["body"])
    assert "payments return 500" in shown
    assert "!release rc" in shown
    assert "SEC-1" not in shown


async def test_what_was_said_before_the_bot_came_is_none_of_its_business(homeserver: Synapse, tmp_path: Path) -> None:
    class Talkative(MatrixRoom):
        def make(self, name: str, *, private: bool, **options: object) -> str:
            room = super().make(name, private=private, **options)
            self.owner.say(room, "!incident declare P1 long ago")
            return room

    async with matrix_stage(tmp_path, homeserver, None, lambda _: None, rooms=Talkative) as (player, _, stage):
        assert await stage.bot.run("INC-1") is None
        await player.play(DECLARE)
        assert await stage.bot.run("INC-1") is not None


async def test_a_room_nobody_configured_is_not_served_and_not_entered(here: InMatrix) -> None:
    elsewhere = here.room.make("elsewhere", private=False)
    await here.stage.settle()
    here.room.owner.say(elsewhere, "!incident declare P1 elsewhere")
    await here.stage.settle()
    assert await here.bot.run("INC-1") is None
    members = here.room.owner.ask("GET", f"rooms/{elsewhere}/joined_members")["joined"]
    assert here.room.bot.user not in members


async def test_an_encrypted_room_is_refused_at_the_start_and_never_written_to(here: InMatrix) -> None:
    ops = here.room.rooms["ops"]
    here.room.owner.put_state(ops, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    before = len(_all(here, "ops"))
    with pytest.raises(FarEndRefused, match="encrypted"):
        await here.bot.account.chat.post("k", Place(platform="matrix", channel=ops), Card(lines=(line("secret"),)))
    assert len(_all(here, "ops")) == before
    with pytest.raises(ConfigurationError, match=r"matrix\.rooms\.ops .* encrypted"):
        await here.stage.crash()


async def test_a_post_is_shown_once_however_often_it_is_sent(here: InMatrix) -> None:
    place = Place(platform="matrix", channel=here.room.rooms["ops"])
    chat, card = here.bot.account.chat, Card(lines=(line("once"),))
    refs = {await chat.post("the key", place, card) for _ in range(3)}
    assert len(refs) == 1
    assert here.room.count("once") == 1


async def test_private_is_what_the_rooms_state_says(here: InMatrix) -> None:
    chat, rooms = here.bot.account.chat, here.room.rooms
    security = Place(platform="matrix", channel=rooms["security"])
    assert await chat.is_private(security)
    assert not await chat.is_private(Place(platform="matrix", channel=rooms["ops"]))
    assert not await chat.is_private(Place(platform="matrix", channel="!nowhere"))
    here.room.owner.put_state(rooms["security"], "m.room.history_visibility", {"history_visibility": "world_readable"})
    assert not await chat.is_private(security)


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_a_report_typed_in_public_is_taken_away_in_every_room_version(
    version: str, homeserver: Synapse, tmp_path: Path
) -> None:
    chosen = None if version == "12" else version
    async with matrix_stage(tmp_path, homeserver, None, lambda _: None, version=chosen) as (player, room, _):
        general = room.rooms["general"]
        found = room.owner.ask("GET", f"rooms/{general}/state/m.room.create/")
        assert found["room_version"] == version
        await player.play("@guest #general: /security report the token check can be skipped")
        events, _ = room.owner.messages(general)
        assert "token check" not in str(events)
        assert room.count("token check") >= 1  # in the private room


async def test_a_long_text_comes_as_a_file_in_the_thread(here: InMatrix) -> None:
    place = Place(platform="matrix", channel=here.room.rooms["ops"])
    chat = here.bot.account.chat
    root = await chat.post("root", place, Card(lines=(line("root"),)))
    await chat.post(
        "root/file", place.model_copy(update={"thread": root}), Card(lines=(), file=("plan.md", "# Plan\nä"))
    )
    file = here.room.find("[plan.md]")
    assert file.lines == ["[plan.md]", "# Plan", "ä"]
    assert file.thread == root


def pinned(here: InMatrix, room: str) -> list[str]:
    try:
        state = here.room.owner.ask("GET", f"rooms/{here.room.rooms[room]}/state/m.room.pinned_events/")
    except AssertionError:  # nobody ever pinned anything there
        return []
    return list(state["pinned"])


async def test_an_open_runs_summary_is_pinned_beside_what_others_pinned(here: InMatrix) -> None:
    ops = here.room.rooms["ops"]
    rules = here.room.owner.say(ops, "The rules of this room.")
    here.room.owner.put_state(ops, "m.room.pinned_events", {"pinned": [rules]})
    await here.play(DECLARE)
    assert pinned(here, "ops") == [rules, here.root("INC-1")]
    await here.play("%crash\n@oncall1 in INC-1: ack\n")
    assert pinned(here, "ops") == [rules, here.root("INC-1")]
    await here.play("@oncall1 in INC-1: !false alarm the monitor itself broke\n")
    assert pinned(here, "ops") == [rules]


async def test_where_the_bot_may_not_pin_everything_else_goes_on(here: InMatrix) -> None:
    levels = here.room.owner.ask("GET", f"rooms/{here.room.rooms['ops']}/state/m.room.power_levels/")
    levels["events"]["m.room.pinned_events"] = 90
    here.room.owner.put_state(here.room.rooms["ops"], "m.room.power_levels", levels)
    await here.play(DECLARE + "@oncall1 in INC-1: ack\n")
    assert pinned(here, "ops") == []
    assert here.room.count("oncall1 has it") >= 1
