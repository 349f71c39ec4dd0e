"""Which channel `!mirror` means, where a bot is in two chats."""

from typing import Any

import pytest

from bot.chat.commands import Mirror
from bot.chat.mirroring import Mirroring
from sops.kit.conversation import Place
from sops.kit.message import Card
from tests.unit.runs import an_incident

CHANNELS = {
    "slack": {"ops": "C1", "security": "C2"},
    "matrix": {"ops": "!ops:example.org", "releases": "!rel:example.org"},
}
IN_SLACK = an_incident(place=Place(platform="slack", channel="C1"))


class Directory:
    """A chat that knows what its channels are called there."""

    def __init__(self, names: dict[str, str], private: bool = False) -> None:
        self._names = names
        self._private = private

    async def called(self, name: str, among: Any) -> str | None:
        found = self._names.get(name)
        return found if found in among else None

    async def is_private(self, place: Place) -> bool:
        return self._private


def mirroring(private: bool = False) -> Mirroring:
    chats: Any = {
        "slack": Directory({"#incidents": "C1"}),
        "matrix": Directory({"#ops-room:example.org": "!ops:example.org", "#kitchen:example.org": "!k:x"}, private),
    }
    return Mirroring(chats, CHANNELS)


@pytest.mark.parametrize(
    ("typed", "channel", "name"),
    [
        ("matrix:#ops", "!ops:example.org", "matrix:#ops"),
        ("matrix:ops", "!ops:example.org", "matrix:#ops"),
        ("#ops", "!ops:example.org", "matrix:#ops"),  # it is told in Slack already
        ("#releases", "!rel:example.org", "matrix:#releases"),
        ("!rel:example.org", "!rel:example.org", "matrix:#releases"),
        ("#ops-room:example.org", "!ops:example.org", "matrix:#ops"),
        ("matrix:#ops-room:example.org", "!ops:example.org", "matrix:#ops"),
        ("slack:#security", "C2", "slack:#security"),
        ("slack:#incidents", "C1", "slack:#ops"),
    ],
)
async def test_a_channel_is_meant_by_its_name_here_or_there_or_by_its_id(typed: str, channel: str, name: str) -> None:
    aimed = await mirroring().aim(IN_SLACK, Mirror(typed))
    assert isinstance(aimed, Mirror)
    assert aimed.place is not None
    assert (aimed.place.channel, aimed.name, aimed.home) == (channel, name, "slack:#ops")


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("irc:#ops", "I am in no chat called irc; I am in slack and matrix."),
        (
            "matrix:#kitchen:example.org",
            "I serve no channel matrix:#kitchen:example.org. There is matrix:#ops or matrix",
        ),
        ("#nowhere", "I serve no channel #nowhere."),
        ("matrix:", "I serve no channel matrix:."),
    ],
)
async def test_a_channel_the_settings_do_not_have_is_refused(typed: str, refusal: str) -> None:
    assert refusal in await refused(mirroring(), Mirror(typed))


async def test_where_two_channels_fit_the_bot_asks_which() -> None:
    elsewhere = IN_SLACK.but(place=Place(platform="console", channel="#ops"))
    said = await mirroring().aim(elsewhere, Mirror("#ops"))
    assert isinstance(said, Card)
    assert (
        "#ops may be slack:#ops or matrix:#ops; say which: !mirror slack:#ops or !mirror matrix:#ops." in said.plain()
    )


async def test_a_private_run_goes_only_where_the_chat_says_that_nobody_else_reads() -> None:
    private = IN_SLACK.but(private=True)
    assert "by nobody else" in await refused(mirroring(), Mirror("#releases"), private)
    assert isinstance(await mirroring(private=True).aim(private, Mirror("#releases")), Mirror)


async def refused(where: Mirroring, command: Mirror, run: Any = IN_SLACK) -> str:
    said = await where.aim(run, command)
    assert isinstance(said, Card)
    return said.plain()
