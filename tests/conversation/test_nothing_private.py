"""A report where the bot knows no private channel: it is taken away, and nothing of it is kept."""

import sqlite3
from contextlib import closing

import pytest

from tests.conversation.conftest import Conversation, Open

REPORT = "@guest #ops: /security report the token check can be skipped"
MISTYPED = "@guest #ops: /secuirty report the token check can be skipped"
BELOW_ANOTHER = "@guest #ops: /incident security report the token check can be skipped"
RESTRICTED = """
@oncall1 #ops: /incident declare P1 logins fail
@oncall1 in INC-1: !restrict the token check can be skipped
"""


def kept(chat: Conversation) -> str:
    """Everything the bot's database holds."""
    with closing(sqlite3.connect(chat.home / "sopwith.db")) as database:
        return "\n".join(database.iterdump())


@pytest.mark.parametrize("report", [REPORT, MISTYPED, BELOW_ANOTHER, RESTRICTED])
async def test_nothing_of_it_is_kept(converse: Open, report: str) -> None:
    chat = await converse()
    chat.room.private = frozenset()
    await chat.play(f'{report}\n%expect "I keep nothing and repeat nothing of it"\n%expect "I took your message away"')
    assert [post.lines for post in chat.room.posts if "token" in "".join(post.lines)] == []
    assert "I keep nothing" in kept(chat)
    assert "token check" not in kept(chat)


async def test_a_message_it_may_not_take_away_is_asked_to_be_deleted(converse: Open) -> None:
    chat = await converse()
    chat.room.private = frozenset()
    chat.room.edit = lambda ref, lines: False  # type: ignore[method-assign]  # a room that lets nobody remove
    await chat.play(f'{REPORT}\n%expect "Please delete your message here"')


@pytest.mark.parametrize("report", [REPORT, MISTYPED, BELOW_ANOTHER])
async def test_a_report_does_not_stay_where_others_read(chat: Conversation, report: str) -> None:
    await chat.play(f'{report}\n%expect "I took your message away"\n%state SEC-1 run active')
    read = ["".join(post.lines) for post in chat.room.posts if post.channel != "#security"]
    assert not [text for text in read if "token" in text]
