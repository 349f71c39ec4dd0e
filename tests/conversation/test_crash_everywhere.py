"""The bot dies after every line of a story, and the story is told in the same words.

Crashes inside a line are the business of `tests/chaos`; here the whole conversation, post by post, must not differ.
"""

import re
from pathlib import Path

import pytest

from tests.conversation.conftest import Conversation, Open

SCRIPTS = Path(__file__).parent / "scripts"
_CHECK = re.compile(r"%(expect|reject|state)\b")


def with_crashes(script: str) -> str:
    """The script with the bot dying after every direction and what is expected of it."""
    lines: list[str] = []
    for line in script.splitlines():
        acts = line.startswith(("@", "%")) and not _CHECK.match(line)
        if acts and lines:
            lines.append("%crash")
        lines.append(line)
    return "\n".join([*lines, "%crash"])


def told(chat: Conversation) -> list[tuple[str, str, str, list[str]]]:
    """Every post as it reads in the end, with what differs from run to run (codes, SHAs, digests) left out."""
    posts = []
    for post in chat.room.posts:
        lines = [re.sub(r"\b[0-9a-f]{4}\b|\b[0-9a-f]{7}\b|[0-9a-f]{40,64}", "…", line) for line in post.lines]
        posts.append((post.author, post.channel, post.to, lines))
    return posts


def test_a_crash_is_put_after_every_line() -> None:
    assert with_crashes('# x\n@a #b: c\n%expect "d"\n%clock +1d') == (
        '# x\n%crash\n@a #b: c\n%expect "d"\n%crash\n%clock +1d\n%crash'
    )


@pytest.mark.parametrize("name", ["rc-happy-path", "rc-blocker-day-3", "incident-p1", "incident-reopen"])
async def test_a_crash_after_every_line_changes_no_word(name: str, converse: Open) -> None:
    script = (SCRIPTS / f"{name}.sop").read_text(encoding="utf-8")
    plain, crashing = await converse(), await converse()
    await plain.play(script, name)
    await crashing.play(with_crashes(script), f"{name} with crashes")
    assert told(crashing) == told(plain)
    assert crashing.refs() == plain.refs()
    assert {number: issue.title for number, issue in crashing.world.core.state.issues.items()} == {
        number: issue.title for number, issue in plain.world.core.state.issues.items()
    }
    assert len(crashing.world.core.state.discussions) == len(plain.world.core.state.discussions)
    assert crashing.stored() == plain.stored()
