"""`sopwith serve` as a newcomer starts it: the example with nothing but ids, addresses and tokens filled in.

The file is in a folder of its own, the bot is started from another one, as a service is, and has an incident.
"""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from tests.conversation.matrix_room import MatrixRoom
from tests.conversation.slack_room import SlackRoom
from tests.standins.slack import SlackStandIn
from tests.standins.synapse import PASSWORD, Synapse

EXAMPLE = Path(__file__).parents[3] / "sopwith.example.toml"
CODE = "import sys; from bot.cli import main; sys.argv[0] = 'sopwith'; main()"
SECONDS = 240
SERVING = "Sopwith is serving."
A_SECOND = {"SOPWITH_SLACK__BOT_TOKEN": "xoxb-another", "SOPWITH_SLACK__APP_TOKEN": "xapp-another"}


@dataclass
class Folders:
    """Where the settings are, and where the bot is started."""

    there: Path
    here: Path


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders(tmp_path / "etc", tmp_path / "elsewhere")
    found.there.mkdir()
    found.here.mkdir()
    return found


def filled_in(example: str, changes: Mapping[str, str]) -> str:
    """The example with each of these put in the place of what stands there, and nothing else changed."""
    for before, after in changes.items():
        assert before in example, before
        example = example.replace(before, after)
    return example


@asynccontextmanager
async def served(folders: Folders, text: str, **secrets: str) -> AsyncIterator[list[str]]:
    """The bot in a process of its own; what it says on standard error. Told to stop, it ends without complaint."""
    (folders.there / "sopwith.toml").write_text(text, encoding="utf-8")
    told = {f"SOPWITH_{name.upper()}": value for name, value in secrets.items()}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOPWITH_")} | told
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CODE, "serve", "--settings", str(folders.there / "sopwith.toml")),
        cwd=folders.here,
        env={**environment, "PYTHONPATH": str(EXAMPLE.parent)},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    said: list[str] = []
    try:
        async with asyncio.timeout(SECONDS):
            assert bot.stderr is not None
            while SERVING not in said:
                line = await bot.stderr.readline()
                assert line, "\n".join(said)
                said.append(line.decode().rstrip())
        yield said
        bot.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.wait_for(asyncio.gather(bot.stderr.read(), bot.wait()), SECONDS)
        said += rest.decode().splitlines()
        assert bot.returncode == 0, said
        assert not [line for line in said if '"level": "error"' in line]
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.wait()


def assert_all_is_beside_the_settings(folders: Folders, *more: str) -> None:
    assert not list(folders.here.iterdir())
    made = {each.name: each for each in folders.there.iterdir()}
    assert {"sopwith.db", "sopwith-data", *more} <= set(made)
    open_to_others = [name for name, each in made.items() if name.startswith("sopwith") and each.stat().st_mode & 0o077]
    assert open_to_others == ["sopwith.toml"]


def began(folders: Folders) -> subprocess.Popen[str]:
    """Another bot with the same settings and no tokens."""
    return subprocess.Popen(
        (sys.executable, "-c", CODE, "serve", "--settings", str(folders.there / "sopwith.toml")),
        cwd=folders.here,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(EXAMPLE.parent), **A_SECOND},
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_in_slack(folders: Folders) -> None:
    async with SlackStandIn(lambda: datetime.now(UTC)) as server:
        server.workspace._count = count(0x2C5E_0000)  # ids as an example has them are refused as not filled in
        room = SlackRoom(server)
        ada, grace = room.users["oncall1"], room.users["rev1"]
        changes = {
            "T0000000001/U0000000001": f"{ada.team}/{ada.id}",
            "T0000000001/U0000000002": f"{grace.team}/{grace.id}",
            "C0000000001": room.channels["ops"].id,
            "C0000000002": room.channels["releases"].id,
            "C0000000003": room.channels["maintainers"].id,
            "C0000000004": room.channels["security"].id,
        }
        secrets = {"slack__bot_token": server.bot_token, "slack__app_token": server.app_token}
        async with served(
            folders, filled_in(EXAMPLE.read_text("utf-8"), changes), **secrets, slack__api_url=server.api_url
        ):
            await server.slash(grace, room.channels["ops"], "/incident", "declare P1 payments return 500")
            await server.until(lambda: room.thread("INC-1") is not None, SECONDS)
            thread = (room.thread("INC-1") or ("", ""))[1]

            async def say(text: str, answer: str) -> None:
                await server.say(ada, room.channels["ops"], text, thread_ts=thread)
                await server.until(
                    lambda: any(answer in seen.plain() for seen in server.thread(room.channels["ops"], thread)), SECONDS
                )

            await say("ack", "ada has it and is the commander")
            second = began(folders)  # by mistake, on the same database
            await say("!update two of three nodes are out of disk", "update noted (ada)")
            await say("!verify payments at 100 %", "INC-1 is resolved, says ada")
            _, refused = await asyncio.to_thread(second.communicate, timeout=SECONDS)
            assert second.returncode == 2, refused
            assert re.search(r"sopwith\.db is in use by process \d+ on .*one SQLite file serves one bot", refused)
    assert_all_is_beside_the_settings(folders)


async def test_in_matrix(homeserver: Synapse, folders: Folders) -> None:
    room = MatrixRoom(homeserver, folders.there)
    ops, ada, grace = room.rooms["ops"], homeserver.person("oncall1"), homeserver.person("rev1")
    example = EXAMPLE.read_text("utf-8")
    (folders.there / "sopwith-matrix-keys").mkdir(mode=0o755)  # of an earlier build, which left it open to others
    section = example[example.index("[slack]") : example.index("# Who may what")]
    switched_on = re.sub(r"(?m)^# (?=\[matrix\]|[\w]+ = )", "", section[section.index("# [matrix]") :])
    changes = {
        section: switched_on,
        'device_id = "': '# device_id = "',  # told at the login
        "https://matrix.acme.example": homeserver.url,
        "@sopwith:acme.example": room.bot.user,
        '["@ada:acme.example"]   # whose': f'["{room.owner.user}"]   # whose',
        "@ada:acme.example": ada.user,
        "!maint:acme.example": room.rooms["maintainers"],
        **{f"!{name}:acme.example": room.rooms[name] for name in ("ops", "releases", "security")},
    }
    async with served(
        folders, filled_in(example, changes), matrix__password=PASSWORD, matrix__store_key="only for tests"
    ):
        room.who("rev1", ops).say(ops, "!incident declare P1 payments return 500")
        await until(lambda: room.thread("INC-1") is not None and room.count("Acknowledge by") > 0)
        thread = (room.thread("INC-1") or ("", ""))[1]

        async def say(text: str, answer: str) -> None:
            room.who("oncall1", ops).say(ops, text, thread)
            await until(lambda: room.count(answer) > 0)

        await say("ack", "ada has it and is the commander")
        await say("!update two of three nodes are out of disk", "update noted (ada)")
        await say("!verify payments at 100 %", "INC-1 is resolved, says ada")
    assert grace.user != ada.user
    assert_all_is_beside_the_settings(folders, "sopwith-matrix-login.json", "sopwith-matrix-keys")


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110  # the bot lives in another process
            await asyncio.sleep(0.1)
