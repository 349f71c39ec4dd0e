"""What stops what is about to happen, what is answered with a hint, and what is people talking."""

import pytest

from bot.chat import commands
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
        # A reason follows.
        *("STOP! wrong version", "stop, the tests are red", "Stop: wrong tag", "STOP wrong version", "stop\nwrong tag"),
        *("no, stop: wrong tag", "hold on, the tests are red", "@sopwith STOP it deletes data", "*STOP!* wrong tag"),
        *("stop - wrong tag", "stop the tag. It is wrong", "wait, is it green?", "STOP wrong " + "x" * 500),
        *("🛑", "✋✋🏽", "⛔", ":octagonal_sign:", ":hand::skin-tone-2:", "🛑 stop", "🚫\ufe0f"),
    ],
)
def test_it_stops(text):
    assert halt(text) is Halt.STOP


@pytest.mark.parametrize(
    "text",
    [
        *("stop worrying, it is fine", "wait for the numbers of last week", "hold my beer", "cancel the meeting"),
        *("STOP?", "wait " * 11, "stop " * 2000),
        *(
            "stop?",
            "should we wait?",
            "no",
            "No!",
            "nope",
            "don't",
            "please don’t",
            "not yet",
            "don't stop",
            "do not wait",
        ),
    ],
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
            "the bus stop",
            "> stop",
            "> stop\nlooks good",
        ),
    ],
)
def test_it_is_talk(text):
    assert halt(text) is Halt.TALK


@pytest.mark.parametrize("piece", [":", "no ", "'", "🛑", "a:b:", "\u200d"])
def test_what_is_long_is_talk(piece):
    assert halt(piece * 201) is Halt.TALK


@pytest.mark.parametrize("typed", ["!stahp", "!stopp", "!stap", "!sotp", "!halt", "!abort", "!stop?"])
def test_what_is_like_a_stop_is_never_taken_for_a_start(typed):
    problem = commands.parse(typed, in_run=True)
    assert isinstance(problem, commands.Problem)
    assert problem.more == "stop"
