"""What must hold of every procedure, read from its list."""

import pytest

import sops
from sops.kit.action import Action
from sops.kit.gate import Approved
from sops.kit.incident_actions import CorrectNotice, PublishNotice
from sops.kit.model import Piece, Sop, Step, Unknown

EVERY = pytest.mark.parametrize("sop", sops.ALL, ids=lambda sop: sop.id)


@EVERY
def test_nothing_public_happens_before_an_approval_that_names_it(sop: Sop):
    named: set[str] = set()
    for step in sop.steps:
        for gate in step.waits:
            if isinstance(gate, Approved):
                named.update(gate.covers)
        if any(isinstance(deed, Action) and deed.public for deed in step.deeds):
            assert step.id in named, f"{step.id} is public, and no approval before it names it"


@EVERY
def test_an_approval_covers_steps_there_are_from_its_own_on(sop: Sop):
    ids = [step.id for step in sop.steps]
    for step in sop.steps:
        for gate in step.waits:
            if isinstance(gate, Approved):
                assert gate.covers[0] == step.id
                assert [ids.index(covered) for covered in gate.covers] == sorted(
                    ids.index(covered) for covered in gate.covers
                )


@EVERY
def test_a_snapshot_reads_back_as_the_same_step(sop: Sop):
    for step in sop.steps:
        again = Step.load(step.dump())
        assert again.dump() == step.dump()
        assert not [piece for piece in again.pieces() if isinstance(piece, Unknown)]


@EVERY
def test_every_step_names_a_row(sop: Sop):
    assert all(step.row and step.title for step in sop.steps)


def test_words_people_publish_are_public_deeds():
    assert PublishNotice.public
    assert CorrectNotice.public


def test_a_snapshot_that_lacks_a_field_or_names_a_stranger_is_unknown():
    assert isinstance(Piece.load({"kind": "CutBranch"}), Unknown)
    assert isinstance(Piece.load({"kind": "CutBranch", "branch": "a", "base": "b", "by": "c"}), Unknown)
    assert isinstance(Piece.load({"kind": "Teleport"}), Unknown)
