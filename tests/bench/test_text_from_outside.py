"""Text from outside is read in time that grows with it: each place that reads any, at 1, 2 and 4 times 32 kB.

Ratios within one run; what is over in a twinkling of the floor has no ratio worth the name. A place may refuse the
text, by an error of ours and by no other.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date

import pytest

from adapters.github.pulls import _CO_AUTHOR
from adapters.matrix.text import read as read_matrix
from adapters.slack.text import read as read_slack
from bot.chat.commands import parse
from bot.chat.half_asleep import heard
from bot.chat.severities import out_of
from bot.chat.words import asks_for_help
from sops.kit import changelog, changelog_entries, changelog_merges, changelog_sections
from sops.kit.affected import bounds
from sops.kit.contributors import add_contributor, names
from sops.kit.cvss import scored
from sops.kit.document import parse_document
from sops.kit.errors import SopwithError
from sops.kit.escaping import printable
from sops.kit.json_text import read as read_json
from sops.kit.version import Version
from sops.kit.version_files import get_version

pytestmark = pytest.mark.bench

SIZE, WORST, FLOOR = 32_768, 6.0, 0.05
HOSTILE = (
    *("[", "]", "@", " ", "\n", "\t", "<a href=", "<", "`", "*", "_", ">", "> ", "1", "9.", "(", "![", "[a](", "~~~\n"),
    *("&#9", "&", "|", "| a ", "- ", "#", "# a\n", "## [1.0.0]\n", "- a\n", "  ", "a: ", "@a ", "by ", "/*", "//", '"'),
    *("{", '{"a":', '["', "\\", "co-authored-by:", "\r", "\u0301", "🆘", "AV:N/", "ack ", "\x1b["),
)
HEADED = b"# Changelog\n\n## [Unreleased]\n\n### Added\n\n- a\n\n"


def _html(text: str) -> None:
    read_matrix({"body": text, "formatted_body": text, "format": "org.matrix.custom.html"}, "@b:h", lambda user: user)


def _log(text: str) -> bytes:
    return HEADED + text.encode()


PLACES: dict[str, Callable[[str], object]] = {
    "a Matrix message": _html,
    "a Slack message": lambda text: read_slack(text, "U1", lambda user: user),
    "a command": lambda text: [parse(each, in_run=True) for each in (text, f"!{text}", f"/incident {text}")],
    "a command to the bot": lambda text: parse(text, in_run=False, addressed=True),
    "an action": lambda text: parse(f"!action @ada a{text}b", in_run=True),
    "an update": lambda text: parse(f"!update a{text} next", in_run=True),
    "an answer to a page": lambda text: heard(text, {"ada"}, {"bob"}),
    "a word of help": asks_for_help,
    "a severity": out_of,
    "a title": printable,
    "the co-authors of a commit": _CO_AUTHOR.findall,
    "the contributors": lambda text: (
        names(b"- x" + text.encode() + b"x\n", "ada"),
        add_contributor(text.encode(), "ada"),
    ),
    "a changelog's entries": lambda text: changelog.entries(_log(text), "Unreleased"),
    "what is unreleased": lambda text: changelog_entries.unreleased_entries(_log(text)),
    "an entry to add": lambda text: changelog_entries.add_entry(_log(text), "Fixed", "b"),
    "a changelog to promote": lambda text: changelog_merges.promote(_log(text), "1.4.0", date(2026, 1, 1), ()),
    "changelogs to merge": lambda text: changelog_merges.back_merged(_log(text), _log(text), "1.4.0"),
    "an entry": changelog_sections.is_entry,
    "a CVSS vector": lambda text: scored(f"CVSS:3.1/{text}"),
    "affected versions": bounds,
    "a document of procedures": parse_document,
    "JSON": lambda text: read_json(text.encode()),
    "a version": Version.parse,
    "a version file": lambda text: [
        get_version(kind, text.encode(), at)
        for kind, at in (("plain", ""), ("cmake", ""), ("json", "/version"), ("toml", "project.version"))
    ],
}


def _seconds(read: Callable[[str], object], part: str, times: int) -> float:
    text = (part * (SIZE * times // len(part) + 1))[: SIZE * times]
    began = time.process_time()
    with suppress(SopwithError, ValueError):
        read(text)
    return time.process_time() - began


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
    for part in HOSTILE:
        tries = [_three(PLACES[place], part)]
        if _too_slow(tries[0]):  # once more, since the machine may have been busy meanwhile
            tries.append(_three(PLACES[place], part))
        if all(map(_too_slow, tries)):
            slow[part] = tries
    assert slow == {}


def _three(read: Callable[[str], object], part: str) -> tuple[float, ...]:
    return tuple(_seconds(read, part, times) for times in (1, 2, 4))


def _too_slow(seconds: tuple[float, ...]) -> bool:
    once, _, four = seconds
    return four > FLOOR and four / max(once, FLOOR / 10) > WORST
