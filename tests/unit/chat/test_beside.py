"""Which run a short message in a channel names."""

import pytest

from bot.chat.beside import named


@pytest.mark.parametrize("said", ["ack INC-1", "INC-1 ack", "ack inc-1.", "INC-1: ack"])
def test_the_run_that_is_named_and_the_rest(said: str) -> None:
    assert named(said) == ("INC-1", "ack")


@pytest.mark.parametrize("said", ["ack", "ack INC-1 and INC-2", "ack INC-1?", "ack INC-1 " + "x" * 100])
def test_several_a_question_or_much_text_name_none(said: str) -> None:
    assert named(said) == ("", "")
