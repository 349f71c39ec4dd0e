"""Whatever the bot's own sentences tell people to type is a word it takes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.chat import commands
from sops import ALL, OWN, RELEASE_FREEZE
from sops.kit.gate import SignedOff

ROOT = Path(__file__).parents[3]
SAID = sorted([*(ROOT / "bot" / "chat").rglob("*.py"), *(ROOT / "sops").rglob("*.py")])
NO_WORD = "/sopwith"  # ends a mark of ours in a pull request's text
FITS = "x"  # stands for what is filled in


def sentences() -> Iterator[str]:
    """Every text in what may be said, with what is filled in left as a letter; docstrings are none."""
    for path in SAID:
        tree = ast.parse(path.read_text())
        quiet = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else FITS for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet | inside:
                yield node.value


def typed(mark: str) -> set[str]:
    """What stands behind that mark at the beginning of a word, with the next word."""
    found = set()
    for text in sentences():
        words = text.replace("“", " ").replace("(", " ").replace("`", " ").split()
        for at, word in enumerate(words):
            name = word.rstrip(".,;:!?)”")
            if name.startswith(mark) and name[1:2].isalpha() and "/" not in name[1:] and "{" not in name:
                following = words[at + 1].rstrip(".,;:)”") if at + 1 < len(words) else ""
                found.add(f"{name} {following}".strip())
    return found


def test_each_word_with_an_exclamation_mark_is_one() -> None:
    named = {each.split()[0] for each in typed("!")}
    assert {"!hold", "!done", "!set", "!mirror"} <= named
    unknown = [
        each for each in named if FITS not in each[1:].split(".") and unknown_word(commands.parse(each, in_run=True))
    ]
    assert not unknown


def test_each_word_with_a_slash_is_one() -> None:
    named = typed("/")
    assert "/sop runs" in named
    assert not [
        each
        for each in named
        if each.split()[0] not in {f"/{FITS}", NO_WORD} and unknown_word(commands.parse(each, in_run=False, slash=True))
    ]


def unknown_word(said: commands.Parsed) -> bool:
    return isinstance(said, commands.Problem) and said.kind in {"unknown-verb", "unknown-root"}


def hints() -> Iterator[str]:
    for text in sentences():
        if " · " in text and "!" in text:
            yield from (part.strip() for part in text.split(" · "))


BARE = ("ack", "approve", "status", "plan", "todo", "timeline", "help")


@pytest.mark.parametrize("word", BARE)
def test_each_bare_word_of_a_hint_acts_alone(word: str) -> None:
    assert not isinstance(commands.parse(word, in_run=True), commands.Talk | commands.Problem)


def test_no_hint_names_a_bare_word_that_is_none() -> None:
    small = {each for each in hints() if each.isalpha() and each.islower() and len(each) > 1}
    assert {"plan", "status", "timeline"} <= small
    assert not [each for each in small if isinstance(commands.parse(each, in_run=True), commands.Talk)]


def test_what_a_sign_off_is_typed_with_is_taken() -> None:
    for sop in [*ALL, *OWN, RELEASE_FREEZE]:
        for step in sop.steps:
            for piece in step.waits:
                if isinstance(piece, SignedOff) and piece.verb:
                    said = commands.parse(f"!{piece.verb} text" if piece.evidence else f"!{piece.verb}", in_run=True)
                    assert isinstance(said, commands.Command), (sop.id, step.id)
