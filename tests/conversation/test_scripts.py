"""Every script of `scripts/` is a story that must come true, line by line."""

from pathlib import Path

import pytest

from bot.demo.play import Failed
from tests.conversation.conftest import Conversation

SCRIPTS = Path(__file__).parent / "scripts"
#: The stories that must be there; one that is renamed or lost is noticed.
STORIES = {
    "downtime",
    "incident-duplicate",
    "incident-false-alarm",
    "incident-handoff",
    "incident-no-severity",
    "incident-p0",
    "incident-p1",
    "incident-p3",
    "incident-reopen",
    "incident-severity-change",
    "incident-snooze",
    "ordinary-talk",
    "rc-blocker-day-3",
    "rc-blocker-dismissed",
    "rc-branch-exists",
    "rc-happy-path",
    "rc-hold-resume-cancel",
    "rc-red-check",
    "rc-tag-exists",
    "rc-unpublished",
    "rc-waive",
    "two-runs-at-once",
}


def test_every_story_is_there() -> None:
    assert {path.stem for path in SCRIPTS.glob("*.sop")} >= STORIES


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.sop")))
async def test_the_story_comes_true(name: str, chat: Conversation) -> None:
    script = (SCRIPTS / name).read_text(encoding="utf-8")
    assert "%expect" in script
    assert "%state" in script
    await chat.play(script, name)
    assert "went wrong inside Sopwith" not in chat.text
    assert await chat.parked() == []


async def test_an_expectation_that_fails_names_its_line(chat: Conversation) -> None:
    with pytest.raises(Failed, match=r"story:3: %expect never said"):
        await chat.play("# one\n@guest #ops: /incident declare P1 smoke\n%expect never said", "story")
    with pytest.raises(Failed, match=r"story:2: %reject"):
        await chat.play("@guest #ops: /incident declare P1 more smoke\n%reject smoke", "story")
    with pytest.raises(Failed, match="INC-1 acknowledge is waiting, not done"):
        await chat.play("%state INC-1 acknowledge done")
