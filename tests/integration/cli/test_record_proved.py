"""What somebody with the database did to it, and what an audit says: with signed seals kept outside, and without any.

Two ways are called whole, and docs/record.md says so: who has all of the database can cut or forge what no seal covers
yet, if every trace of it is made to agree.
"""

import asyncio
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.sandbox.clock import VirtualClock
from adapters.seals import SealFile, SshSealSigner
from bot.cli import app
from bot.engine.desk import Desk, Desks
from bot.engine.proving import Proving
from bot.engine.sealing import Sealing
from bot.wiring.audit import audited
from sops.kit.approvals import Request, RequestState, Yes
from sops.kit.ledger import Head, genesis, next_link, next_seal
from sops.kit.model import Role
from sops.kit.people import People
from sops.kit.retold import STATE, changes, first, told_of
from sops.kit.run import Run, RunState
from sops.kit.sealed import NAMESPACE
from sops.kit.stores import Seal, Transaction
from storage import SqlStore
from tests.unit.runs import NOW, a_release, an_incident

RELEASE, INCIDENT = a_release(id="r1", name="REL-1"), an_incident(id="r2", name="INC-1")
SSH = shutil.which("ssh-keygen")
needs_ssh = pytest.mark.skipif(SSH is None, reason="ssh-keygen is not on this machine")


def request_at(at: datetime) -> Request:
    return Request(
        seq=1,
        code="7f3a",
        step="merge",
        iteration=1,
        role=Role.REVIEWER,
        quorum=1,
        subject={"head": "a" * 40},
        digest="d" * 64,
        effects=("merge",),
        excluded={"rm": "starter"},
        made_at=at,
        expires_at=at + timedelta(days=3),
    )


async def lives(store: SqlStore, clock: VirtualClock, sealing: Sealing | None) -> None:
    """A release is begun, asks for a yes and uses it; an incident is declared; hours go by in between."""
    desks = Desks(store, clock, People(()))

    async def hour(work: Callable[[Desk], None], run_id: str = RELEASE.id) -> None:
        await desks.at(run_id, work)
        if sealing is not None:
            await sealing.seal()
        clock.move_to(clock.now() + timedelta(hours=1))

    for run, kind in ((RELEASE, "planned"), (INCIDENT, "declared")):
        await store.transact(partial(begun, run, kind, clock.now()))
    await hour(asked)
    await hour(said_yes)
    await hour(used)
    await hour(lambda desk: desk.note("update", "oncall1", text="clearing the log"), INCIDENT.id)
    await desks.at(RELEASE.id, lambda desk: desk.note("note", "rm", text="nobody sealed this yet"))


def begun(run: Run, kind: str, at: datetime, tx: Transaction) -> None:
    desk = Desk(tx, run, at, People(()), new=True)
    desk.tx.runs.next_name(desk.run.prefix)
    desk.note(kind, "rm", title=desk.run.title)
    desk.finish()


def asked(desk: Desk) -> None:
    desk.run = desk.run.but(requests=(request_at(desk.now),))
    desk.note("approval-requested", code="7f3a")


def said_yes(desk: Desk) -> None:
    (request,) = desk.run.requests
    yes = Yes(person="rev1", account="console:rev1", at=desk.now)
    desk.run = desk.run.but(requests=(request.but(yeses=(yes,), state=RequestState.GRANTED),))
    desk.note("yes", "rev1 (console:rev1)", code="7f3a")
    desk.note("granted", code="7f3a", by=["rev1"])


def used(desk: Desk) -> None:
    (request,) = desk.run.requests
    desk.run = desk.run.but(requests=(request.but(state=RequestState.CONSUMED),))
    desk.note("approval-consumed", code="7f3a", by=["rev1"])


