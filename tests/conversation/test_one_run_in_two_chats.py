"""One run in two chats at once: the Slack stand-in, a real homeserver, and one bot in both."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.demo.play import Player
from bot.demo.stage import Stage
from sops.kit.policy import Policy
from tests.conversation.slack_room import SlackRoom
from tests.conversation.two_rooms import TwoRooms, two_chats
from tests.standins.between import Between
from tests.standins.slack import Fault, Seen
from tests.standins.synapse import Synapse


@dataclass
class Both:
    """Two chats, and how people's words get there."""

    player: Player
    rooms: TwoRooms
    stage: Stage

    async def play(self, script: str) -> None:
        await self.player.play(script)

    @property
    def slack(self) -> SlackRoom:
        return self.rooms.slack

    def thread_in_slack(self, run: str, channel: str = "") -> list[Seen]:
        where = self.slack.thread(run, channel)
        assert where is not None
        return self.slack.slack.thread(self.slack.channels[where[0]], where[1])

    def in_slack(self, run: str, channel: str = "") -> str:
        """The run's thread there, as somebody reads it now."""
        return "\n".join(seen.plain() for seen in self.thread_in_slack(run, channel))

    def in_matrix(self, run: str, channel: str = "#ops") -> str:
        """The same, there."""
        where = self.rooms.matrix.thread(run, channel)
        assert where is not None
        return "\n".join(said.text for said in self.rooms.matrix.in_thread(where[1]))

    async def press_in_slack(self, handle: str, run: str, button: str, channel: str = "") -> None:
        """On the newest message of the run's thread that has it."""
        where = self.slack.thread(run, channel)
        assert where is not None
        shown = next(seen for seen in reversed(self.thread_in_slack(run, channel)) if button in seen.buttons)
        await self.slack.slack.press(self.slack.users[handle], self.slack.channels[where[0]], shown.ts, button)
        await self.stage.settle()


@pytest.fixture
async def between(homeserver: Synapse) -> AsyncIterator[Between]:
    async with Between(homeserver.url).open() as road:
        yield road


@pytest.fixture
async def both(homeserver: Synapse, between: Between, tmp_path: Path) -> AsyncIterator[Both]:
    policy = Policy(look_every=timedelta(hours=4), approvals={"SOP-03.merge": 2})
    async with two_chats(tmp_path, homeserver, lambda _: None, policy=policy, url=between.url) as (
        player,
        rooms,
        stage,
    ):
        yield Both(player, rooms, stage)


DECLARED_IN_BOTH = """
@oncall1 #ops: /incident declare P1 payments return 500
@oncall1 #ops: /sop mirror INC-1 matrix:#ops
%expect "INC-1 is told in slack:#ops and matrix:#ops from now on, by oncall1"
"""
CANDIDATE_IN_BOTH = """
@rm #releases: /release rc 1.4.0
@rm in REL-1: !start
@rm in REL-1: !mirror matrix:#releases
%wait REL-1 merge
%expect "REL-1 needs 2 yeses from a reviewer"
"""


async def test_an_incident_declared_in_slack_is_acknowledged_in_matrix(both: Both) -> None:
    await both.play(DECLARED_IN_BOTH)
    await both.play("@oncall2 in INC-1 matrix:#ops: ack\n%state INC-1 acknowledge done")
    for thread in (both.in_slack("INC-1"), both.in_matrix("INC-1")):
        assert "P1 · INC-1 · payments return 500 · ACKNOWLEDGED" in thread.partition("\n")[0]
        assert "Told in slack:#ops and matrix:#ops" in thread
        assert "oncall2 has it" in thread
    assert "oncall2 in matrix:#ops: ack" in both.in_slack("INC-1")
    assert "oncall2 in matrix:#ops: ack" not in both.in_matrix("INC-1")  # there it stands already


async def test_an_incident_declared_in_matrix_is_acknowledged_by_a_button_in_slack(both: Both) -> None:
    await both.play("@oncall1 matrix:#ops: /incident declare P1 payments return 500")
    await both.play("@oncall1 in INC-1 matrix:#ops: !mirror slack:#ops")
    await both.press_in_slack("oncall2", "INC-1", "I've got it", "#ops")
    await both.play("%state INC-1 acknowledge done")
    assert "oncall2 has it" in both.in_matrix("INC-1")
    assert not any("I've got it" in seen.buttons for seen in both.thread_in_slack("INC-1", "#ops"))


