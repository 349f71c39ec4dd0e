"""`sopwith demo` typed in a terminal, in a world that goes on by itself. One command, one answer."""

import json
import re
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests.conversation.terminal import Terminal, terminal

PROGRAM = Path(sys.executable).with_name("sopwith")


def be(screen: Terminal, handle: str) -> None:
    screen.type(f"@{handle}", until=rf"{handle} \S+>")


def test_whatever_people_type_is_done_and_answered_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with terminal(PROGRAM, "demo", "--home", str(home)) as screen:
        screen.wait_for("rm #releases>")
        screen.type("/incident declare P1 payments return 500", until="You are in INC-1's thread")
        be(screen, "oncall1")
        screen.type("ack", until="oncall1 has it and is the commander")
        be(screen, "rm")
        screen.type("#releases", until="rm #releases>")
        screen.type("/release rc 1.4.0", until="You are in REL-1's thread")
        screen.type("!start", until="rm started REL-1")
        screen.type("%wait REL-1 merge", until="needs 1 yes from a reviewer")
        be(screen, "rev1")
        screen.type("approve", until="Approved by rev1")
        for late in ("rev2", "rev3"):
            be(screen, late)
            screen.type("approve", until=rf"only {late} sees this")
        assert screen.leave() == 0

    said = Counter(re.findall(r"\d (#?\S+ +sopwith.*: .*)", screen.shown))  # posts and whispers; edits have a mark
    assert {words: count for words, count in said.items() if count > 1} == {}
    with closing(sqlite3.connect(home / "sopwith.db")) as database:
        runs = [name for (name,) in database.execute("SELECT name FROM run ORDER BY number")]
        events = [json.loads(event)["text"] for (event,) in database.execute("SELECT event FROM inbox ORDER BY seq")]
        unhandled = list(database.execute("SELECT seq, state FROM inbox WHERE state <> 'done'"))
        record = Counter(kind for (kind,) in database.execute("SELECT kind FROM ledger_entry"))
        whispers = database.execute("SELECT count(*) FROM outbox WHERE kind = 'whisper'").fetchone()[0]
    assert runs == ["INC-1", "REL-1"]
    assert [text for text in events if text] == [
        "/incident declare P1 payments return 500",
        "ack",
        "/release rc 1.4.0",
        "!start",
        *["approve"] * 3,
    ]
    assert unhandled == []
    assert {kind: record[kind] for kind in ("declared", "acknowledge", "planned", "started", "yes")} == {
        "declared": 1, "acknowledge": 1, "planned": 1, "started": 1, "yes": 1,
    }  # fmt: skip
    assert whispers == 3  # where the incident is, and one refusal for each yes that came late
