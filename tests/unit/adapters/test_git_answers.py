"""What a git remote lists and says, however odd the names in it, is read as what it is."""

from typing import Any, cast

from adapters.git.command import Answer
from adapters.git.merges import _conflicts
from adapters.git.push import remote_refs, remote_tags

ONE, TWO = "1" * 40, "2" * 40


class Git:
    """It answers this, whatever it is asked."""

    url = "https://forge.example/r"

    def __init__(self, out: bytes) -> None:
        self._out = out

    def ask(self, *_: str) -> Answer:
        return Answer(0, self._out, "")


def listed(*lines: str) -> Any:
    return cast("Any", Git("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")))


def test_a_name_with_what_python_takes_for_a_lines_end_is_one_name() -> None:
    """Git allows these in a name; whoever may push one must not keep everybody's tags from being read."""
    names = ["v1\u2028x", "v1\x85x", "v\u2029"]
    tags = remote_tags(listed(*(f"{ONE}\trefs/tags/{name}" for name in names), f"{TWO}\trefs/tags/v1.4.0"))
    assert tags == {**dict.fromkeys(names, (ONE, ONE)), "v1.4.0": (TWO, TWO)}


def test_a_name_that_is_no_unicode_and_a_line_that_is_none_hide_nothing() -> None:
    git = listed(f"{ONE}\trefs/heads/\udcff/refs/heads/main", "redirected for your pleasure", f"{TWO}\trefs/heads/main")
    assert remote_refs(git, "refs/heads/main")["refs/heads/main"] == TWO


def test_conflicts_are_read_to_their_end() -> None:
    told = b"a\0\0" + b"1\0b\0CONFLICT (rename)\0said\0" * 50_000 + b"2\0c\0d\0CONFLICT (folder)\0said\0"
    assert _conflicts(told) == {"a", "b", "c", "d"}
    assert _conflicts(b"a\0\0" + b"9" * 5_000 + b"\0b\0CONFLICT\0") == {"a"}
    assert _conflicts(b"a\0\09\0b\0CONFLICT\0") == {"a"}
