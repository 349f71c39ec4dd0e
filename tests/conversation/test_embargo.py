"""Nothing of a run under embargo leaves its private channel before the disclosure: everything that went out is read."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from bot.cli import app
from tests.conversation.conftest import Conversation, conversations

SCRIPT = (Path(__file__).parent / "scripts" / "security-whole-path.sop").read_text(encoding="utf-8")
BEFORE = SCRIPT[: SCRIPT.index("@seclead in SEC-1: approve")]
SECRETS = ("token check", "token-check", "empty header", "SEC-1", "GHSA", "CVSS:3.1", "0a1b2c3", "vulnerab", "embargo")


@pytest.fixture(scope="module")
async def story(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Conversation, list[dict[str, object]]]]:
    """A hole reported, assessed, fixed and patched, its advisory not published yet; and what was logged meanwhile."""
    with structlog.testing.capture_logs() as logged:
        async with conversations(tmp_path_factory.mktemp("embargo")) as begin:
            chat = await begin()
            chat.world.requests.keep_bodies = True
            await chat.play(BEFORE, "security")
            yield chat, logged


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


async def audit(chat: Conversation, *arguments: str) -> str:
    """What `sopwith audit …` prints; it must end well."""
    command = ["audit", *arguments, "--storage", chat.sandbox.storage]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert done.exit_code == 0, done.output
    return done.output


async def test_no_public_message_says_anything(story: tuple[Conversation, list[dict[str, object]]]) -> None:
    chat, _ = story
    # What a person typed stays theirs to type; the bot's own words are read, and what is left of the report.
    public = [p for p in chat.room.posts if p.channel != "#security" and "/sop SEC-1" not in p.lines[0]]
    said = [
        "\n".join(post.lines) for post in public if post.author == "sopwith" and "no run SEC-1" not in post.lines[0]
    ]
    assert [text for text in said if leaks(text)] == []
    report = next(post for post in chat.room.posts if post.author == "guest")
    assert report.lines == ["(removed)"]


async def test_nothing_at_the_forge_says_anything(story: tuple[Conversation, list[dict[str, object]]]) -> None:
    chat, _ = story
    sent = [
        each for each in chat.world.requests.entries if each.method != "GET" and "security-advisories" not in each.path
    ]
    assert len(sent) > 3
    assert [each.path for each in sent if leaks(f"{each.path} {each.request!r}")] == []
    assert leaks(chat.git("log", "--all", "--format=%B")) == []
    assert leaks(chat.git("diff", "v1.3.0", "v1.3.1")) == []
    assert not [ref for ref in chat.refs() if leaks(ref)]


async def test_the_log_says_nothing(story: tuple[Conversation, list[dict[str, object]]]) -> None:
    _, logged = story
    assert leaks(json.dumps(logged, default=str)) == []


async def test_the_export_withholds_it_and_still_verifies(story: tuple[Conversation, list[dict[str, object]]]) -> None:
    chat, _ = story
    exported = await audit(chat, "export")
    assert leaks(exported.replace('"withheld": "embargo"', "")) == []
    assert leaks(await audit(chat, "export", "--markdown")) == []
    withheld = [json.loads(line) for line in exported.splitlines()]
    assert {"withheld", "seq", "payload_hash", "previous", "hash"} == set(withheld[0])
    await audit(chat, "verify")


async def test_its_name_opens_nothing_from_elsewhere(story: tuple[Conversation, list[dict[str, object]]]) -> None:
    chat, _ = story
    for text in ("/sop SEC-1 timeline", "/sop SEC-1 !note hello", "/sop FIX-1 plan", "/sop SEC-1 !cancel it"):
        assert "There is no run" in await chat.say("rm", "#releases", text)
    await chat.say("rm", "#ops", "/incident declare P2 something else")
    assert "SEC-1" not in await chat.say("rm", "in INC-1", "!duplicate SEC-1") or "no run" in chat.text.lower()
