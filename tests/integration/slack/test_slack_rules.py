"""Slack's own rules, met by what we say: forms, buttons, reactions, edits, strangers, long texts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from slack_sdk.models.blocks import Block

from bot.demo.play import Player
from bot.demo.stage import Stage
from sops.kit.conversation import Place
from sops.kit.message import Card, line
from sops.kit.stores import Outgoing
from tests.conversation.slack_room import SlackRoom, slack_stage
from tests.standins.slack import Seen, SlackStandIn

CANDIDATE = """
@rm #releases: /release rc 1.4.0
@rm in REL-1: !start
%wait REL-1 merge
"""


@dataclass
class InSlack:
    player: Player
    room: SlackRoom
    stage: Stage

    @property
    def slack(self) -> SlackStandIn:
        return self.room.slack

    async def play(self, script: str) -> None:
        await self.player.play(script)

    async def settle(self) -> None:
        await self.stage.settle()

    def find(self, channel: str, words: str, run: str = "") -> Seen:
        """The newest message with these words, in the channel or in a run's thread."""
        where = self.room.channels[channel]
        root = self.room.thread(run) if run else None
        told = self.slack.thread(where, root[1]) if root else self.slack.messages(where)
        return next(seen for seen in reversed(told) if words in seen.plain())

    def whispered(self, handle: str) -> str:
        """What was last shown to this person alone."""
        return self.slack.ephemerals(self.room.users[handle])[-1].plain()

    async def press(self, handle: str, channel: str, seen: Seen, label: str) -> None:
        await self.slack.press(self.room.users[handle], self.room.channels[channel], seen.ts, label)
        await self.settle()

    async def submit(self, handle: str, **values: str) -> None:
        user = self.room.users[handle]
        view = self.slack.views(user)[-1]
        await self.slack.submit(user, view.id, values)
        await self.settle()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[InSlack]:
    async with slack_stage(tmp_path, None, lambda _: None) as (player, room, stage):
        yield InSlack(player, room, stage)


async def test_a_command_with_missing_parts_opens_a_form_and_is_done_when_that_is_filled_in(here: InSlack) -> None:
    await here.slack.slash(here.room.users["guest"], here.room.channels["general"], "/incident", "")
    await here.settle()
    assert here.slack.messages(here.room.channels["ops"]) == []
    await here.submit("guest", title="payments <!channel> fail", severity="P1")
    assert "P1 · INC-1 · payments <!channel> fail · NOT ACKNOWLEDGED" in here.find("ops", "No commander").plain()


async def test_a_form_that_cannot_be_understood_stays_open_and_says_why(here: InSlack) -> None:
    await here.slack.slash(here.room.users["rm"], here.room.channels["releases"], "/hotfix", "")
    await here.submit("rm", version="1.3.1", severity="P0", slug="no_branch!")
    user = here.room.users["rm"]
    assert "cannot name a branch" in str(here.slack.views(user)[-1].errors)
    await here.submit("rm", version="1.3.1", severity="P0", slug="wal-corruption")
    assert "FIX-1" in here.find("releases", "FIX-1").plain()


async def test_a_button_that_needs_a_reason_asks_for_it(here: InSlack) -> None:
    await here.play(CANDIDATE)
    await here.press("rm", "releases", here.find("releases", "REL-1"), "Hold")
    assert (await here.stage.bot.run("REL-1")).state == "active"  # type: ignore[union-attr]
    await here.submit("rm", reason="waiting for the vendor")
    await here.play('%expect "waiting for the vendor"\n%state REL-1 run held')


async def test_where_no_form_can_be_shown_the_button_says_how_it_is_said(here: InSlack) -> None:
    await here.play(CANDIDATE)
    here.slack.fail("views.open", "internal_error")
    await here.press("rm", "releases", here.find("releases", "REL-1"), "Hold")
    assert "It goes like this: !hold" in here.whispered("rm")
    await here.play("%state REL-1 run active")


async def test_a_request_shows_what_the_yes_covers_and_afterwards_who_gave_it(here: InSlack) -> None:
    await here.play(CANDIDATE)
    asked = here.find("releases", "needs 1 yes", "REL-1")
    assert asked.buttons == ["Approve…", "Reject…", "Plan"]
    assert "merge PR #41 into main" in asked.plain()
    assert "not rm (started it)" in asked.plain()
    approve = next(e for b in asked.blocks if b["type"] == "actions" for e in b["elements"])
    assert "merge PR #41" in approve["confirm"]["text"]["text"]
    await here.press("rm", "releases", asked, "Approve…")
    assert "the starter never counts" in here.whispered("rm")
    assert here.find("releases", "needs 1 yes", "REL-1").buttons == asked.buttons
    await here.press("rev1", "releases", asked, "Approve…")
    answered = here.find("releases", "needs 1 yes", "REL-1")
    assert answered.buttons == []
    assert "✓ Approved by rev1" in answered.plain()


