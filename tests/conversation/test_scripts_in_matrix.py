"""The same stories in Matrix, on a real homeserver: one of each procedure in the gate, all where there is time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conversation.matrix_room import MatrixRoom, matrix_stage
from tests.conversation.sealed_room import SealedRoom
from tests.conversation.test_scripts import SCRIPTS
from tests.conversation.test_scripts_in_slack import EVERY, IN_THE_GATE
from tests.standins.synapse import Synapse


@pytest.mark.parametrize("name", IN_THE_GATE)
async def test_the_story_comes_true_in_matrix(name: str, homeserver: Synapse, tmp_path: Path) -> None:
    await _play(name, homeserver, tmp_path)


@pytest.mark.chaos
@pytest.mark.parametrize("name", [name for name in EVERY if name not in IN_THE_GATE])
async def test_every_story_comes_true_in_matrix(name: str, homeserver: Synapse, tmp_path: Path) -> None:
    await _play(name, homeserver, tmp_path)


@pytest.mark.parametrize("name", ["incident-p1"])
async def test_the_story_comes_true_in_encrypted_rooms(name: str, homeserver: Synapse, tmp_path: Path) -> None:
    await _play_sealed(name, homeserver, tmp_path)


@pytest.mark.chaos
@pytest.mark.parametrize("name", [name for name in IN_THE_GATE if name != "incident-p1"])
async def test_every_procedure_comes_true_in_encrypted_rooms(name: str, homeserver: Synapse, tmp_path: Path) -> None:
    await _play_sealed(name, homeserver, tmp_path)


async def _play_sealed(name: str, homeserver: Synapse, home: Path) -> None:
    made: list[SealedRoom] = []

    def sealed(server: Synapse, home: Path, version: str | None) -> SealedRoom:
        made.append(SealedRoom(server, home, version))
        return made[0]

    try:
        await _play(name, homeserver, home, sealed)
    finally:
        for room in made:
            room.programs.close()


async def _play(
    name: str,
    homeserver: Synapse,
    home: Path,
    rooms: Callable[[Synapse, Path, str | None], MatrixRoom] = MatrixRoom,
) -> None:
    lines: list[str] = []
    async with matrix_stage(home, homeserver, None, lines.append, rooms=rooms) as (player, _, _):
        await player.play((SCRIPTS / f"{name}.sop").read_text(encoding="utf-8"), name)
    assert "went wrong inside Sopwith" not in "\n".join(lines)