@dataclass(frozen=True)
class House:
    """Two databases of the same story, and what is kept outside."""

    folder: Path

    @property
    def plain(self) -> Path:
        return self.folder / "plain.db"

    @property
    def sealed(self) -> Path:
        return self.folder / "sealed.db"

    @property
    def kept(self) -> Path:
        return self.folder / "seals.jsonl"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def signers(self) -> Path:
        return self.folder / "allowed_signers"


def make_key(path: Path, who: str, signers: Path, more: str = "") -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(path)], check=True)
    public = " ".join(path.with_suffix(".pub").read_text().split()[:2])
    with signers.open("a") as file:
        file.write(f'"{who}" namespaces="git,{NAMESPACE}"{more} {public}\n')


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    if SSH is None:
        pytest.skip("ssh-keygen is not on this machine")
    found = House(tmp_path_factory.mktemp("house"))
    make_key(found.key, "sopwith@acme.example", found.signers)
    asyncio.run(played(found))
    return found


async def played(house: House) -> None:
    for path in (house.plain, house.sealed):
        store, clock = SqlStore(f"sqlite:///{path}"), VirtualClock(NOW)
        await store.open()
        proving = Proving(store, SshSealSigner(house.key), SealFile(house.kept))
        sealing = (
            Sealing(store, clock, [], "Europe/Berlin", proving)
            if path is house.sealed or path == house.sealed
            else None
        )
        await lives(store, clock, sealing if path == house.sealed else None)
        await store.close()


Change = Callable[[sqlite3.Connection], None]


def entries(db: sqlite3.Connection, run_id: str) -> list[tuple[Any, ...]]:
    return db.execute("SELECT * FROM ledger_entry WHERE run_id = ? ORDER BY seq", (run_id,)).fetchall()


def body(db: sqlite3.Connection, change: Callable[[dict[str, Any]], object], run_id: str = "r1") -> None:
    found = json.loads(db.execute("SELECT body FROM run WHERE id = ?", (run_id,)).fetchone()[0])
    change(found)
    values = (json.dumps(found), found["name"], found["state"], run_id)
    db.execute("UPDATE run SET body = ?, name = ?, state = ? WHERE id = ?", values)


def mend_head(db: sqlite3.Connection, run_id: str) -> None:
    """What anybody can compute: the head is the last entry that is there."""
    last = entries(db, run_id)[-1]
    db.execute("UPDATE ledger_head SET seq = ?, hash = ? WHERE run_id = ?", (last[1], last[-1], run_id))


