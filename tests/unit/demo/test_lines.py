"""The lines of a script that are about the far end."""

import pytest

from bot.demo import lines
from bot.demo.lines import Forge, ScriptError, Show


def test_a_faults_words_are_the_answers_as_they_stand() -> None:
    line = "%fault PUT /pulls/41/merge$ 405 1 Somebody's  “rule” says no"
    assert lines.parse(line) == Forge(("fault", "PUT", "/pulls/41/merge$", "405", "1", "Somebody's  “rule” says no"))
    assert lines.parse("%fault clear") == Forge(("fault", "clear"))
    assert lines.parse("%hang registry") == Forge(("hang", "registry"))


def test_files_and_images_are_looked_at() -> None:
    assert lines.parse('%show release/v1.4.0-rc1 "docs/a b.md"') == Show(("show", "release/v1.4.0-rc1", "docs/a b.md"))
    assert lines.parse("%image latest") == Show(("digest", "latest"))


@pytest.mark.parametrize("line", ["%show main", "%show main a b", "%image", "%image a b"])
def test_what_says_too_little_or_too_much_is_refused_with_an_example(line: str) -> None:
    with pytest.raises(ScriptError, match="it goes like this: %"):
        lines.parse(line)


@pytest.mark.parametrize("verb", ["%fault", "%hang", "%show", "%image"])
def test_the_help_explains_it(verb: str) -> None:
    assert verb in lines.HELP