async def test_a_used_button_is_gone_and_says_who_pressed(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500")
    await here.press("guest", "ops", here.find("ops", "Acknowledge by", "INC-1"), "I've got it")
    assert here.find("ops", "Acknowledge by", "INC-1").buttons == ["I've got it"]  # refused: it is still there
    await here.press("oncall1", "ops", here.find("ops", "Acknowledge by", "INC-1"), "I've got it")
    used = here.find("ops", "Acknowledge by", "INC-1")
    assert used.buttons == []
    assert "✓ oncall1: ack" in used.plain()


async def test_of_several_reminders_the_newest_has_the_buttons_and_none_once_it_was_answered(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500\n%clock +3h")
    (channel, root) = here.room.thread("INC-1") or ("", "")
    told = [seen for seen in here.slack.thread(here.room.channels[channel], root) if "has acknowledged" in seen.plain()]
    assert len(told) > 1
    assert [bool(seen.buttons) for seen in told] == [False] * (len(told) - 1) + [True]
    await here.play("@oncall1 in INC-1: ack")
    assert here.find("ops", "nobody has acknowledged", "INC-1").buttons == []


async def test_buttons_are_gone_however_the_thing_was_done(here: InSlack) -> None:
    await here.play(CANDIDATE)
    assert here.find("releases", "Plan of REL-1", "REL-1").buttons == []
    await here.play("@rev1 in REL-1: approve")
    assert here.find("releases", "Going ahead", "REL-1").buttons == ["Stop"]
    await here.play("%clock +1m")
    assert here.find("releases", "Going ahead", "REL-1").buttons == []
    await here.play("@guest #ops: /incident declare payments return 500")
    asked = here.find("ops", "How bad is it", "INC-1")
    assert asked.buttons == ["P0", "P1", "P2", "P3"]
    await here.play("@oncall1 in INC-1: !severity P1\n@oncall1 in INC-1: ack")
    assert here.find("ops", "How bad is it", "INC-1").buttons == []


async def test_help_behind_a_root_is_shown_to_who_asked(here: InSlack) -> None:
    for root in ("incident", "hotfix", "security", "onboard", "release"):
        await here.slack.slash(here.room.users["guest"], here.room.channels["general"], f"/{root}", "help")
        await here.settle()
        assert "/incident declare P1 what is broken" in here.whispered("guest"), root
    assert here.slack.views(here.room.users["guest"]) == []


async def test_a_newcomer_is_answered_alone_however_help_is_asked_for(here: InSlack) -> None:
    guest, general = here.room.users["guest"], here.room.channels["general"]
    for number, said in enumerate(("help", "*Help!*", "`help`", "@sopwith help", "@sopwith"), 1):
        await here.slack.say(guest, general, said)
        await here.settle()
        assert "/incident declare P1 what is broken" in here.whispered("guest"), said
        assert len(here.slack.ephemerals(guest)) == number
    told = here.slack.messages(general)[-1]
    await here.slack.say(here.room.users["rm"], general, "help", thread_ts=told.ts)
    await here.settle()
    assert here.slack.ephemerals(here.room.users["rm"]) == []
    await here.play("@guest #ops: /incident declare P1 payments fail")
    await here.slack.slash(guest, general, "/sop", "")
    await here.settle()
    assert "INC-1 not acknowledged · payments fail" in here.whispered("guest")
    assert "/release rc: SOP-03" in here.whispered("guest")
    assert here.slack.views(guest) == []


async def test_a_tick_is_no_yes_to_what_the_world_sees_and_is_told_so(here: InSlack) -> None:
    await here.play(CANDIDATE)
    asked = here.find("releases", "needs 1 yes", "REL-1")
    reviewer, releases = here.room.users["rev1"], here.room.channels["releases"]
    await here.slack.react(reviewer, releases, asked.ts, "white_check_mark")
    await here.settle()
    assert "If that was meant as a yes, say: approve" in here.whispered("rev1")
    await here.play("%state REL-1 merge waiting")
    await here.slack.react(reviewer, releases, asked.ts, "eyes")
    await here.settle()
    assert len(here.slack.ephemerals(reviewer)) == 1


async def test_a_page_is_answered_with_an_emoji_and_given_back_with_a_button(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500")
    ops, oncall = here.room.channels["ops"], here.room.users["oncall1"]
    page, root = here.find("ops", "Acknowledge by", "INC-1"), here.find("ops", "NOT ACKNOWLEDGED")
    await here.slack.react(here.room.users["rev1"], ops, page.ts, "white_check_mark")
    await here.settle()
    assert "You are neither on call nor called" in here.whispered("rev1")
    await here.slack.react(oncall, ops, page.ts, "eyes")
    await here.settle()
    assert "oncall1 has seen it" in here.find("ops", "has seen it", "INC-1").plain()
    await here.play("%state INC-1 acknowledge waiting")
    await here.slack.react(oncall, ops, root.ts, "white_check_mark")
    await here.settle()
    await here.play("%state INC-1 acknowledge done")
    await here.slack.unreact(oncall, ops, root.ts, "white_check_mark")
    await here.settle()
    assert "You still have INC-1. If you have not: !not me" in here.whispered("oncall1")
    await here.press("oncall1", "ops", here.find("ops", "oncall1 has it", "INC-1"), "Not me")
    await here.play("%state INC-1 acknowledge waiting")
    assert "oncall1 has not got it after all" in here.find("ops", "has not got it", "INC-1").plain()


async def test_the_buttons_of_a_hint_do_what_their_words_do(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments fail\n@rev2 #ops: /incident declare P1 payments fail")
    assert "INC-1 (P1) is open already" in here.whispered("rev2")
    await here.press("rev2", "ops", here.slack.ephemerals(here.room.users["rev2"])[-1], "Declare anyway")
    await here.play("@rev1 in INC-2: mine!")
    await here.press("rev1", "ops", here.slack.ephemerals(here.room.users["rev1"])[-1], "Take it, though not on call")
    await here.play("%state INC-2 acknowledge done\n%state INC-1 acknowledge waiting")
    await here.play("@guest #ops: /incident declare P1 logins fail\n@oncall1 #ops: ack")
    assert "Which one? Several are open" in here.whispered("oncall1")
    await here.press("oncall1", "ops", here.slack.ephemerals(here.room.users["oncall1"])[-1], "INC-3")
    await here.play("%state INC-3 acknowledge done\n%state INC-1 acknowledge waiting")


async def test_what_people_say_half_asleep_is_read_as_slack_sends_it(here: InSlack) -> None:
    ops, users = here.room.channels["ops"], here.room.users
    words = ("`ack`", "*On it!* :ok_hand::skin-tone-3:", ":white_check_mark: got it", "@sopwith: ack")
    for number, said in enumerate(words, 1):
        await here.play(f"@guest #ops: /incident declare P1 part {number} fails")
        thread = here.room.thread(f"INC-{number}")
        assert thread is not None
        await here.slack.say(users["oncall1"], ops, "on it, @oncall2 has it", thread_ts=thread[1])
        await here.settle()
        assert "If you have INC" in here.whispered("oncall1")
        await here.play(f"%state INC-{number} acknowledge waiting")
        await here.slack.say(users["oncall1"], ops, said, thread_ts=thread[1])
        await here.settle()
        await here.play(f"%state INC-{number} acknowledge done")


async def test_what_slack_delivers_late_tells_and_orders_nothing(here: InSlack) -> None:
    await here.play(CANDIDATE)
    releases, root = here.room.channels["releases"], here.room.thread("REL-1")
    assert root is not None
    here.slack.hold()
    for handle, words in (("rev1", "approve"), ("rm", "!note odd"), ("rm", "!hold wait"), ("rm", "!cancel no")):
        await here.slack.say(here.room.users[handle], releases, words, thread_ts=root[1])
    here.stage.clock.move_to(here.stage.clock.now() + timedelta(minutes=11))
    await here.slack.release()
    await here.settle()
    await here.play("%state REL-1 run held\n%state REL-1 merge waiting")
    assert "say it again" in here.whispered("rev1")
    assert "You said !cancel no at" in here.whispered("rm")


async def test_what_was_delivered_in_time_acts_however_late_the_bot_comes_to_it(here: InSlack) -> None:
    await here.play(CANDIDATE)
    releases, root = here.room.channels["releases"], here.room.thread("REL-1")
    assert root is not None
    await here.slack.say(here.room.users["rev1"], releases, "approve", thread_ts=root[1])  # stored, not handled
    await here.stage.bot.kill()
    here.stage.clock.move_to(here.stage.clock.now() + timedelta(minutes=11))
    await here.play("%crash")
    assert here.find("releases", "Approved by rev1", "REL-1")


async def test_an_edited_message_does_nothing_and_the_record_keeps_that_it_was_edited(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500")
    ops, oncall, thread = here.room.channels["ops"], here.room.users["oncall1"], here.room.thread("INC-1")
    assert thread is not None
    said = await here.slack.say(oncall, ops, "hm", thread_ts=thread[1])
    for edited in ("ack", "on it"):
        await here.slack.edit(oncall, ops, said.ts, edited)
        await here.settle()
        assert "I do not act on an edited message" in here.whispered("oncall1")
    await here.play("%state INC-1 acknowledge waiting\n@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")
    note = await here.slack.say(oncall, ops, "!note the disk is full", thread_ts=thread[1])
    await here.settle()
    await here.slack.edit(oncall, ops, note.ts, "!note the disk was never full")
    await here.slack.delete(oncall, ops, note.ts)
    await here.settle()
    kept = [(entry.kind, entry.payload["was"]) for entry in await _record(here) if entry.kind in {"edit", "deletion"}]
    assert kept == [("edit", "!note the disk is full"), ("deletion", "!note the disk is full")]


async def test_other_bots_and_people_of_other_organisations_are_no_authority(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500")
    ops, thread = here.room.channels["ops"], here.room.thread("INC-1")
    assert thread is not None
    await here.slack.say_as_bot(here.slack.other_bot("pager"), ops, "ack", thread_ts=thread[1])
    await here.settle()
    stranger = here.slack.user("oncall1", team="T9", is_stranger=True)
    ops.members.append(stranger.id)
    await here.slack.say(stranger, ops, "ack", thread_ts=thread[1])
    await here.settle()
    await here.play("%state INC-1 acknowledge waiting")
    told = here.slack.ephemerals(stranger)[-1].plain()
    assert "I do not know you" in told
    assert f'accounts = {{ slack = ["T9/{stranger.id}"] }}' in told


async def test_what_another_workspace_hears_through_the_same_app_is_not_done_here(here: InSlack) -> None:
    ops, guest = here.room.channels["ops"], here.room.users["guest"]
    here.slack.elsewhere(happens_in="T9", sent_to="T9")
    await here.slack.say(guest, ops, "@sopwith incident declare P1 theirs")
    await here.settle()
    assert here.slack.messages(ops)[1:] == []
    assert not here.slack.unacked  # or Slack would send it again, and one day nothing any more


@pytest.mark.parametrize(("happens_in", "sent_to"), [("T9", "T1"), ("T1", "T9")])
async def test_in_a_shared_channel_our_people_are_heard_whichever_workspace_slack_names(
    here: InSlack, happens_in: str, sent_to: str
) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500")
    here.slack.elsewhere(happens_in, sent_to)
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


async def test_a_mention_in_a_shared_channel_is_one_event_whichever_workspace_slack_names_for_it(here: InSlack) -> None:
    ops, guest = here.room.channels["ops"], here.room.users["guest"]
    here.slack.hold()
    await here.slack.say(guest, ops, "@sopwith incident declare P1 payments return 500")
    message, mention = here.slack.deliveries[-2:]
    mention.payload["team_id"] = "T9"
    await here.slack.release(lambda _: [message, mention])
    await here.settle()
    assert len([seen for seen in here.slack.messages(ops) if "No commander" in seen.plain()]) == 1


async def test_a_command_given_in_another_workspace_fails_there_and_does_nothing_here(here: InSlack) -> None:
    stranger, ops = here.slack.user("mallory", team="T9", is_stranger=True), here.room.channels["ops"]
    ops.members.append(stranger.id)
    here.slack.ack_within = 0.2
    delivery = await here.slack.slash(stranger, ops, "/incident", "declare P0 theirs")
    await here.settle()
    assert not delivery.acked
    assert here.slack.messages(ops) == []


async def test_a_press_counts_only_in_the_workspace_of_the_bot_and_only_for_who_is_known_there(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500")
    ops, asked = here.room.channels["ops"], here.find("ops", "Acknowledge by", "INC-1")
    stranger = here.slack.user("oncall1", team="T9", is_stranger=True)
    ops.members.append(stranger.id)
    await here.slack.press(stranger, ops, asked.ts, "I've got it")
    await here.settle()
    assert "I do not know you" in here.slack.ephemerals(stranger)[-1].plain()
    here.slack.ack_within = 0.2
    here.slack.elsewhere(happens_in="T9", sent_to="T9")
    await here.press("oncall1", "ops", asked, "I've got it")
    assert here.slack.deliveries[-1].trouble
    await here.play("%state INC-1 acknowledge waiting")


async def test_a_form_counts_where_the_app_that_showed_it_is_installed(here: InSlack) -> None:
    guest, general = here.room.users["guest"], here.room.channels["general"]
    await here.slack.slash(guest, general, "/incident", "")
    here.slack.ack_within = 0.2
    here.slack.elsewhere(happens_in="T1", sent_to="T9")
    await here.submit("guest", title="payments fail", severity="P1")
    assert here.slack.messages(here.room.channels["ops"]) == []
    here.slack.elsewhere(happens_in="T9", sent_to="T1")
    await here.submit("guest", title="payments fail", severity="P1")
    assert "INC-1" in here.find("ops", "No commander").plain()


async def test_where_the_bot_is_no_member_the_command_is_answered_all_the_same(here: InSlack) -> None:
    guest = here.room.users["guest"]
    away = here.slack.channel("#elsewhere", members=[guest], with_bot=False)
    await here.slack.slash(guest, away, "/incident", "declare P2 slow")
    await here.settle()
    assert "INC-1 is open in #ops" in here.whispered("guest")


async def test_a_long_timeline_comes_as_a_file_into_the_thread(here: InSlack) -> None:
    await here.play("@guest #ops: /incident declare P1 payments return 500\n@oncall1 in INC-1: ack")
    for number in range(8):
        await here.play(f"@oncall1 in INC-1: !note {number} {'x' * 2000}")
    await here.play("@oncall1 in INC-1: timeline")
    root = here.room.thread("INC-1")
    assert root is not None
    files = [file for seen in here.slack.thread(here.room.channels["ops"], root[1]) for file in seen.files]
    assert len(files) == 1
    assert "7 xxx" in files[0].content.decode()
    assert "in the file below" in here.whispered("oncall1")


async def test_an_edit_of_what_came_as_a_file_is_as_short_as_its_post_and_brings_no_second_file(here: InSlack) -> None:
    ops = here.room.channels["ops"]
    place = Place(platform="slack", channel=ops.id)
    store, now = here.stage.bot.store, here.stage.clock.now()  # type: ignore[attr-defined]

    async def send(kind: Literal["post", "edit"], first: str) -> None:
        card = Card(lines=(line(first), *(line(f"{number} {'x' * 1000}") for number in range(15))))
        await store.transact(lambda tx: tx.outbox.put(Outgoing(kind, "long/root", place, card), now))
        await here.settle()

    await send("post", "before")
    await send("edit", "after")
    (root,) = [seen for seen in here.slack.messages(ops) if not seen.files]
    assert root.plain().startswith("after\n0 xxx")
    assert root.plain().endswith("the whole of it is in the file below.")
    assert len(here.slack.calls("files.completeUploadExternal")) == 1


async def test_renamed_commands_are_called_so_in_our_words_and_in_nobody_else_s(tmp_path: Path) -> None:
    named = {"incident": "sop-incident", "release": "ship"}
    async with slack_stage(tmp_path, None, lambda _: None, commands=named) as (player, room, stage):
        here = InSlack(player, room, stage)
        guest, ops = here.room.users["guest"], here.room.channels["ops"]
        await here.slack.slash(guest, ops, "/sop-incident", "declare P2 the /release page is gone")
        await here.settle()
        assert "the /release page is gone" in here.find("ops", "No commander").plain()
        await here.slack.slash(guest, ops, "/sop", "help")
        await here.settle()
        assert "/sop-incident declare P1" in here.whispered("guest")
        assert "/ship rc 1.4.0" in here.whispered("guest")


async def test_everything_said_keeps_to_block_kit(here: InSlack) -> None:
    title = "<!channel> <@U1> &lt; `x` \u202eright " + "long " * 30
    await here.play(f"@guest #ops: /incident declare P1 {title[:190]}\n{CANDIDATE}@rev1 in REL-1: approve\n%clock +2h")
    told = [seen for channel in here.room.channels.values() for root in here.slack.messages(channel)
            for seen in here.slack.thread(channel, root.ts)]  # fmt: skip
    assert len(told) > 10
    for seen in told:
        for block in Block.parse_all(seen.blocks):
            block.validate_json()
    shown = here.find("ops", "INC-1").plain()
    assert "<!channel> <@U1> &lt; `x` right long long" in shown


async def _record(here: InSlack) -> list:  # type: ignore[type-arg]
    run = await here.stage.bot.run("INC-1")
    assert run is not None
    store = here.stage.bot.store  # type: ignore[attr-defined]
    return list(await store.read(lambda tx: tx.ledger.entries(run.id)))
