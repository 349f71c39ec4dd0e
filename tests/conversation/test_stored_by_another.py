"""Rows of a newer version, as a downgrade leaves them: unknown keys are kept, what cannot be read stops nothing."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from bot.wiring.audit import audited, exported, undone, unreadable
from tests.conversation.conftest import Conversation

Body = dict[str, Any]


async def left_by_another(chat: Conversation, change: Callable[[sqlite3.Connection], None]) -> None:
    """The bot goes; another version was at work on its database; the bot comes back."""
    await chat.stage.bot.kill()
    with closing(sqlite3.connect(chat.home / "sopwith.db")) as database, database:
        change(database)
    await chat.stage._start()
    await chat.stage.settle()


def body(database: sqlite3.Connection, name: str) -> Body:
    found: Body = json.loads(database.execute("SELECT body FROM run WHERE name = ?", (name,)).fetchone()[0])
    return found


def store(database: sqlite3.Connection, name: str, changed: Body) -> None:
    database.execute("UPDATE run SET body = ? WHERE name = ?", (json.dumps(changed), name))


def stored(chat: Conversation, name: str) -> Body:
    with closing(sqlite3.connect(chat.home / "sopwith.db")) as database:
        return body(database, name)


def add_unknown_settings(database: sqlite3.Connection) -> None:
    run = body(database, "REL-1")
    run["policy"]["moon"] = {"phase": 3}
    run["policy"]["version_files"][0]["charset"] = "latin-1"
    store(database, "REL-1", run)


def add_unknown_keys(database: sqlite3.Connection) -> None:
    run = body(database, "REL-1")
    run["weather"] = {"sky": ["blue"]}
    run["records"]["merge"]["mood"] = "calm"
    run["requests"][0]["colour"] = "red"
    run["facts"]["tide"] = "high"
    run["place"]["floor"] = 4
    run["definition"][0]["later"] = True
    store(database, "REL-1", run)
    message = json.loads(
        database.execute("SELECT message FROM outbox WHERE logical_id LIKE '%/request/1'").fetchone()[0]
    )
    message["sound"] = "bell"
    message["card"]["theme"] = "dark"
    message["card"]["lines"][0][0]["kind"] = "blinking"
    database.execute("UPDATE outbox SET message = ? WHERE logical_id LIKE '%/request/1'", (json.dumps(message),))


async def test_unknown_keys_are_kept_and_the_yes_is_used(chat: Conversation) -> None:
    await chat.play("@rm #releases: /release rc 1.4.0")
    await left_by_another(chat, add_unknown_settings)
    await chat.play("@rm in REL-1: !start\n%wait REL-1 merge")
    code = await chat.code("REL-1")
    await left_by_another(chat, add_unknown_keys)
    await chat.play("@rev1 in REL-1: approve\n%clock +1m\n%wait REL-1 soak")
    run = stored(chat, "REL-1")
    (asked,) = run["requests"]
    assert (asked["code"], asked["state"], asked["colour"]) == (code, "consumed", "red")
    assert (run["weather"], run["policy"]["moon"], run["facts"]["tide"]) == ({"sky": ["blue"]}, {"phase": 3}, "high")
    assert (run["policy"]["version_files"][0]["charset"], run["records"]["merge"]["mood"]) == ("latin-1", "calm")
    assert (run["place"]["floor"], run["definition"][0]["later"]) == (4, True)
    found = (await audited(chat.sandbox.storage)).faults  # who changed settings and steps is told by nobody
    assert [fault.what.partition(": ")[2] for fault in found] == ["policy", "definition"]


def break_incident(database: sqlite3.Connection) -> None:
    run = body(database, "INC-1")
    run["severity"] = "P-1"
    run["policy"]["effects"] = "robots"
    store(database, "INC-1", run)


async def test_a_run_that_cannot_be_read_stops_nothing(chat: Conversation) -> None:
    await chat.play(
        "@guest #ops: /incident declare P1 payments return 500\n"
        "@guest #ops: /incident declare P1 search is slow\n"
        "@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start\n%wait REL-1 merge"
    )
    readable = stored(chat, "INC-1")
    before = len(chat.room.posts)
    await left_by_another(chat, break_incident)
    await chat.play("%clock +30m")
    said = [post for post in chat.room.posts[before:] if "cannot be read" in "".join(post.lines)]
    assert {chat.room.run_in(post.thread or "") for post in said} == {"INC-1", ""}, "in its thread, and to operators"
    once = [post for post in said if "nothing is lost" in "".join(post.lines)]
    assert len(once) == 1
    assert "P-1" not in "".join(once[0].lines)
    assert "robots" not in "".join(once[0].lines)
    await chat.play(
        "@oncall1 in INC-2: ack\n%state INC-2 acknowledge done\n"
        "@rev1 in REL-1: approve\n%clock +1m\n%wait REL-1 soak\n"
        '@rm #releases: /sop list\n@oncall1 in INC-1: it was the disk\n%reject "another version"\n'
        '@guest in INC-1: ack\n%expect "INC-1 was stored by another version"\n'
        '@oncall1 in INC-1: !mitigate moved\n%expect "INC-1 was stored by another version"\n'
        '@oncall1 #ops: /sop INC-1 status\n%expect "INC-1 was stored by another version"'
    )
    (found,) = await unreadable(chat.sandbox.storage)
    assert "cannot be read: INC-1 (SOP-08), policy.effects: literal_error; severity: enum" in found
    found = await audited(chat.sandbox.storage)
    assert (found.faults, found.audit.unread) == ([], ("INC-1",))
    told = list(await exported(chat.sandbox.storage, markdown=False, only="INC-1"))
    assert told == [line for line in told if "withheld" in line] != []
    assert await chat.parked() == []
    # The version that can read it finds what it left, and what came due meanwhile.
    await left_by_another(chat, lambda database: store(database, "INC-1", readable))
    await chat.play('%clock +20m\n%expect "INC-1"\n@oncall1 in INC-1: ack\n%state INC-1 acknowledge done')


async def test_for_an_incident_nobody_took_and_nobody_can_read_people_are_called_until_somebody_knows(
    chat: Conversation,
) -> None:
    await chat.play(
        "@guest #ops: /incident declare P1 payments return 500\n"
        "@guest #ops: /incident declare P1 search is slow\n@oncall2 in INC-2: ack"
    )

    def breaks(database: sqlite3.Connection) -> None:
        break_incident(database)
        store(database, "INC-2", {**body(database, "INC-2"), "severity": "P-1"})

    await left_by_another(chat, breaks)
    calls = "INC-1 is open and cannot be read by this version of Sopwith\\."
    await chat.play(
        f'%expect "@oncall1 @oncall2 @rm @rm2 {calls}"\n%reject "INC-2 is open and"\n'
        f'%clock +4m\n%reject "INC-1 is open"\n%clock +1m\n%expect "{calls}"\n'
        "%crash\n"
        f'%clock +2h\n%expect "@oncall1 @oncall2 @rm @rm2 {calls}"\n%reject "INC-2 is open and"\n'
        '@oncall1 #ops: /sop runs\n%expect "INC-1 cannot be read by this version"\n'
        '@oncall1 #ops: /incident ack\n%expect "INC-2 is open and cannot be read"\n'
        f'@guest in INC-1: ack\n%clock +15m\n%expect "{calls}"\n'
        '@oncall1 in INC-1: who has this?\n%clock +15m\n%expect "INC-1 is open"\n'
        f'@oncall2 in INC-1: On it!\n@rev1 in INC-1: ack\n%clock +15m\n%expect "{calls}"\n'
        '@oncall2 in INC-1: Ack!\n%expect "oncall2 knows of INC-1; nobody else is called for it for 4"\n'
        '%clock +2h\n%reject "INC-1 is open"\n%crash\n%clock +1h\n%reject "INC-1 is open"\n'
        f'%clock +1h\n%expect "{calls}"\n@rm in INC-1: ack\n%expect "rm knows of INC-1"\n'
        '%clock +3h\n%reject "INC-1 is open"\n'
        '@oncall1 in INC-1: ack\n%expect "INC-1 was stored by another version"'
    )
    assert not (await audited(chat.sandbox.storage)).faults


async def test_a_freeze_that_cannot_be_read_still_holds(chat: Conversation) -> None:
    await chat.play(
        "@rm #releases: /release freeze the holidays\n@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start"
    )

    def breaks(database: sqlite3.Connection) -> None:
        store(database, "FRZ-1", {**body(database, "FRZ-1"), "state": "thawing"})

    await left_by_another(chat, breaks)
    await chat.play('%clock +1h\n%state REL-1 merge waiting\n%reject "REL-1 needs 1 yes"\n@rm in REL-1: status')
    assert "nobody knows whether releases are frozen" in chat.text
    # Two people may say that it goes on without that.
    await chat.play(
        '@rm #releases: /release unfreeze\n%expect "FRZ-1 was stored by another version"\n'
        '@rm in REL-1: !waive INC-9 hm\n%expect "There is no step"\n'
        "@rm in REL-1: !waive FRZ-1 the holidays are over\n"
        '%expect "rm wants REL-1 to go on although FRZ-1 cannot be read"\n'
        '@rm in REL-1: !waive FRZ-1 really\n%expect "You asked for it already"\n%state REL-1 merge waiting\n'
        '@rm2 in REL-1: !waive FRZ-1 they are\n%expect "REL-1 goes on without FRZ-1, say rm"\n'
        '%expect "REL-1 needs 1 yes"\n'
        '@rm in REL-1: !waive FRZ-1 again\n%expect "This run goes on without FRZ-1 already"'
    )


async def test_rows_of_the_post_that_cannot_be_read_stop_nothing(chat: Conversation) -> None:
    await chat.play("@guest #ops: /incident declare P1 payments return 500")
    run_id = stored(chat, "INC-1")["id"]

    def odd(database: sqlite3.Connection) -> None:
        event = {"dedupe_key": "x/1", "kind": "telepathy", "text": "?"}
        database.execute(
            "INSERT INTO inbox (dedupe_key, conversation, event, state, attempts, error)"
            " VALUES (?, ?, ?, 'waiting', 0, '')",
            ("x/1", f"run:{run_id}", json.dumps(event)),
        )
        database.execute(
            "INSERT INTO outbox (kind, logical_id, queue, root, run_id, platform, channel, message, state, attempts,"
            " error, queued_at) VALUES ('post', 'odd', ?, ?, ?, 'console', '#ops', '{}', 'queued', 0, '', ?)",
            (f"thread {run_id}/root", f"{run_id}/root", run_id, "2026-04-20 08:00:00.000000"),
        )

    await left_by_another(chat, odd)
    await chat.play('@oncall1 in INC-1: ack\n%state INC-1 acknowledge done\n%expect "ack"')
    told = " ".join(await undone(chat.sandbox.storage))
    assert "not delivered: post odd to console:#ops: stored by another version, and cannot be read" in told
    assert "which another version stored and this one cannot read" in told
