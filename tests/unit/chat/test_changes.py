"""What voided a request, as people read it."""

from typing import Any

import pytest

from bot.chat.replies.changes import _BOUND, what_changed
from sops import ALL
from sops.kit.gate import Approved

SHA, DIGEST = "1" * 40, "sha256:" + "2" * 64


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"head": (SHA, "3" * 40)}, "the branch moved: 1111111 → 3333333"),
        (
            {"bound": ({"bad.now": DIGEST}, {"bad.now": ""})},
            "the image its tag names: sha256:222222222222…, now nothing",
        ),
        (
            {"bound": ({"merges": [SHA]}, {"merges": []}), "effects": ([], ["x"])},
            "the merges to undo: 1111111, now nothing",
        ),
        (
            {"bound": ({"kept.commits": []}, {"kept.commits": list("abcdef")})},
            "what else came and stays: nothing, now a, b, c, d, 2 more",
        ),
        (
            {"bound": ({"main.protected": False}, {"main.protected": True})},
            "main takes pull requests only: no, now yes",
        ),
        ({"left out": (["a"], ["a", "checks, by rm"])}, "left out since: checks, by rm"),
        ({"left out": (["a"], [])}, "what was left out counts again"),
        ({"settings": ("0" * 64, "1" * 64)}, "the settings are others by now"),
        ({"quorum": (1, 2)}, "quorum changed from 1 to 2"),
        ({}, "its subject changed"),
    ],
)
def test_it_is_told_in_words(changed: dict[str, Any], told: str) -> None:
    assert what_changed(changed) == told


def test_everything_an_approval_is_bound_to_has_its_words() -> None:
    pieces = [piece for sop in ALL for step in sop.steps for piece in step.waits if isinstance(piece, Approved)]
    assert {name for piece in pieces for name in piece.binds} <= _BOUND.keys()