async def test_a_candidate_takes_one_approval_from_each_chat(both: Both) -> None:
    await both.play(CANDIDATE_IN_BOTH)
    assert "REL-1 needs 2 yeses" in both.in_slack("REL-1")
    await both.press_in_slack("rev1", "REL-1", "Approve…")
    await both.play("%state REL-1 merge waiting")
    assert "WAITING FOR 1 YES" in both.in_matrix("REL-1", "#releases")
    await both.play("@rev2 in REL-1 matrix:#releases: approve")
    assert "Approved by rev1 and rev2" in both.in_slack("REL-1")
    assert "Approved by rev1 and rev2" in both.in_matrix("REL-1", "#releases")
    assert not any("Approve…" in seen.buttons for seen in both.thread_in_slack("REL-1"))
    await both.play("%wait REL-1 soak\n%state REL-1 merge done\n%state REL-1 tag done")


async def test_one_person_with_an_account_on_both_counts_once(both: Both) -> None:
    await both.play(CANDIDATE_IN_BOTH)
    await both.press_in_slack("rev1", "REL-1", "Approve…")
    await both.play("@rev1 in REL-1 matrix:#releases: approve\n%clock +1h\n%state REL-1 merge waiting")
    assert "WAITING FOR 1 YES" in both.in_slack("REL-1")


async def test_after_a_crash_both_threads_go_on(both: Both) -> None:
    await both.play(DECLARED_IN_BOTH)
    await both.play("%crash\n@oncall2 in INC-1 matrix:#ops: ack\n%state INC-1 acknowledge done")
    await both.play("%crash\n@oncall1 in INC-1: !note the replica is healthy\n%crash")
    for thread in (both.in_slack("INC-1"), both.in_matrix("INC-1")):
        assert thread.count("oncall2 has it") == 1
        assert thread.count("from now on, by oncall1") == 1
    assert both.in_matrix("INC-1").count("oncall1 in slack:#ops: !note the replica is healthy") == 1


async def test_while_slack_is_down_the_run_goes_on_in_matrix_and_slack_reads_it_later(both: Both) -> None:
    await both.play(DECLARED_IN_BOTH)
    both.slack.slack.faults.down = Fault.HTTP_503
    await both.play("@oncall2 in INC-1 matrix:#ops: ack\n%state INC-1 acknowledge done")
    assert "oncall2 has it" in both.in_matrix("INC-1")
    assert "oncall2 has it" not in both.in_slack("INC-1")
    both.slack.slack.faults.down = None
    await both.play("%clock +5m")
    assert both.in_slack("INC-1").count("oncall2 has it") == 1
    assert "oncall2 in matrix:#ops: ack" in both.in_slack("INC-1")


async def test_while_matrix_is_down_the_run_goes_on_in_slack(both: Both, between: Between) -> None:
    await both.play(DECLARED_IN_BOTH)
    between.fail(502, "<html>Bad gateway</html>", only="/send/")
    await both.play("@oncall2 in INC-1: ack\n%state INC-1 acknowledge done")
    assert "oncall2 has it" in both.in_slack("INC-1")
    between.mend()
    await both.play("%clock +5m")
    assert both.in_matrix("INC-1").count("oncall2 has it") == 1


async def test_a_room_the_bot_was_put_out_of_is_said_and_told_no_more(both: Both) -> None:
    matrix = both.rooms.matrix
    await both.play("@oncall1 #ops: /incident declare P1 payments return 500")
    matrix.owner.ask("POST", f"rooms/{matrix.rooms['maintainers']}/kick", {"user_id": matrix.bot.user})
    await both.play("@oncall1 in INC-1: !mirror matrix:#maintainers")
    assert "INC-1 could not be shown in matrix:#maintainers" in both.in_slack("INC-1")
    assert "Told in" not in both.in_slack("INC-1")
    await both.play("@oncall2 in INC-1: ack\n%state INC-1 acknowledge done")


async def test_a_run_under_embargo_goes_only_where_nobody_else_reads(both: Both) -> None:
    await both.play("""
        @guest #ops: /security report the parser overflows
        @seclead in SEC-1: !mirror matrix:#ops
        %expect "This run is seen by those who were let in, and by nobody else"
        @seclead in SEC-1: !mirror matrix:#security
        %expect "SEC-1 is told in slack:#security and matrix:#security"
    """)
    assert "the parser overflows" in both.in_matrix("SEC-1", "#security")
    assert both.rooms.matrix.thread("SEC-1", "#ops") is None


async def test_a_run_taken_back_from_a_chat_says_there_where_it_goes_on(both: Both) -> None:
    await both.play(DECLARED_IN_BOTH)
    await both.play("@oncall1 in INC-1 matrix:#ops: !unmirror matrix:#ops")
    assert "It goes on in slack:#ops" in both.in_matrix("INC-1")
    await both.play("@oncall2 in INC-1: ack")
    assert "oncall2 has it" not in both.in_matrix("INC-1")
    for word in ("status", "timeline", "!note seen"):
        await both.play(f'@oncall2 in INC-1 matrix:#ops: {word}\n%expect "INC-1 is not told here any more"')
