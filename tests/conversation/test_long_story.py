"""The long night, as the record tells it afterwards: in order, whole, and with everybody who agreed."""

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from bot.cli import app
from tests.conversation.conftest import Open

STORY = (Path(__file__).parent / "scripts" / "the-long-night.sop").read_text(encoding="utf-8")

#: (run, kind, who or what): the story's turning points, in their order.
TOLD = [
    ("REL-1", "effect", "merge PR"),
    ("STB-1", "approval-consumed", "rev1, rev2"),
    ("STB-1", "effect", "push signed tag v1.4.0"),
    ("INC-1", "declared", "guest"),
    ("INC-1", "acknowledge", "oncall1"),
    ("RBK-1", "approval-consumed", "rev3"),
    ("RBK-1", "effect", "point latest at the image of 1.3.0"),
    ("RBK-1", "obligation", "bring 1.4.0's work back"),
    ("SEC-1", "planned", "oncall2"),
    ("FIX-1", "approval-consumed", "rev2"),
    ("FIX-1", "effect", "push signed tag v1.3.1"),
    ("SEC-1", "approval-consumed", "seclead"),
    ("SEC-1", "effect", "publish GHSA-"),
    ("SEC-1", "effect", "request a CVE"),
    ("INC-1", "effect", "open a pull request with docs/incidents/"),
    ("INC-1", "ended", "done"),
    ("RBK-1", "obligation-met", "reland"),
]


async def test_the_record_tells_the_story_and_holds(converse: Open) -> None:
    chat = await converse()
    await chat.play(STORY, "the-long-night")
    exported = await audit(chat.sandbox.storage, "export")
    entries = [json.loads(line) for line in exported.splitlines()]
    told = sorted(entries, key=lambda entry: entry["at"])
    left = iter(told)
    for run, kind, what in TOLD:
        assert any((e["run"], e["kind"]) == (run, kind) and what in said(e) for e in left), f"{run}: {kind} {what}"
    assert "withheld" not in exported
    people = await audit(chat.sandbox.storage, "export", "--markdown")
    for name in ("REL-1", "STB-1", "INC-1", "RBK-1", "SEC-1", "FIX-1"):
        assert f"# {name}: " in people
    assert "used approval" in people
    assert "whole" in await audit(chat.sandbox.storage, "verify")


def said(entry: dict[str, object]) -> str:
    payload = entry["payload"]
    by = payload.get("by") if isinstance(payload, dict) else ""
    names = ", ".join(by) if isinstance(by, list) else ""
    return f"{entry['actor']} {names} {json.dumps(payload)}"


async def audit(storage: str, *arguments: str) -> str:
    done = await asyncio.to_thread(CliRunner().invoke, app, ["audit", *arguments, "--storage", storage])
    assert done.exit_code == 0, done.output
    return done.output