def append(db: sqlite3.Connection, run_id: str, kind: str, actor: str, payload: dict[str, Any]) -> None:
    """An entry as the bot itself would have written it."""
    seq, digest = db.execute("SELECT seq, hash FROM ledger_head WHERE run_id = ?", (run_id,)).fetchone()
    link = next_link(run_id, Head(seq, digest), at=NOW + timedelta(days=1), kind=kind, actor=actor, payload=payload)
    db.execute("INSERT INTO ledger_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(vars(link).values()))
    mend_head(db, run_id)


def cut(db: sqlite3.Connection, after: int) -> None:
    db.execute("DELETE FROM ledger_entry WHERE run_id = 'r1' AND seq > ?", (after,))
    mend_head(db, "r1")
    db.commit()


# What is done.


def everything_deleted(db: sqlite3.Connection) -> None:
    db.executescript("DELETE FROM ledger_entry; DELETE FROM ledger_head")
    no_seals(db)


def no_seals(db: sqlite3.Connection) -> None:
    db.executescript("DELETE FROM ledger_seal; DELETE FROM ledger_signature; UPDATE ledger_head SET sealed = 0")


def the_runs_as_well(db: sqlite3.Connection) -> None:
    everything_deleted(db)
    db.execute("DELETE FROM run_wake")
    db.execute("DELETE FROM run")


def one_chain_head_and_seals(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM ledger_entry WHERE run_id = 'r1'")
    db.execute("DELETE FROM ledger_head WHERE run_id = 'r1'")
    no_seals(db)


def the_tail_cut_and_the_head_mended(db: sqlite3.Connection) -> None:
    cut(db, after=5)


def the_last_note_cut_and_the_head_mended(db: sqlite3.Connection) -> None:
    """Nothing told of the run's state was in it, and no seal covered it."""
    cut(db, after=len(entries(db, "r1")) - 1)


def a_yes_forged(db: sqlite3.Connection) -> None:
    append(db, "r1", "yes", "rev2 (console:rev2)", {"code": "7f3a"})


def a_yes_told_and_stored(db: sqlite3.Connection) -> None:
    """The run's own entry and the stored run agree about a yes; who gave it is said nowhere."""
    forged(db)


def a_yes_forged_everywhere(db: sqlite3.Connection) -> None:
    append(db, "r1", "yes", "rev2 (console:rev2)", {"code": "7f3a"})
    forged(db)


def forged(db: sqlite3.Connection) -> None:
    before = stored(db)
    body(db, lambda run: run["requests"][0]["yeses"].append(yes_of("rev2")))
    append(db, "r1", STATE, "sopwith", changes(told_of(before), told_of(stored(db))))


def stored(db: sqlite3.Connection) -> Run:
    return Run.model_validate_json(db.execute("SELECT body FROM run WHERE id = 'r1'").fetchone()[0])


def yes_of(who: str) -> dict[str, Any]:
    return {"person": who, "account": f"console:{who}", "at": NOW.isoformat(), "via": "thread"}


def a_no_forged(db: sqlite3.Connection) -> None:
    """What is told and what is stored agree that the request was rejected; that somebody did is said nowhere."""
    before = stored(db)
    body(db, lambda run: run["requests"][0].update(state="rejected"))
    append(db, "r1", STATE, "sopwith", changes(told_of(before), told_of(stored(db))))


def told_all_anew(db: sqlite3.Connection) -> None:
    """The run as the forger wants it, as if nothing had been told of it before."""
    body(db, lambda run: run.update(requests=[]))
    append(db, "r1", STATE, "sopwith", first(told_of(stored(db))))


def a_state_nobody_can_follow(db: sqlite3.Connection) -> None:
    append(db, "r1", STATE, "sopwith", {"now": ["requests"]})


def the_newest_signatures_removed(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM ledger_signature WHERE number > 2")


def a_chain_of_no_run(db: sqlite3.Connection) -> None:
    start = genesis("r9")
    db.execute("INSERT INTO ledger_head (run_id, seq, hash, sealed) VALUES ('r9', 0, ?, 0)", (start,))
    append_first(db)


def append_first(db: sqlite3.Connection) -> None:
    link = next_link("r9", None, at=NOW, kind="note", actor="eve", payload={})
    db.execute("INSERT INTO ledger_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(vars(link).values()))
    mend_head(db, "r9")


def somebody_else_said_yes(db: sqlite3.Connection) -> None:
    body(db, lambda run: run["requests"][0].update(yeses=[yes_of("rev3")]))


def a_run_cancelled(db: sqlite3.Connection) -> None:
    body(db, lambda run: run.update(state=str(RunState.CANCELLED)), "r2")


def requests_removed(db: sqlite3.Connection) -> None:
    body(db, lambda run: run.update(requests=[]))


def a_gate_removed(db: sqlite3.Connection) -> None:
    body(db, lambda run: run["definition"].pop())


def a_run_renamed(db: sqlite3.Connection) -> None:
    body(db, lambda run: run.update(name="REL-7"))


def only_the_row_renamed(db: sqlite3.Connection) -> None:
    db.execute("UPDATE run SET name = 'REL-7' WHERE id = 'r1'")


def a_runs_row_deleted(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM run_wake WHERE run_id = 'r1'")
    db.execute("DELETE FROM run WHERE id = 'r1'")


def an_entry_changed(db: sqlite3.Connection) -> None:
    db.execute("UPDATE ledger_entry SET actor = 'eve' WHERE run_id = 'r1' AND seq = 3")


def entries_swapped(db: sqlite3.Connection) -> None:
    for seq, to in ((3, 99), (4, 3), (99, 4)):
        db.execute("UPDATE ledger_entry SET seq = ? WHERE run_id = 'r1' AND seq = ?", (to, seq))


def an_entry_copied(db: sqlite3.Connection) -> None:
    (last,) = db.execute("SELECT max(seq) FROM ledger_entry WHERE run_id = 'r1'").fetchone()
    found = entries(db, "r1")[2]
    db.execute("INSERT INTO ledger_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (found[0], last + 1, *found[2:]))


def an_entry_inserted(db: sqlite3.Connection) -> None:
    link = next_link(
        "r1", Head(2, entries(db, "r1")[1][-1]), at=NOW, kind="yes", actor="rev2", payload={"code": "7f3a"}
    )
    db.execute("UPDATE ledger_entry SET seq = seq + 100 WHERE run_id = 'r1' AND seq > 2")
    db.execute("UPDATE ledger_entry SET seq = seq - 99 WHERE run_id = 'r1' AND seq > 100")
    db.execute("INSERT INTO ledger_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(vars(link).values()))


def a_payload_that_is_no_json(db: sqlite3.Connection) -> None:
    db.execute("UPDATE ledger_entry SET payload = 'nonsense{' WHERE run_id = 'r1' AND seq = 3")


def a_payload_nested_deeply(db: sqlite3.Connection) -> None:
    db.execute(
        "UPDATE ledger_entry SET payload = ? WHERE run_id = 'r1' AND seq = 3", ('{"a":' * 5000 + "1" + "}" * 5000,)
    )


def a_time_that_is_none(db: sqlite3.Connection) -> None:
    db.execute("UPDATE ledger_entry SET at = 'yesterday' WHERE run_id = 'r1' AND seq = 3")


def bytes_that_are_no_text(db: sqlite3.Connection) -> None:
    db.execute("UPDATE ledger_entry SET actor = CAST(x'ff00fe' AS TEXT) WHERE run_id = 'r1' AND seq = 3")


def a_run_of_bytes(db: sqlite3.Connection) -> None:
    db.execute("UPDATE run SET body = x'ff00fe' WHERE id = 'r1'")


def a_run_that_is_no_json(db: sqlite3.Connection) -> None:
    db.execute("UPDATE run SET body = '{' WHERE id = 'r1'")


def a_garbage_seal(db: sqlite3.Connection) -> None:
    (last,) = db.execute("SELECT coalesce(max(number), 0) FROM ledger_seal").fetchone()
    values = (last + 1, "soon", "[[[", "before", "after")
    db.execute("INSERT INTO ledger_seal VALUES (?, ?, ?, ?, ?)", values)


def a_garbage_signature(db: sqlite3.Connection) -> None:
    db.execute("UPDATE ledger_signature SET signature = 'mine'")


def all_rewritten_and_sealed_anew(db: sqlite3.Connection) -> None:
    """Another release manager, everywhere, and every hash computed anew: all but the key was there."""
    db.execute("""UPDATE run SET body = replace(body, '"rm"', '"eve"')""")
    for run_id in ("r1", "r2"):
        head: Head | None = None
        for _, _, at, kind, actor, payload, *_ in entries(db, run_id):
            text = payload.replace('"rm"', '"eve"')
            link = next_link(
                run_id,
                head,
                at=datetime.fromisoformat(at),
                kind=kind,
                actor=actor.replace("rm", "eve"),
                payload=json.loads(text),
            )
            head = Head(link.seq, link.hash)
            db.execute("DELETE FROM ledger_entry WHERE run_id = ? AND seq = ?", (run_id, link.seq))
            db.execute("INSERT INTO ledger_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", tuple(vars(link).values()))
        mend_head(db, run_id)
    seal: Seal | None = None
    for _, at, heads, *_ in db.execute("SELECT * FROM ledger_seal ORDER BY number").fetchall():
        points = {run_id: Head(seq, entries(db, run_id)[seq - 1][-1]) for run_id, seq, _ in json.loads(heads)}
        seal = next_seal(seal, at=datetime.fromisoformat(at), heads=points)
        db.execute("DELETE FROM ledger_seal WHERE number = ?", (seal.number,))
        db.execute("INSERT INTO ledger_seal VALUES (?, ?, ?, ?, ?)", tuple(vars(seal).values()))


@dataclass(frozen=True)
class Row:
    """What is done; what is named without seals, with them, and held against what is kept; WHOLE where nothing is."""

    done: Change
    plain: str
    with_seals: str = ""
    against: str = ""

    @property
    def sealed(self) -> str:
        return self.with_seals or self.plain

    @property
    def held(self) -> str:
        return self.against or self.sealed


WHOLE = "The record is whole"
TABLE = [
    Row(everything_deleted, "REL-1: has no entry in the record", against="seals up to 4 were kept"),
    Row(the_runs_as_well, "REL-1: was begun, and is not there", against="seals up to 4 were kept"),
    Row(one_chain_head_and_seals, "REL-1: has no entry in the record", against="seals up to 4 were kept"),
    Row(
        the_tail_cut_and_the_head_mended, "REL-1: what is stored of it is not what its record tells", "seal 2 covers it"
    ),
    Row(the_last_note_cut_and_the_head_mended, WHOLE),
    Row(a_yes_forged, "REL-1, entry 11: is a yes of rev2 to 7f3a that no request took"),
    Row(a_yes_told_and_stored, "tells of a yes of rev2 to 7f3a, and no entry says it was given"),
    Row(a_yes_forged_everywhere, WHOLE),
    Row(a_no_forged, "tells requests.1.state as rejected, and no entry says who did that"),
    Row(told_all_anew, "REL-1, entry 11: tells all of the run anew, though it was told"),
    Row(a_state_nobody_can_follow, "REL-1, entry 11: tells of a state, and nobody can follow it"),
    Row(a_chain_of_no_run, "r9: has a record, and there is no such run"),
    Row(somebody_else_said_yes, "REL-1: what is stored of it is not what its record tells: requests.1.yeses"),
    Row(a_run_cancelled, "INC-1: what is stored of it is not what its record tells: state"),
    Row(requests_removed, "REL-1: what is stored of it is not what its record tells: requests.1"),
    Row(a_gate_removed, "REL-1: what is stored of it is not what its record tells: definition"),
    Row(a_run_renamed, "REL-7: what is stored of it is not what its record tells: name"),
    Row(only_the_row_renamed, "REL-7: its row and what is stored in it differ: name"),
    Row(a_runs_row_deleted, "REL-1: has a record, and there is no such run"),
    Row(an_entry_changed, "REL-1, entry 3: was changed"),
    Row(entries_swapped, "REL-1, entry 3: does not follow the entry before it"),
    Row(an_entry_copied, "stands after the head of the chain"),
    Row(an_entry_inserted, "REL-1, entry 4: does not follow the entry before it"),
    Row(a_payload_that_is_no_json, "REL-1, entry 3: its payload is no JSON object"),
    Row(a_payload_nested_deeply, "REL-1, entry 3: its payload was changed"),
    Row(a_time_that_is_none, "REL-1, entry 3: its time is none"),
    Row(bytes_that_are_no_text, "entries: a row cannot be read: actor"),
    Row(a_run_of_bytes, "runs: a row cannot be read: body"),
    Row(a_run_that_is_no_json, "REL-1: what is stored of it is no JSON object"),
    Row(a_garbage_seal, "seals, seal 1: cannot be read", "seals, seal 5: cannot be read"),
    Row(a_garbage_signature, WHOLE, against="seals, seal 4: its signature does not count"),
    Row(
        the_newest_signatures_removed, WHOLE, against="seals, seal 3: neither it nor any later one is signed by who may"
    ),
    Row(all_rewritten_and_sealed_anew, WHOLE, against="seal 1 was another one when it was kept"),
]


@pytest.fixture
def changed(house: House, tmp_path: Path) -> Callable[[Path, Change], str]:
    """A copy of that database, done that to: its address. The triggers are out of the way of who has all rights."""

    def change(source: Path, done: Change) -> str:
        path = tmp_path / source.name
        shutil.copy(source, path)
        with closing(sqlite3.connect(path)) as db, db:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                db.execute(f'DROP TRIGGER "{name}"')
            done(db)
        return f"sqlite:///{path}"

    return change


def says(storage: str, *more: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["audit", "verify", "--storage", storage, *more])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, answer.output


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.done.__name__)
def test_what_was_done_is_named(row: Row, house: House, changed: Callable[[Path, Change], str]) -> None:
    outside = ("--against", str(house.kept), "--signers", str(house.signers))
    asked = ((house.plain, (), row.plain), (house.sealed, (), row.sealed), (house.sealed, outside, row.held))
    for source, more, expected in asked:
        code, told = says(changed(source, row.done), *more)
        assert expected in told
        assert code == (0 if expected == WHOLE else 1), told


@pytest.mark.parametrize(
    "done",
    [a_payload_that_is_no_json, a_payload_nested_deeply, a_time_that_is_none, bytes_that_are_no_text, a_run_of_bytes],
)
def test_what_cannot_be_read_is_exported_as_far_as_it_can(
    done: Change, house: House, changed: Callable[[Path, Change], str]
) -> None:
    storage = changed(house.plain, done)
    for more in ((), ("--markdown",)):
        answer = CliRunner().invoke(app, ["audit", "export", "--storage", storage, *more])
        assert (answer.exit_code, "INC-1" in answer.output) == (0, True), answer.output


def test_untouched_it_is_whole_and_says_what_vouches_for_it(house: House) -> None:
    outside = ("--against", str(house.kept), "--signers", str(house.signers))
    _, told = says(f"sqlite:///{house.sealed}", *outside)
    assert "What is stored of 2 of them is what their entries tell." in told
    assert "1 entries stand under no seal yet" in told
    assert "and with it all before it, is signed by sopwith@acme.example." in told
    assert "was kept outside, and is here as it was." in told
    _, alone = says(f"sqlite:///{house.plain}")
    assert "There is no seal." in alone
    assert "No seal is signed" in alone
    assert "Its end cannot be proved" in alone


def test_an_older_copy_put_back_is_whole_until_it_is_held_against_what_was_kept(house: House, tmp_path: Path) -> None:
    older, kept = tmp_path / "older.db", tmp_path / "kept.jsonl"
    shutil.copy(house.sealed, older)
    shutil.copy(house.kept, kept)
    asyncio.run(goes_on(older, kept, house))  # the bot went on, and then the older file was put back
    assert says(f"sqlite:///{older}", "--against", str(kept))[0] == 0
    code, told = says(f"sqlite:///{house.sealed}", "--against", str(kept))
    assert code == 1
    assert (
        "kept outside: seals up to 5 were kept, the record ends at 4: it was cut, or an older copy was put back" in told
    )
    assert says(f"sqlite:///{house.sealed}", "--signers", str(house.signers))[0] == 0


async def goes_on(path: Path, kept: Path, house: House) -> None:
    store = SqlStore(f"sqlite:///{path}")
    await store.open()
    later = NOW + timedelta(hours=9)
    await store.transact(lambda tx: tx.ledger.append("r1", at=later, kind="note", actor="rm", payload={}))
    proving = Proving(store, SshSealSigner(house.key), SealFile(kept))
    await Sealing(store, VirtualClock(later), [], "Europe/Berlin", proving).seal()
    await store.close()


def test_another_key_an_expired_one_and_one_for_tags_alone_do_not_count(house: House, tmp_path: Path) -> None:
    signers = tmp_path / "signers"
    public = " ".join(house.key.with_suffix(".pub").read_text().split()[:2])
    for line in (
        f'"sopwith@acme.example" namespaces="git" {public}',
        f'"sopwith@acme.example" namespaces="{NAMESPACE}",valid-before="20200101" {public}',
        "# nobody",
    ):
        signers.write_text(f"{line}\n")
        code, told = says(f"sqlite:///{house.sealed}", "--signers", str(signers))
        assert (code, "no seal is signed by who may" in told) == (1, True), told
    (tmp_path / "signers").write_text(f'"s@acme.example" namespaces="{NAMESPACE}",valid-before="20990101" {public}\n')
    assert says(f"sqlite:///{house.sealed}", "--signers", str(signers))[0] == 0


def test_the_database_is_only_read_and_nothing_is_left_beside_it(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    shutil.copy(house.sealed, folder / "sopwith.db")
    before = (folder / "sopwith.db").read_bytes()
    (folder / "sopwith.db").chmod(0o400)
    folder.chmod(0o500)
    try:
        assert says(f"sqlite:///{folder / 'sopwith.db'}")[0] == 0
        assert [path.name for path in folder.iterdir()] == ["sopwith.db"]
        assert (folder / "sopwith.db").read_bytes() == before
    finally:
        folder.chmod(0o700)


def test_what_was_kept_speaks_for_itself(house: House, tmp_path: Path) -> None:
    """A line changed is named; one that a crash left half written says nothing; an empty file proves nothing."""
    lines = house.kept.read_text().splitlines(keepends=True)
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4]
    kept = tmp_path / "kept.jsonl"
    storage = f"sqlite:///{house.sealed}"
    kept.write_text("".join(lines) + lines[0][:40])
    assert says(storage, "--against", str(kept))[0] == 0
    kept.write_text(lines[0].replace("2026", "2025") + "".join(lines[1:]))
    assert "line 1 is no seal, or was changed" in says(storage, "--against", str(kept))[1]
    kept.write_text("".join(lines[:-1]) + lines[-1].replace("2026", "2025"))
    assert "line 4 is no seal, or was changed" in says(storage, "--against", str(kept))[1]
    kept.write_text("")
    assert says(storage, "--against", str(kept))[0] == 1


async def test_the_bot_itself_notices_that_another_record_was_put_in_its_place(house: House, tmp_path: Path) -> None:
    kept, path = tmp_path / "kept.jsonl", tmp_path / "plain.db"
    shutil.copy(house.kept, kept)
    shutil.copy(house.plain, path)
    store = SqlStore(f"sqlite:///{path}")
    await store.open()
    try:
        await store.transact(lambda tx: tx.ledger.seal(NOW))
        assert not await Proving(store, None, SealFile(kept)).prove()
        assert await Proving(store, None, SealFile(kept)).prove()  # its seals are kept behind those of the other
    finally:
        await store.close()
    found = await audited(f"sqlite:///{path}", kept)
    assert [fault.what.partition(",")[0] for fault in found.faults][:1] == ["seal 1 was another one when it was kept"]


async def test_a_run_changed_behind_the_bot_is_told_by_the_record_itself(house: House, tmp_path: Path) -> None:
    """What the bot then goes on with does not wash it clean."""
    path = tmp_path / "plain.db"
    shutil.copy(house.plain, path)
    with closing(sqlite3.connect(path)) as db, db:
        somebody_else_said_yes(db)
    store = SqlStore(f"sqlite:///{path}")
    await store.open()
    try:
        desks = Desks(store, VirtualClock(NOW + timedelta(hours=9)), People(()))
        await desks.at("r1", lambda desk: setattr(desk, "run", desk.run.but(title="another")))
    finally:
        await store.close()
    found = await audited(f"sqlite:///{path}")
    assert [fault.what for fault in found.faults] == ["found the stored run other than it was told: requests.1.yeses"]
