"""Every command has a handler or an answer: said where it belongs, it changes the record or is replied to."""

from collections.abc import Iterator

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.chat import commands
from bot.chat.beginnings import BEGINNINGS
from bot.chat.handlers import HANDLERS
from bot.engine.advance import Advancer
from tests.property.theatre import START, Theatre
from tests.property.world import World
from tests.unit.chat.test_commands import TYPED, every_command

ANSWERED = every_command() - set(HANDLERS)


@pytest.fixture
def theatre() -> Iterator[Theatre]:
    theatre = Theatre(World(VirtualClock(START)), Advancer)
    yield theatre
    theatre.close()


def test_what_has_no_handler_only_looks_or_begins_something():
    assert {
        *(commands.Declare, commands.InRun, commands.OfIncident, commands.Restrict, commands.StartOwn, *BEGINNINGS),
        *(commands.Overview, commands.ListSops, commands.ShowSop, commands.ListRuns),
        *(commands.Status, commands.Plan, commands.Todo, commands.Timeline, commands.Help),
    } == ANSWERED


def test_nobody_who_types_a_command_is_left_without_an_answer(theatre):
    theatre.do(lambda stage: stage.say("rm", "#ops", "/incident declare P1 payments return 500"))
    theatre.do(lambda stage: stage.say("rm", "#releases", "/release rc 1.4.0"))
    silent = []
    for where in ("in INC-1", "in REL-1"):
        for text, _ in TYPED:
            before = len(theatre.room.posts)
            theatre.do(lambda stage, where=where, text=text: stage.say("rm", where, text))
            said = [post for post in theatre.room.posts[before:] if post.author == "sopwith"]
            silent += [] if said else [f"{where}: {text}"]
    assert silent == []
    assert theatre.picture().parked == []


def test_what_does_not_fit_the_kind_of_run_is_refused(theatre):
    theatre.do(lambda stage: stage.say("rm", "#releases", "/release rc 1.4.0"))
    theatre.do(lambda stage: stage.say("rm", "in REL-1", "!verify it works"))
    assert "That is not for REL-1" in " ".join(theatre.room.posts[-1].lines)
    assert theatre.picture().runs["REL-1"].record("verify").signed is False


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("!reopen we forgot something", "Only incidents are reopened. REL-1 is planned"),
        ("!close", "Only incidents are closed. REL-1 ends by itself with its last step"),
        ("!hold not yet", "This run was not started; !start starts it"),
        ("!retry", "This run was not started; !start starts it"),
        ("start", "If you mean me, say: !start"),
        ("go ahead", "If you mean me, say: !start"),
    ],
)
def test_a_word_too_early_or_of_another_kind_of_run_is_told_what_to_say(theatre, word, answer):
    theatre.do(lambda stage: stage.say("rm", "#releases", "/release rc 1.4.0"))
    theatre.do(lambda stage: stage.say("rm", "in REL-1", word))
    assert answer in " ".join(theatre.room.posts[-1].lines)
    assert theatre.picture().runs["REL-1"].state == "planned"


def test_a_held_run_is_gone_on_with_by_the_word_alone(theatre):
    theatre.do(lambda stage: stage.say("rm", "#releases", "/release rc 1.4.0"))
    theatre.do(lambda stage: stage.say("rm", "in REL-1", "!start"))
    theatre.do(lambda stage: stage.say("rm", "in REL-1", "!hold the disk is full"))
    theatre.do(lambda stage: stage.say("guest", "in REL-1", "resume"))
    assert theatre.room.posts[-1].lines == ["resume"], "who may not resume is told nothing"
    theatre.do(lambda stage: stage.say("rm", "in REL-1", "resume"))
    assert "If you mean me, say: !resume" in " ".join(theatre.room.posts[-1].lines)
    assert theatre.picture().runs["REL-1"].state == "held"
