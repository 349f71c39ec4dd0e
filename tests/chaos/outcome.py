"""What a play left behind: in the database, at the far end and in the room, in words that two plays can share.

Ids, hashes and codes differ from play to play and are blotted out, and so is the hour: an effect without a key may
rightly come half a minute later. Everything else of it must be equal.
"""

import asyncio
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from adapters.console import Post, Room
from adapters.sandbox.state import Issue
from adapters.sandbox.world import SandboxWorld
from sops.kit.run import Run, StepRecord
from sops.kit.stores import Fault, LedgerEntry, Transaction
from storage import SqlStore

#: Repeated after a crash, or told in more steps: what was intended, seen and stored; the record says so each time.
REPEATABLE = frozenset({"intent", "state", "evidence"})

Facts = dict[str, Any]


@dataclass(frozen=True)
class Memory:
    """The database at the end. `pending`: messages and events nobody dealt with, and dead letters."""

    runs: list[Facts]
    record: list[Facts]
    faults: Sequence[Fault]
    pending: list[str]


@dataclass(frozen=True)
class Outcome:
    """Everything that matters, in an order that does not depend on when a bot died."""

    runs: list[Facts]
    record: list[Facts]
    faults: Sequence[Fault]
    pending: list[str]
    said: list[Facts]
    forge: Facts
    git: Facts


async def outcome(storage: str, world: SandboxWorld, room: Room) -> Outcome:
    """Look at everything; the bot is gone, the world is still there."""
    memory = await _memory(storage)
    git = await asyncio.to_thread(_git, world)
    return Outcome(
        blotted(memory.runs),
        blotted(memory.record),
        memory.faults,
        memory.pending,
        blotted(_said(room)),
        blotted(_forge(world)),
        blotted(git),
    )


async def _memory(storage: str) -> Memory:
    store = SqlStore(storage)
    await store.open()
    try:
        return await store.read(_remember)
    finally:
        await store.close()


def _remember(tx: Transaction) -> Memory:
    runs = tx.runs.all()
    pending = [f"event in {name}" for name in tx.inbox.waiting()]
    pending += [f"parked {item.event.text}" for item in tx.inbox.parked()]
    pending += [f"dead letter {message.logical_id}: {why}" for message, why in tx.outbox.dead_letters()]
    pending += [f"undelivered {waiting.message.logical_id}" for waiting in tx.outbox.deliverable(_far_future(runs))]
    pending += [f"{run.name} intends {name}" for run in runs for name, step in run.records.items() if step.intent]
    entries = [_entry(run, entry) for run in runs for entry in tx.ledger.entries(run.id)]
    record = [entry for entry in entries if entry["kind"] not in REPEATABLE]
    return Memory([_run(run) for run in runs], record, tx.ledger.verify(), pending)


def _far_future(runs: Sequence[Run]) -> Any:
    return max(run.created_at for run in runs).replace(year=2099)


#: What of a run tells how it got there: an outage that kept a yes from being followed is told of, as it should be.
_WAY: dict[str, Any] = {
    **dict.fromkeys(("id", "revision", "definition", "records", "past", "policy"), True),
    "requests": {"__all__": {"held"}},
}


def _run(run: Run) -> Facts:
    told = run.model_dump(mode="json", exclude=_WAY)
    told["records"] = {name: _step(step) for name, step in run.records.items()}
    told["past"] = [
        {"number": old.number, "facts": old.facts, "records": {name: _step(step) for name, step in old.records.items()}}
        for old in run.past
    ]
    told["steps"] = [data["id"] for data in run.definition]
    return told


def _step(step: StepRecord) -> Facts:
    """Intents and tries rightly grow with every one that was repeated."""
    return step.model_dump(mode="json", exclude={"attempt", "tries", "intended_at"})


def _entry(run: Run, entry: LedgerEntry) -> Facts:
    return {
        "run": run.name,
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "actor": entry.actor,
        "payload": dict(entry.payload),
    }


