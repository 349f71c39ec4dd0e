"""Text from outside is read in time that grows with it: each place that reads any, at 1, 2 and 4 times 32 kB.

Ratios within one run; what is over in a twinkling of the floor has no ratio worth the name. A place may refuse the
text, by an error of ours and by no other.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from sops.kit.errors import SopwithError
from tests.bench.places import PLACES

pytestmark = pytest.mark.bench

SIZE, WORST, FLOOR = 32_768, 7.0, 0.2
QUICK = FLOOR / 16  # four times as long is below the floor, were it in the square
HOSTILE = (
    *("[", "]", "@", " ", "\n", "\t", "<a href=", "<", "`", "*", "_", ">", "> ", "1", "9.", "(", "![", "[a](", "~~~\n"),
    *("&#9", "&", "|", "| a ", "- ", "#", "# a\n", "## [1.0.0]\n", "- a\n", "  ", "a: ", "@a ", "by ", "/*", "//", '"'),
    *("{", '{"a":', '["', "\\", "co-authored-by:", "\r", "\u0301", "🆘", "AV:N/", "ack ", "\x1b["),
    *(
        "\0",
        "1\0a\0CONFLICT\0m\0",
        ";",
        ',<a>;b="',
        "=",
        '=";',
        ", ",
        "a\u2028",
        "a\tb\n",
        "1.",
        "a.",
        "[[a]]\n",
        "[a.",
    ),
    *(
        "a={",
        "a=[",
        '"""',
        "'",
        "${",
        "#[[",
        "[=[",
        "| a | b |\n",
        "|---|\n",
        "&a [*a,",
        "*a,",
        "!!a ",
        "? ",
        "%41",
        "a=&",
    ),
    *("Permission to ", "fatal: ", "remote: ", "returned error: 4", "(cherry picked from commit ", "-----BEGIN "),
)
#: With a number of its own in each.
NUMBERED = (
    "{}\n",
    "a{} = 1\n",
    "[a.b{}]\nc = 1\n",
    "[a{0}]\n[b]\nc{0} = 1\n",
    "[a{}]: b\n",
    "| {} | a |\n",
    "## [1.{}.0]\n",
)


def _seconds(read: Callable[[str], object], part: str, times: int) -> float:
    text = _text(part, SIZE * times)
    began = time.process_time()
    with suppress(SopwithError):
        read(text)
    return time.process_time() - began


def _text(part: str, size: int) -> str:
    if part in NUMBERED:
        return "".join(map(part.format, range(size // len(part.format(1000)))))
    return (part * (size // len(part) + 1))[:size]


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Its pauses grow with everything that is alive, and are not the reader's."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("place", PLACES)
def test_what_is_four_times_as_long_takes_about_four_times_as_long(place: str) -> None:
    slow = {}
    for part in (*HOSTILE, *NUMBERED):
        seconds = partial(_seconds, PLACES[place], part)
        once = seconds(1)
        if once <= QUICK or not _too_slow((once, seconds(4))):
            continue
        tries = [_three(seconds), _three(seconds)]  # twice, since the machine may have been busy meanwhile
        if all(map(_too_slow, tries)):
            slow[part] = tries
    assert slow == {}


def _three(seconds: Callable[[int], float]) -> tuple[float, ...]:
    return tuple(seconds(times) for times in (1, 2, 4))


def _too_slow(seconds: tuple[float, ...]) -> bool:
    once, four = seconds[0], seconds[-1]
    return four > FLOOR and four / max(once, FLOOR / 10) > WORST
