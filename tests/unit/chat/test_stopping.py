"""What stops what is about to happen, what is answered with a hint, and what is people talking."""

import pytest

from bot.chat.stopping import Halt, halt


@pytest.mark.parametrize(
    "text",
    [
        *(
            "stop",
            "STOP",
            "Stop!",
            "STOP!!!",
            "stop.",
            "`stop`",
            "*stop*",
            "_Stop_",
            "> go ahead\nstop",
            "ｓｔｏｐ",
            "st\u200bop",
        ),
        *(
            "stop please",
            "please stop",
            "Stop it",
            "stop that now",
            "no stop",
            "no, stop!",
            "stop stop stop",
            "oh no wait",
        ),
        *(
            "wait",
            "Wait!",
            "hold on",
            "hold on a sec",
            "hold it",
            "halt",
            "abort",
            "cancel that",
            "wait a minute please",
        ),
        *(
            "hmm, wait",
            "stop the release",
            "stop the tag",
            "@sopwith stop",
            "!stop please",
            "stop now, sorry",
            "everybody stop",
        ),
        *("🛑", "✋✋🏽", "⛔", ":octagonal_sign:", ":hand::skin-tone-2:", "🛑 stop", "🚫\ufe0f"),
    ],
)
def test_it_stops(text):
    assert halt(text) is Halt.STOP


@pytest.mark.parametrize(
    "text",
    ["stop?", "should we wait?", "no", "No!", "nope", "don't", "please don’t", "not yet", "don't stop", "do not wait"],
)
def test_it_is_a_hint(text):
    assert halt(text) is Halt.HINT


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "...",
            "go",
            "go ahead",
            "please",
            "stopped",
            "nonstop",
            "no problem",
            "I cannot wait to see it",
            "👍",
            "❌ tests",
        ),
        *(
            "stop worrying, it is fine",
            "wait for the numbers of last week",
            "the bus stop",
            "> stop",
            "> stop\nlooks good",
        ),
        *("hold my beer", "cancel the meeting", "wait " * 11, "stop " * 2000),
    ],
)
def test_it_is_talk(text):
    assert halt(text) is Halt.TALK


@pytest.mark.parametrize("piece", ["stop ", ":", "no ", "'", "🛑", "a:b:", "\u200d"])
def test_what_is_long_is_talk(piece):
    assert halt(piece * 201) is Halt.TALK
