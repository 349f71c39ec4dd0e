"""Slack in trouble: slow down, be patient, never say a thing twice, lose nothing."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.slack import examine
from adapters.slack.manifest import SCOPES
from adapters.slack.watchdog import SILENT, Watchdog
from bot.cli import SCRIPT_START
from bot.settings import SlackSettings
from bot.wiring.slack import slack
from sops.kit.errors import ConfigurationError
from tests.conversation.slack_room import slack_stage
from tests.integration.slack.test_slack_rules import InSlack
from tests.standins.slack import Fault, SlackStandIn

DECLARE = "@guest #ops: /incident declare P1 payments return 500"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[InSlack]:
    async with slack_stage(tmp_path, None, lambda _: None) as (player, room, stage):
        yield InSlack(player, room, stage)


def said(here: InSlack, words: str) -> int:
    """How many messages with these words stand anywhere."""
    channels = here.room.channels.values()
    told = [seen for channel in channels for root in here.slack.messages(channel) for seen in
            here.slack.thread(channel, root.ts)]  # fmt: skip
    return sum(words in seen.plain() for seen in told)


@pytest.mark.parametrize("fault", [Fault.CLOSED_AFTER, Fault.HTTP_500_AFTER, Fault.MALFORMED_AFTER])
async def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(here: InSlack, fault: Fault) -> None:
    here.slack.fail("chat.postMessage", fault, times=3)
    await here.play(DECLARE)
    await here.play("%clock +5m")
    assert said(here, "No commander yet") == 1
    assert said(here, "INC-1 declared") == 1
    assert said(here, "Acknowledge by") == 1
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


@pytest.mark.parametrize("fault", [Fault.CLOSED_BEFORE, Fault.HTTP_503, Fault.MALFORMED])
async def test_a_post_that_never_arrived_is_sent_again(here: InSlack, fault: Fault) -> None:
    here.slack.fail("chat.postMessage", fault, times=2)
    await here.play(f"{DECLARE}\n%clock +5m")
    assert said(here, "No commander yet") == 1
    assert said(here, "Acknowledge by") == 1


async def test_a_bot_that_dies_over_a_post_looks_whether_it_arrived(here: InSlack) -> None:
    await here.play(DECLARE)
    here.slack.fail("chat.postMessage", Fault.CLOSED_AFTER)
    await here.play("@oncall1 in INC-1: !note seen before\n%crash\n%clock +5m")
    assert said(here, "Noted") <= 1
    assert said(here, "INC-1 declared") == 1


@pytest.mark.parametrize("words", ["ack", "!ack"])
async def test_what_is_said_under_a_root_nobody_is_sure_of_waits_and_is_heard(here: InSlack, words: str) -> None:
    here.slack.fail("chat.postMessage", Fault.CLOSED_AFTER)
    await here.play(DECLARE)
    (root,) = here.slack.messages(here.room.channels["ops"])
    oncall, ops = here.room.users["oncall1"], here.room.channels["ops"]
    await here.slack.say(oncall, ops, "what a night", thread_ts=root.ts)
    await here.slack.say(oncall, ops, words, thread_ts=root.ts)
    await here.settle()
    assert here.slack.ephemerals(oncall) == []
    await here.play("%clock +1m\n%state INC-1 acknowledge done")
    assert said(here, "oncall1 has it") == 1


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_an_event_that_is_odd_is_taken_and_counted_and_what_follows_is_heard(tmp_path: Path, mode: str) -> None:
    async with slack_stage(tmp_path, None, lambda _: None, mode=mode) as (player, room, stage):
        here = InSlack(player, room, stage)
        await here.play(DECLARE)
        ops, oncall = room.channels["ops"], room.users["oncall1"]
        fine = {"type": "message", "channel": ops.id, "user": oncall.id, "text": "!x", "ts": "1776672000.000100"}
        bent = [{"user": "U 1"}, {"ts": []}, {"channel": "C" * 20_000}, {"ts": "9" * 300}, {"user": None, "team": [7]}]
        for change in bent:
            await here.slack.post.deliver(*here.slack.post.events(ops, {**fine, **change}))
        assert [each.tries for each in here.slack.deliveries if not each.acked] == []
        await here.play("@oncall1 in INC-1: ack\n%crash\n@oncall1 in INC-1: !note still here")
        await here.play("%state INC-1 acknowledge done")
        store = here.stage.bot.store  # type: ignore[attr-defined]
        assert await store.read(lambda tx: tx.tallies.under("passed-over/")) == {"passed-over/slack": 4}


async def test_what_bolt_itself_cannot_read_is_taken_and_counted(here: InSlack) -> None:
    ops = here.room.channels["ops"]
    [odd] = here.slack.post.events(ops, {"type": "message", "channel": ops.id, "ts": "1776672000.000100"})
    odd.payload["authorizations"] = 7
    await here.slack.post.deliver(odd)
    assert odd.acked
    await here.play(f"{DECLARE}\n@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


async def test_while_nobody_can_look_an_uncertain_post_is_not_repeated(here: InSlack) -> None:
    here.slack.fail("chat.postMessage", Fault.CLOSED_AFTER)
    here.slack.fail("conversations.history", Fault.HTTP_503, times=3)
    await here.play(DECLARE)
    assert len(here.slack.calls("chat.postMessage")) == 1
    await here.play("%clock +10m")
    assert said(here, "No commander yet") == 1


async def test_without_the_scope_to_look_an_uncertain_post_waits_for_it(here: InSlack) -> None:
    here.slack.fail("chat.postMessage", Fault.CLOSED_AFTER)
    here.slack.withdraw("channels:history")
    await here.play(f"{DECLARE}\n%clock +5m")
    assert len(here.slack.calls("chat.postMessage")) == 1
    here.slack.grant("channels:history")
    await here.play("%clock +2m")
    assert said(here, "No commander yet") == 1
    assert said(here, "Acknowledge by") == 1


async def test_an_hour_without_slack_loses_nothing(tmp_path: Path) -> None:
    async with slack_stage(tmp_path, None, lambda _: None, mode="http") as (player, room, stage):
        here = InSlack(player, room, stage)
        await here.play(f"{DECLARE}\n@oncall1 in INC-1: ack\n@rm #releases: /release rc 1.4.0")
        here.slack.down(Fault.HTTP_503)
        await here.play("%clock +1h\n@oncall1 in INC-1: !update the disk is full")
        assert said(here, "update noted") == 0
        here.slack.up()
        await here.play("%clock +2m")
        assert said(here, "an update is due") == 2
        assert said(here, "update noted") == 1


async def test_slack_is_left_alone_for_as_long_as_it_asks(here: InSlack) -> None:
    here.slack.limit("chat.postMessage", next_calls=1, retry_after=30)
    await here.play(DECLARE)
    assert said(here, "No commander yet") == 0
    asked = len(here.slack.calls("chat.postMessage"))
    await here.play("%clock +20s")
    assert len(here.slack.calls("chat.postMessage")) == asked
    await here.play("%clock +15s")
    assert said(here, "No commander yet") == 1


async def test_an_answer_to_one_person_leaves_slack_alone_for_as_long_as_it_asks(here: InSlack) -> None:
    await here.play(DECLARE)
    here.slack.limit("chat.postEphemeral", next_calls=1, retry_after=30)
    await here.play("@guest #ops: /sop help")
    await here.play("%clock +20s")
    assert len(here.slack.calls("chat.postEphemeral")) == 1
    await here.play("%clock +15s")
    assert len(here.slack.calls("chat.postEphemeral")) == 2
    assert "/incident declare P1" in here.whispered("guest")


async def test_slack_is_left_alone_as_long_as_it_asks_when_it_was_asked_what_arrived(here: InSlack) -> None:
    here.slack.fail("chat.postMessage", Fault.CLOSED_AFTER)
    here.slack.limit("conversations.history", next_calls=1, retry_after=30)
    await here.play(f"{DECLARE}\n%clock +2s")
    assert len(here.slack.calls("conversations.history")) == 1
    await here.play("%clock +20s")
    assert len(here.slack.calls("conversations.history")) == 1
    await here.play("%clock +15s")
    assert len(here.slack.calls("conversations.history")) == 2
    assert said(here, "No commander yet") == 1


async def test_at_its_own_pace_the_bot_is_never_told_to_wait(tmp_path: Path) -> None:
    async with slack_stage(tmp_path, None, lambda _: None, paced=True) as (player, room, stage):
        here = InSlack(player, room, stage)
        here.slack.enforce_channel_pace(per_second=1, burst=3)
        for number in range(6):
            await here.play(f"@rm #ops: /incident declare P2 number {number}")
        await here.play("%clock +1m")
        assert said(here, "No commander yet") == 6
        assert not [call for call in here.slack.calls("chat.postMessage") if call.status == 429]


async def test_what_was_sent_twice_is_done_once(here: InSlack) -> None:
    await here.play(f"{DECLARE}\n@oncall1 in INC-1: ack\n@oncall1 in INC-1: !note once")
    for delivery in list(here.slack.deliveries):
        await here.slack.repeat(delivery)
    await here.settle()
    assert said(here, "Noted") == 1
    assert said(here, "INC-1 declared") == 1
    assert said(here, "INC-2") == 0


async def test_what_could_not_be_stored_is_not_acknowledged_and_comes_again(here: InSlack) -> None:
    await here.play(DECLARE)
    refuse = True
    accept = here.stage.bot.store.transact  # type: ignore[attr-defined]

    async def failing(work: object, **how: bool) -> object:
        if refuse:
            raise OSError("the disk is full")
        return await accept(work, **how)

    here.stage.bot.store.transact = failing  # type: ignore[attr-defined]
    thread, oncall = here.room.thread("INC-1"), here.room.users["oncall1"]
    assert thread is not None
    here.slack.ack_within = 0.2
    await here.slack.say(oncall, here.room.channels["ops"], "ack", thread_ts=thread[1])
    assert here.slack.unacked
    refuse = False
    await here.slack.redeliver()
    await here.settle()
    assert not here.slack.unacked
    await here.play("%state INC-1 acknowledge done")


async def test_a_lost_connection_is_opened_anew(here: InSlack) -> None:
    before = here.slack.connections_so_far
    here.slack.cut()
    await here.slack.connected(after=before)
    await here.play(f"{DECLARE}\n%expect NOT ACKNOWLEDGED")
    before = here.slack.connections_so_far
    await here.slack.disconnect("refresh_requested")
    await here.slack.connected(after=before)
    await here.play("@oncall1 in INC-1: ack\n%state INC-1 acknowledge done")


class WatchedClient:
    """As much of Slack's own client as is watched."""

    def __init__(self) -> None:
        self.on_message_listeners: list[object] = []
        self.opened = 0
        self.connected = True
        self.wss_uri: str | None = "wss://slack.example/?ticket=first"

    async def is_connected(self) -> bool:
        return self.connected

    async def connect_to_new_endpoint(self, *, force: bool) -> None:
        self.opened += force


