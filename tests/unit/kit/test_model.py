import dataclasses
import json

import pytest

from adapters.sandbox.clock import VirtualClock
from bot.engine.advance import Advancer
from sops import ALL, by_id
from sops.kit.gate import Approved, SignedOff
from sops.kit.incident_actions import OpenIncidentIssue
from sops.kit.model import Piece, Role, Sop, Step, Unknown
from sops.kit.run import RunState
from tests.property.theatre import START, Theatre
from tests.property.world import World

STEPS = [(sop.id, step) for sop in ALL for step in sop.steps]


def stored(step):
    """As the database gives it back."""
    return json.loads(json.dumps(step.dump()))


@pytest.mark.parametrize(("sop", "step"), STEPS, ids=[f"{sop} {step.id}" for sop, step in STEPS])
def test_a_step_survives_its_snapshot(sop, step):
    loaded = Step.load(stored(step))
    assert loaded.waits == step.waits
    assert loaded.deeds == step.deeds
    names = [field.name for field in dataclasses.fields(Step) if field.name not in {"when", "do"}]
    assert {name: getattr(loaded, name) for name in names} == {name: getattr(step, name) for name in names}
    assert stored(loaded) == stored(step)


def test_every_piece_of_every_procedure_is_known_to_this_build():
    assert not [piece for sop in ALL for step in sop.steps for piece in step.pieces() if isinstance(piece, Unknown)]


def test_a_piece_this_build_does_not_have_is_unknown_and_keeps_its_name():
    found = Piece.load({"kind": "LaunchRocket", "to": "the moon"})
    assert found == Unknown("LaunchRocket")


def test_a_piece_with_a_field_this_build_does_not_have_is_unknown():
    dump = OpenIncidentIssue().dump()
    assert Piece.load(dump) == OpenIncidentIssue()
    assert Piece.load({**dump, "colour": "red"}) == Unknown("OpenIncidentIssue")


def test_lists_of_a_snapshot_are_tuples_again():
    gate = SignedOff(Role.ON_CALL, ask="really?", needs=("cause", "impact"))
    assert Piece.load(json.loads(json.dumps(gate.dump()))) == gate


def test_roles_of_a_snapshot_are_roles_again():
    gate = Piece.load(json.loads(json.dumps(Approved(1, by=Role.REVIEWER, covers=("a",), also=Role.ON_CALL).dump())))
    assert isinstance(gate, Approved)
    assert (type(gate.by), type(gate.also)) == (Role, Role)
    alone = Piece.load(json.loads(json.dumps(Approved(1, by=Role.REVIEWER, covers=("a",)).dump())))
    assert isinstance(alone, Approved)
    assert alone.also is None


def test_a_piece_with_a_role_this_build_does_not_have_is_unknown():
    assert Piece.load({**SignedOff(Role.ON_CALL, ask="?").dump(), "by": "wizard"}) == Unknown("SignedOff")


def test_two_steps_of_a_procedure_cannot_share_an_id():
    with pytest.raises(ValueError, match="share an id"):
        Sop("X", "x", command="x", prefix="X", owner=Role.ON_CALL, steps=(Step("a", "1", "a"), Step("a", "2", "b")))


@pytest.mark.parametrize("where", ["after", "then"])
def test_a_step_cannot_refer_to_a_step_that_is_not_there(where):
    with pytest.raises(ValueError, match="refers to 'gone'"):
        Sop("X", "x", command="x", prefix="X", owner=Role.ON_CALL, steps=(Step("a", "1", "a", **{where: "gone"}),))


def test_a_procedure_is_found_by_its_id_alone():
    assert {sop.id: by_id(sop.id) for sop in ALL} == {sop.id: sop for sop in ALL}
    assert by_id("SOP-99") is None


class TestAStepThisBuildDoesNotKnow:
    """The run is parked and told; it goes on where it was once a build that knows the step is running."""

    @pytest.fixture
    def theatre(self):
        theatre = Theatre(World(VirtualClock(START)), Advancer)
        yield theatre
        theatre.close()

    def test_parks_the_run_until_a_build_knows_it(self, theatre, monkeypatch):
        theatre.do(lambda stage: stage.say("rm", "#ops", "/incident declare P1 payments return 500"))
        with monkeypatch.context() as older_build:
            older_build.delitem(Piece.known, "OpenIncidentIssue")
            theatre.another_build()
            theatre.do(lambda stage: stage.say("oncall1", "in INC-1", "ack"))
            run = theatre.picture().runs["INC-1"]
            assert run.state is RunState.PARKED
            assert "unknown: OpenIncidentIssue" in run.record("acknowledge").note
            assert any("parked" in " ".join(post.lines) for post in theatre.room.posts)
            assert not theatre.world.issues
        theatre.another_build()
        run = theatre.picture().runs["INC-1"]
        assert run.state is RunState.ACTIVE
        assert run.record("acknowledge").state.over
        assert len(theatre.world.issues) == 1

    def test_keeps_its_snapshot_byte_for_byte_while_it_waits(self, theatre, monkeypatch):
        theatre.do(lambda stage: stage.say("rm", "#ops", "/incident declare P1 payments return 500"))
        before = theatre.picture().runs["INC-1"].definition
        with monkeypatch.context() as older_build:
            older_build.delitem(Piece.known, "OpenIncidentIssue")
            theatre.do(lambda stage: stage.say("oncall1", "in INC-1", "ack"))
        assert theatre.picture().runs["INC-1"].definition == before


def test_a_piece_that_counts_from_a_step_names_one_of_its_procedure():
    rollback = by_id("SOP-04")
    steps = tuple(
        dataclasses.replace(step, id="agreed" if step.id == "approve" else step.id, after=None)
        for step in rollback.steps
    )
    with pytest.raises(ValueError, match="Republish refers to 'approve', which is not a step"):
        dataclasses.replace(rollback, steps=steps)
