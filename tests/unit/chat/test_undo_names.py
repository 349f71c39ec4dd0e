"""What cannot be taken back is named by the word that was said, whatever its entry in the record is called."""

import ast
from collections.abc import Iterator
from pathlib import Path

from bot.chat.commands import VERBS
from bot.chat.replies.answers import deed

CHAT = Path(__file__).parents[3] / "bot" / "chat"


def noted_of_people() -> Iterator[str]:
    """The kinds that are noted under the name of who speaks, where they stand in the code as such."""
    every = (node for path in CHAT.rglob("*.py") for node in ast.walk(ast.parse(path.read_text())))
    for node in every:
        noting = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "note"
        if isinstance(node, ast.Call) and noting and len(node.args) > 1 and ast.unparse(node.args[1]) == "me.record":
            yield from (str(each.value) for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant))


def test_each_deed_of_a_person_is_called_by_a_word_that_exists() -> None:
    kinds = set(noted_of_people())
    assert {"retitled", "sign-off", "restricted"} <= kinds
    called = {kind: deed(kind) for kind in kinds}
    unknown = {
        kind: word
        for kind, word in called.items()
        if word.startswith("!") and word.removeprefix("!").split()[0] not in VERBS
    }
    assert not unknown