async def test_a_connection_that_brings_nothing_is_opened_anew() -> None:
    client, seconds = WatchedClient(), [0.0]
    dog = Watchdog(client, lambda: seconds[0])  # type: ignore[arg-type]
    seconds[0] = SILENT - 1
    assert not await dog.look()
    await client.on_message_listeners[0]("anything")  # type: ignore[operator]
    seconds[0] += SILENT - 1
    assert not await dog.look()
    seconds[0] += 1
    assert await dog.look()
    assert client.opened == 1


async def test_an_address_that_leads_nowhere_is_not_tried_for_ever() -> None:
    client = WatchedClient()
    dog = Watchdog(client, lambda: 0.0)  # type: ignore[arg-type]
    client.connected, client.wss_uri = False, "wss://slack.example/?ticket=used"
    await dog.look()
    assert client.wss_uri == "wss://slack.example/?ticket=used"  # it may be on its way
    await dog.look()
    assert client.wss_uri is None
    client.wss_uri = "wss://slack.example/?ticket=new"
    await dog.look()
    assert client.wss_uri == "wss://slack.example/?ticket=new"
    client.connected = True
    await dog.look()
    await dog.look()
    assert client.wss_uri == "wss://slack.example/?ticket=new"


class UnreachableClient(WatchedClient):
    """Slack hangs up, or answers what is no answer, when it is asked for another address."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self.problem = problem
        self.asked_again = asyncio.Event()

    async def connect_to_new_endpoint(self, *, force: bool) -> None:
        self.opened += force
        if self.opened > 1:
            self.asked_again.set()
        raise self.problem


@pytest.mark.parametrize("problem", [aiohttp.ServerDisconnectedError(), TypeError("no answer"), OSError("no route")])
async def test_whatever_goes_wrong_with_a_new_connection_the_watch_goes_on(
    monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    monkeypatch.setattr("adapters.slack.watchdog.EVERY", 0)
    client, seconds = UnreachableClient(problem), itertools.count(0.0, SILENT)
    dog = Watchdog(client, lambda: next(seconds))  # type: ignore[arg-type]
    dog.start()
    try:
        await asyncio.wait_for(client.asked_again.wait(), 5)
    finally:
        await dog.stop()


async def test_an_address_that_leads_nowhere_when_the_bot_starts_is_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.slack.watchdog.EVERY", 0.01)
    monkeypatch.setattr("adapters.slack.home.PING", 0.05)
    async with SlackStandIn(lambda: SCRIPT_START) as server:
        server.grant(*SCOPES)
        told = SlackSettings(bot_token=server.bot_token, app_token=server.app_token, api_url=server.api_url)
        workspace = await slack(told, (), "UTC", server.workspace.clock)
        server.sockets.refuse(True)
        opening = asyncio.create_task(workspace.open(lambda _: _never(), _never))
        await server.until(lambda: server.sockets.refused > 0)
        server.sockets.refuse(False)
        try:
            await asyncio.wait_for(opening, 5)
        finally:
            await workspace.close()


async def test_a_token_that_is_wrong_is_said_when_the_bot_starts(here: InSlack) -> None:
    server, now = here.slack, here.slack.workspace.clock
    told = SlackSettings(
        bot_token=server.bot_token, app_token=server.app_token, signing_secret="s", api_url=server.api_url
    )
    with pytest.raises(ConfigurationError, match=r"SOPWITH_SLACK__BOT_TOKEN .* and SOPWITH_SLACK__APP_TOKEN"):
        await slack(SlackSettings(), (), "UTC", now)
    with pytest.raises(ConfigurationError, match="SOPWITH_SLACK__SIGNING_SECRET"):
        await slack(
            told.model_copy(update={"mode": "http", "signing_secret": SlackSettings().signing_secret}), (), "UTC", now
        )
    wrong = SlackSettings.model_validate({**told.model_dump(), "bot_token": "xoxb-wrong"})
    with pytest.raises(ConfigurationError, match=r"invalid_auth.*SOPWITH_SLACK__BOT_TOKEN"):
        await slack(wrong, (), "UTC", now)
    workspace = await slack(
        SlackSettings.model_validate({**told.model_dump(), "app_token": "xapp-wrong"}), (), "UTC", now
    )
    with pytest.raises(ConfigurationError, match=r"SOPWITH_SLACK__APP_TOKEN.*connections:write"):
        await workspace.open(lambda _: _never(), _never)
    await workspace.close()


async def _never() -> Any:
    raise AssertionError("nothing comes in")


async def test_the_doctor_names_each_missing_scope_and_what_it_is_for(here: InSlack) -> None:
    client = here.stage.bot._ports.chats["slack"]._client  # type: ignore[attr-defined]
    channels = {name: channel.id for name, channel in here.room.channels.items()}
    here.slack.grant(*SCOPES)
    assert await examine(client, here.slack.app_token, channels) == []
    here.slack.withdraw("reactions:read", "files:write")
    lines = "\n".join(await examine(client, here.slack.app_token, channels))
    assert "The scope reactions:read is missing; it is needed to read a ✅ under a request." in lines
    assert "The scope files:write is missing" in lines
    findings = await examine(client, "xapp-wrong", {"ops": "C0000", "security": channels["ops"]})
    assert [found.split(":")[0] for found in findings[-3:]] == [
        "Socket Mode does not open",
        "channels.ops is C0000",
        "#ops (channels.security) is public; security runs need a private channel.",
    ]


async def test_a_run_that_cannot_be_shown_is_told_to_those_who_must_know(here: InSlack) -> None:
    await here.slack.archive(here.room.users["rm"], here.room.channels["ops"])
    await here.slack.slash(
        here.room.users["guest"], here.room.channels["general"], "/incident", "declare P0 all is gone"
    )
    await here.settle()
    await here.play("%clock +1m")
    for name in ("oncall1", "rm"):
        direct = here.slack.messages(here.slack.direct(here.room.users[name]))
        assert any("INC-1 cannot be shown" in seen.plain() and "is_archived" in seen.plain() for seen in direct), name
    await here.slack.slash(here.room.users["oncall1"], here.room.channels["general"], "/sop", "INC-1 ack")
    await here.settle()
    await here.play("%state INC-1 acknowledge done")


async def test_what_could_not_be_shown_is_shown_once_the_bot_is_back(here: InSlack) -> None:
    await here.play("@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start")
    releases = here.room.channels["releases"]
    await here.slack.leave(here.slack.bot, releases)
    await here.play("%wait REL-1 merge\n%clock +5m")
    assert said(here, "needs 1 yes") == 0
    await here.slack.join(here.slack.bot, releases)
    await here.play("%clock +2m")
    assert said(here, "needs 1 yes") == 1
    await here.play("@rev1 in REL-1: approve\n%clock +1m\n%state REL-1 merge done")


async def test_a_private_run_says_nothing_where_others_can_read_by_now(here: InSlack) -> None:
    await here.play("@guest #security: /security report a token hole")
    security = here.room.channels["security"]
    before = len(here.slack.messages(security))
    security.private = False
    await here.play("%clock +2m\n@seclead in SEC-1: !done acknowledge looking\n%clock +5m")
    told = [seen.plain() for root in here.slack.messages(security) for seen in here.slack.thread(security, root.ts)]
    assert len(here.slack.messages(security)) == before
    assert not any("GHSA" in text for text in told)
    assert "SEC-1 cannot be shown where it belongs: the channel is not private any more" in here.whispered("seclead")


async def test_the_file_of_a_private_run_waits_as_well_where_others_can_read_by_now(here: InSlack) -> None:
    await here.play("@guest #security: /security report a token hole\n@seclead in SEC-1: !done acknowledge looking")
    for number in range(8):
        await here.play(f"@seclead in SEC-1: !note {number} {'x' * 2000}")
    here.slack.withdraw("files:write")
    await here.play("@seclead in SEC-1: timeline")
    assert "in the file below" in here.whispered("seclead")
    here.room.channels["security"].private = False
    await here.play("%clock +2m")  # by then it is asked again whether it is private
    here.slack.grant("files:write")
    await here.play("%clock +5m")
    assert here.slack.calls("files.completeUploadExternal") == []
    here.room.channels["security"].private = True
    await here.play("%clock +2m")
    assert len(here.slack.calls("files.completeUploadExternal")) == 1


async def test_an_app_installed_for_a_whole_organisation_is_said_when_the_bot_starts(here: InSlack) -> None:
    server = here.slack
    server.workspace.org_wide = True
    told = SlackSettings(bot_token=server.bot_token, app_token=server.app_token, api_url=server.api_url)
    with pytest.raises(ConfigurationError, match="works in one workspace"):
        await slack(told, (), "UTC", server.workspace.clock)


async def test_a_missing_scope_is_said_when_the_bot_starts(here: InSlack) -> None:
    server = here.slack
    server.withdraw("chat:write")
    told = SlackSettings(bot_token=server.bot_token, app_token=server.app_token, api_url=server.api_url)
    with pytest.raises(ConfigurationError, match=r"lacks scopes: chat:write \(to speak\)"):
        await slack(told, (), "UTC", server.workspace.clock)