def _said(room: Room) -> list[Facts]:
    """Every message as it reads in the end. A channel and its threads are delivered side by side, so in no order."""
    said = [_post(room, post) for post in room.posts]
    return sorted(said, key=lambda post: repr(blotted(post)))


def _post(room: Room, post: Post) -> Facts:
    thread = room.run_in(post.thread) if post.thread else ""
    return {"who": post.author, "where": post.channel, "thread": thread, "to": post.to, "lines": post.lines}


def _forge(world: SandboxWorld) -> Facts:
    core = world.core
    with core.changing():
        state = core.state
        return {
            "issues and pull requests": [_issue(issue) for issue in state.issues.values()],
            "discussions": [
                [talk.number, talk.category, talk.author, talk.title, talk.body, [c.body for c in talk.comments]]
                for talk in state.discussions.values()
            ],
            "releases": [
                [release.tag, release.name, release.body, release.prerelease, [asset.name for asset in release.assets]]
                for release in state.releases
            ],
            "images": sorted(core.images.tags),
            "latest": [tag for tag, digest in core.images.tags.items() if digest == core.images.tags.get("latest")],
            "advisories": [
                [advisory.summary, advisory.description, advisory.vector, advisory.vulnerabilities, advisory.state]
                for advisory in state.advisories.values()
            ],
            "milestones": [[milestone.title, milestone.state] for milestone in state.milestones.values()],
            "workflow runs": [[run.workflow, run.ref] for run in state.workflow_runs],
        }


def _issue(issue: Issue) -> Facts:
    told: Facts = {
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "author": issue.author,
        "labels": sorted(issue.labels),
        "assignees": issue.assignees,
        "state": [issue.state, issue.state_reason, issue.closed_by],
        "comments": [[comment.author, comment.body] for comment in issue.comments],
    }
    if issue.pull is not None:
        told["pull"] = [issue.pull.head_ref, issue.pull.base_ref, issue.pull.merged_by]
    return told


#: Not by date: after an outage side by side lines of history have other times, and are the same history.
_LOG = ("log", "--topo-order", "-p", "--format=%n%s%n%b%an %ae %cI")


def _git(world: SandboxWorld) -> Facts:
    """Refs, and for each the whole history with its changes."""
    refs = _output(world, "for-each-ref", "--format=%(refname) %(objecttype)").split("\n")
    history = {line: _output(world, *_LOG, line.partition(" ")[0]).split("\n") for line in refs if line}
    return dict(history)


def _output(world: SandboxWorld, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", world.git_url, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


_BLOTS = (
    (re.compile(r"\b[0-9a-f]{7,64}\b"), "<id>"),
    (re.compile(r"(?<!\d)\d\d:\d\d(:\d\d)?(\.\d+)?"), "<hour>"),
    (re.compile(r"\b([A-Z]{3}-\d+)-[0-9a-f]{4}\.md"), r"\1-<code>.md"),
    (re.compile(r"\bSHA256:[\w+/=]+"), "<key>"),
    (re.compile(r"\b(approve|confirm|request|reject|approval|yes to) [0-9a-f]{4}\b"), r"\1 <code>"),
)
_CODES = frozenset({"code", "codes"})


def blotted(value: Any) -> Any:
    """The value with its ids, hashes and codes blotted out."""
    if isinstance(value, str):
        for pattern, blot in _BLOTS:
            value = pattern.sub(blot, value)
        return value
    if isinstance(value, dict):
        return {blotted(key): "<code>" if key in _CODES else blotted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [blotted(item) for item in value]
    return value


def differences(ended: Outcome, expected: Outcome) -> list[str]:
    """Where the two differ, one line each; empty if they are equal."""
    now, then = dict(_flat(asdict(ended))), dict(_flat(asdict(expected)))
    paths = dict.fromkeys((*then, *now))
    return [f"{path}: {now.get(path)!r}, not {then.get(path)!r}" for path in paths if now.get(path) != then.get(path)]


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path; an empty container is a leaf."""
    inner = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list | tuple) else {}
    if not inner:
        yield path, value
    for key, item in inner.items():
        yield from _flat(item, f"{path}/{key}")
