"""Nothing of a run under embargo leaves its private channel before the disclosure: everything that went out is read."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from tests.conversation.conftest import Conversation, conversations

SCRIPT = (Path(__file__).parent / "scripts" / "security-whole-path.sop").read_text(encoding="utf-8")
BEFORE = SCRIPT[: SCRIPT.index("@seclead in SEC-1: approve")]
#: Public runs that meet what is under embargo, and a day of which everybody hears only afterwards.
AROUND = """
@rm #releases: /release rc 1.4.0
@rm in REL-1: plan
@rm in REL-1: !start
@rm in REL-1: status
@rm in REL-1: !cancel other plans
@rm #releases: /release stable 1.4.0
@rm in STB-1: plan
@oncall1 #ops: /incident declare P1 logins fail
@oncall1 in INC-1: ack
@oncall1 in INC-1: !note it is the token check
@oncall1 in INC-1: !restrict the token check takes an empty header
%state INC-1 run cancelled
@seclead in SEC-2: !title the token check of everybody
%expect "SEC-2 is called now: the token check of everybody"
@oncall1 in INC-1: timeline
@oncall1 in INC-1: status
%down 1d
%clock +1h
"""
SECRETS = ("token check", "token-check", "empty header", "SEC-1", "GHSA", "CVSS:3.1", "0a1b2c3", "vulnerab", "embargo")


@dataclass
class Story:
    """What was said, every version of it as (channel, author, text)."""

    chat: Conversation
    shown: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """A hole reported, assessed, fixed and patched, its advisory not published yet; and what others did meanwhile."""
    async with conversations(tmp_path_factory.mktemp("embargo")) as begin:
        chat = await begin()
        shown: list[tuple[str, str, str]] = []
        chat.room.on_show.append(lambda post, _: shown.append((post.channel, post.author, "\n".join(post.lines))))
        chat.world.requests.keep_bodies = True
        await chat.play(f"{BEFORE}\n{AROUND}", "security")
        yield Story(chat, shown)


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


async def audit(chat: Conversation, *arguments: str) -> str:
    """What `sopwith audit …` prints; it must end well."""
    command = ["audit", *arguments, "--storage", chat.sandbox.storage]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert done.exit_code == 0, done.output
    return done.output


async def test_no_public_message_says_anything(story: Story) -> None:
    chat = story.chat
    # What a person typed stays theirs to type; the bot's own words are read, each as it was shown at first and later.
    said = [text for channel, author, text in story.shown if channel != "#security" and author == "sopwith"]
    assert len(said) > len({post.ref for post in chat.room.posts if post.edits and post.channel != "#security"})
    assert [text for text in said if leaks(text.replace("no run SEC-1", ""))] == []
    report = next(post for post in chat.room.posts if post.author == "guest")
    assert report.lines == ["(removed)"]


async def test_nothing_at_the_forge_says_anything(story: Story) -> None:
    chat = story.chat
    sent = [each for each in chat.world.requests.entries if "security-advisories" not in each.path]
    assert len([each for each in sent if each.method != "GET"]) > 3
    asked = [f"{each.method} {each.path}?{each.query}" for each in sent]
    assert [text for text in asked if leaks(text)] == []
    assert [each.path for each in sent if leaks(repr(each.request))] == []
    assert leaks(chat.git("log", "--all", "--format=%B")) == []
    assert leaks(chat.git("diff", "v1.3.0", "v1.3.1")) == []
    assert not [ref for ref in chat.refs() if leaks(ref)]


async def test_the_export_withholds_it_and_still_verifies(story: Story) -> None:
    chat = story.chat
    exported = await audit(chat, "export")
    assert leaks(exported.replace('"withheld": "embargo"', "")) == []
    assert leaks(await audit(chat, "export", "--markdown")) == []
    withheld = [json.loads(line) for line in exported.splitlines()]
    assert {"withheld", "seq", "payload_hash", "previous", "hash"} == set(withheld[0])
    await audit(chat, "verify")


async def test_its_name_opens_nothing_from_elsewhere(story: Story) -> None:
    chat = story.chat
    for text in ("/sop SEC-1 timeline", "/sop SEC-1 !note hello", "/sop FIX-1 plan", "/sop SEC-1 !cancel it"):
        assert "There is no run" in await chat.say("rm", "#releases", text)
    await chat.say("oncall1", "#ops", "/incident declare P2 something else")
    # A name that is kept from them is answered as one that nobody ever had.
    known = await chat.say("oncall1", "in INC-2", "!duplicate SEC-1")
    assert known == (await chat.say("oncall1", "in INC-2", "!duplicate SEC-9")).replace("SEC-9", "SEC-1")
    assert "There is no run SEC-1" in known
