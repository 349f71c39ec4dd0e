"""What a yes is bound to: commits, texts, effects by kind and target, quorum and the settings as they were stored.

Our own sentences are shown, and are no part of it: another version of the bot that says the same otherwise, or has one
setting more, voids no yes. A text that was asked for stays as it was stored while everything it says is the same.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat import replies
from bot.engine.requests import View, quorum_of
from sops.kit.action import Action, short
from sops.kit.approvals import Request, differences
from sops.kit.binding import BASE, TREE
from sops.kit.covered import FORMAT, Effect, effects
from sops.kit.escaping import printable
from sops.kit.gate import Approved
from sops.kit.run import Run, StepState

TOLD = 3  # of a list, so many are told in a sentence at least

Subject = dict[str, Any]


def sentences(run: Run, gate: Approved) -> tuple[str, ...]:
    """What the yes covers, in order, in words."""
    return tuple(effect.piece.says(run) for effect in effects(run, gate))


def subject_of(view: View, asked: Request | None = None) -> Subject:
    """Everything the yes covers, as plain values; the words of what stands as it was asked are those it had then."""
    if asked is not None and "format" not in asked.subject:
        return _first_format(view, asked)
    run = view.run
    found, texts = _effects(run, effects(run, view.gate), asked.subject if asked else None)
    left_out = [[step.title, step.row, record.by, record.text] for step, record in _left_out(run)]
    whole: Subject = _plain(
        {"format": FORMAT, **_bound(view, asked), "effects": found, "texts": texts, "left out": left_out}
    )
    return whole


def changed_since(asked: Request, view: View) -> tuple[dict[str, tuple[Any, Any]], Subject]:
    """What is different from what was asked, by name; and everything as it is now."""
    now = subject_of(view, asked)
    return differences(asked.subject, now), now


def _bound(view: View, asked: Request | None) -> Subject:
    """What an earlier build did not bind is bound from the next request on."""
    run = view.run
    binds_tree = TREE in (run.facts if asked is None else asked.subject)
    return {
        "head": run.facts.get("head", ""),
        "base": run.facts.get(BASE, run.policy.main),
        **({"tree": run.facts.get(TREE, "")} if binds_tree else {}),
        "pull request": run.facts.get("pr", 0),
        "merged outside": run.facts.get("merge.outside", ""),
        "version": run.version,
        "iteration": run.iteration,
        "quorum": quorum_of(run, view.step, view.gate),
        "severity": str(run.severity or ""),
        "bound": {name: run.facts.get(name) for name in view.gate.binds},
        "procedure": run.sop_hash,
        "settings": run.policy.digest,
    }


def _left_out(run: Run) -> list[tuple[Any, Any]]:
    """What people skipped or waived so far, and why: whoever approves must see it."""
    records = [(step, run.record(step.id)) for step in run.steps]
    return [(step, record) for step, record in records if record.state is StepState.SKIPPED and record.by]


def _effects(run: Run, now: Sequence[Effect], before: Subject | None) -> tuple[list[Subject], list[list[str]]]:
    """Each effect by kind and target, with the number of its text; one that stands is as it was asked."""
    found: list[Subject] = []
    texts: list[list[str]] = []
    known = before["effects"] if before else []
    for place, effect in enumerate(now):
        entry = known[place] if place < len(known) else {}
        if before and _stands(run, effect, entry):
            words = before["texts"][entry["text"]] if "text" in entry else None
        else:
            entry, words = _entry(run, effect)
        found.append({**entry, "text": len(texts)} if words else entry)
        texts += [words] if words else []
    return found, texts


def _entry(run: Run, effect: Effect) -> tuple[Subject, list[str] | None]:
    piece = effect.piece
    entry: Subject = {"step": effect.step.id, "piece": dict(effect.stored)}
    text = piece.words(run) if isinstance(piece, Action) else ""
    if piece.uses is None:  # it does not say what it depends on, so its own words are all there is to bind
        entry |= {"says": piece.says(run), "publishes": text}
    else:
        entry["on"] = {name: run.facts.get(name) for name in piece.uses}
    if not text:
        return entry, None
    title = piece.heading(run) if isinstance(piece, Action) else ""
    return {**entry, **({"title": title} if title else {})}, [piece.says(run), text]


def _stands(run: Run, effect: Effect, entry: Mapping[str, Any]) -> bool:
    """It is the same deed on the same things, by what was bound when it was asked for."""
    if (entry.get("step"), entry.get("piece")) != (effect.step.id, _plain(dict(effect.stored))):
        return False
    if "on" in entry:
        return bool(_plain({name: run.facts.get(name) for name in entry["on"]}) == entry["on"])
    text = effect.piece.words(run) if isinstance(effect.piece, Action) else ""
    return (effect.piece.says(run), text) == (entry.get("says"), entry.get("publishes"))


def _first_format(view: View, asked: Request) -> Subject:
    """The subject in the form of the first release, which bound our sentences.

    One that reads otherwise now stands as it was told if everything the deed depends on was told in it.
    """
    run, now, before = view.run, effects(view.run, view.gate), asked.subject
    said = [effect.piece.says(run) for effect in now]
    texts = [
        [says, text]
        for effect, says in zip(now, said, strict=True)
        if isinstance(effect.piece, Action) and (text := effect.piece.words(run))
    ]
    left_out = [replies.approvals.left_out(step, record.by, record.text) for step, record in _left_out(run)]
    fresh: Subject = _plain({**_bound(view, asked), "effects": said, "texts": texts, "left out": left_out})
    if _retold(view, now, before, fresh):
        fresh |= {"effects": before["effects"], "texts": before["texts"]}
    return {name: fresh[name] for name in (*before, *(name for name in fresh if name not in before)) if name in fresh}


def _retold(view: View, now: Sequence[Effect], before: Subject, fresh: Subject) -> bool:
    """Each deed is told as it was, or in other words of ours about the same things."""
    old, new = before.get("effects", []), fresh["effects"]
    if len(old) != len(new) or len(before.get("texts", [])) != len(fresh["texts"]):
        return False
    told_before, told_now = dict(before.get("texts", [])), dict(fresh["texts"])
    return all(
        (was, told_before.get(was, "")) == (says, told_now.get(says, ""))
        or _tells(view, effect, f"{was}\n{told_before.get(was, '')}")
        for effect, was, says in zip(now, old, new, strict=True)
    )


def _tells(view: View, effect: Effect, words: str) -> bool:
    """Everything it depends on is told in these words, or bound beside them."""
    names = effect.piece.uses
    return names is not None and all(_told(view.run.facts.get(n), words) for n in names if n not in view.gate.binds)


def _told(value: Any, words: str) -> bool:
    if value is None or isinstance(value, bool):
        return True  # nothing to tell; or it follows from the head, which is bound
    if isinstance(value, list | tuple):
        return all(_told(each, words) for each in value[:TOLD])
    text = str(value)
    return text in words or printable(text) in words or (len(text) == len("0" * 40) and short(text) in words)


def _plain(value: Any) -> Any:
    """As it reads once it was stored: JSON has no tuples."""
    return json.loads(json.dumps(value))
