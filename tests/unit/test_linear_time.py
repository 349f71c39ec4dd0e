"""Text from outside meets patterns of linear time alone; `re` itself is for what is listed here, and why."""

import ast
from pathlib import Path

import pytest

from adapters.github.pulls import _CO_AUTHOR
from adapters.matrix.text import read as read_matrix
from adapters.slack.text import read as read_slack
from bot.chat.commands import parse
from sops.kit.contributors import names
from sops.kit.patterns import unescape

ROOT = Path(__file__).parents[2]
OURS = "what it reads is our own, or the operator's"
BOUND = "each place of the text is looked at a bounded number of times: no repeat can take up what another one let go"
ALLOWED = {
    "adapters/sandbox": "the stand-in of the far end, for demo and tests",
    "adapters/console": OURS,
    "bot/demo": OURS,
    "bot/procedures.py": OURS,
    "bot/engine/threads.py": OURS,
    "bot/chat/replies/left.py": OURS,
    "bot/chat/replies/changes.py": OURS,
    "adapters/git/errors.py": BOUND,
    "adapters/git/merges.py": BOUND,
    "adapters/git/signing.py": OURS,
    "adapters/git/command.py": BOUND,
    "adapters/git/refs.py": BOUND,
    "adapters/packages/simple.py": BOUND,
    "adapters/registry/oci.py": BOUND,
    "adapters/github/forge.py": OURS,
    "adapters/matrix/render.py": BOUND,
    "sops/kit/message.py": BOUND,
    "sops/kit/escaping.py": BOUND,
    "sops/kit/cmake.py": BOUND,
    "sops/kit/json_text.py": BOUND,
    "sops/kit/document.py": OURS,
    "sops/kit/checklist.py": OURS,
    "sops/kit/tailored.py": OURS,
}
LONG = 60_000


def test_re_is_imported_where_this_list_says_and_nowhere_else() -> None:
    found = {
        file.relative_to(ROOT).as_posix()
        for package in ("bot", "adapters", "storage", "sops")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if (isinstance(node, ast.Import) and any(each.name == "re" for each in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "re")
    }
    assert {file for file in found if not any(file.startswith(each) for each in ALLOWED)} == set()
    assert {each for each in ALLOWED if not any(file.startswith(each) for file in found)} == set()


@pytest.mark.parametrize("part", ["<a href=", "[", "@", "<", " ", "\n", "&#9", "*", "`", "_", "a:", "@a", "<mx-reply>"])
def test_what_hostile_people_send_is_read_at_once(part: str) -> None:
    """Each of these took minutes, or would; a test of this suite does not end when one is slow again."""
    text = part * (LONG // len(part))
    html = {"body": text, "formatted_body": text, "format": "org.matrix.custom.html"}
    read_matrix(html, "@sopwith:h", lambda user: user)
    read_slack(text, "U1", lambda user: user)
    assert _CO_AUTHOR.findall(text) == []
    for typed in (text, f"!action @ada a{text}b", f"!done row{text}", f"!incident {text}"):
        parse(typed, in_run=True)
    assert not names(b"- x" + text.encode() + b"x\n", "ada")


def test_a_number_without_end_is_no_character() -> None:
    assert unescape("&amp;&#" + "9" * 5000 + ";&#65;") == "&\ufffdA"
