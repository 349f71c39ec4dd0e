"""The same stories in Slack: one of each procedure in the gate, all of them where there is time."""

from pathlib import Path

import pytest

from tests.conversation.slack_room import slack_stage
from tests.conversation.test_scripts import SCRIPTS

#: One whole path of each procedure.
IN_THE_GATE = (
    "stable-whole-path",
    "hotfix-p0",
    "rc-happy-path",
    "rollback-in-incident",
    "security-whole-path",
    "deps-whole-path",
    "onboard-whole-path",
    "incident-p1",
)
EVERY = sorted(path.stem for path in SCRIPTS.glob("*.sop"))


@pytest.mark.parametrize("name", IN_THE_GATE)
async def test_the_story_comes_true_in_slack(name: str, tmp_path: Path) -> None:
    await _play(name, tmp_path, "socket")


@pytest.mark.chaos
@pytest.mark.parametrize("name", [name for name in EVERY if name not in IN_THE_GATE])
async def test_every_story_comes_true_in_slack(name: str, tmp_path: Path) -> None:
    await _play(name, tmp_path, "socket")


@pytest.mark.parametrize("name", ["incident-p0"])
async def test_the_story_comes_true_by_http(name: str, tmp_path: Path) -> None:
    await _play(name, tmp_path, "http")


@pytest.mark.chaos
@pytest.mark.parametrize("name", IN_THE_GATE)
async def test_every_procedure_comes_true_by_http(name: str, tmp_path: Path) -> None:
    await _play(name, tmp_path, "http")


async def _play(name: str, home: Path, mode: str) -> None:
    lines: list[str] = []
    async with slack_stage(home, None, lines.append, mode=mode) as (player, room, _):
        await player.play((SCRIPTS / f"{name}.sop").read_text(encoding="utf-8"), name)
        assert not room.slack.unacked
    assert "went wrong inside Sopwith" not in "\n".join(lines)
