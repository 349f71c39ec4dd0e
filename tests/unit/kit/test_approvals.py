import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sops.kit.approvals import Request, RequestState, Yes, code_of, differences, digest_of
from sops.kit.model import Role
from tests.unit.runs import NOW

SUBJECT = {"head": "a1b2", "base": "main", "pull request": 418, "effects": ["merge", "tag"], "quorum": 1}
subjects = st.dictionaries(st.text(max_size=8), st.one_of(st.integers(), st.text(), st.lists(st.text(max_size=4))))


def a_request(**changes):
    request = Request(
        seq=1,
        code="7f3a",
        step="merge",
        iteration=1,
        role=Role.REVIEWER,
        quorum=2,
        subject=SUBJECT,
        digest=digest_of(SUBJECT),
        effects=("merge", "tag"),
        excluded={"rm": "starter"},
        made_at=NOW,
        expires_at=NOW,
    )
    return request.but(**changes)


def test_the_order_in_which_a_subject_was_written_does_not_matter():
    assert digest_of(dict(reversed(SUBJECT.items()))) == digest_of(SUBJECT)


@pytest.mark.parametrize(
    "change",
    [{"head": "a1b3"}, {"pull request": 419}, {"effects": ["tag", "merge"]}, {"quorum": 2}, {"base": "Main"}],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_in_a_subject_changes_its_digest(change):
    assert digest_of({**SUBJECT, **change}) != digest_of(SUBJECT)
    assert differences(SUBJECT, {**SUBJECT, **change}) == {
        name: (SUBJECT[name], value) for name, value in change.items()
    }


@given(subjects, subjects)
def test_equal_digests_mean_equal_subjects(one, other):
    assert (digest_of(one) == digest_of(other)) == (one == other)
    assert (differences(one, other) == {}) == (one == other)


def test_differences_name_what_came_and_what_went():
    assert differences({"a": 1, "b": 2}, {"b": 2, "c": 3}) == {"a": (1, None), "c": (None, 3)}


@given(st.uuids().map(lambda uuid: uuid.hex), st.integers(1, 500))
def test_a_code_is_four_characters_people_can_type(run_id, seq):
    code = code_of(run_id, seq, digest_of(SUBJECT))
    assert len(code) == 4
    assert set(code) <= set(string.hexdigits.lower())


def test_the_same_question_asked_again_has_another_code():
    digest = digest_of(SUBJECT)
    assert len({code_of("r1", seq, digest) for seq in range(1, 6)}) == 5
    assert code_of("r1", 1, digest) != code_of("r2", 1, digest)


def test_a_person_with_two_accounts_counts_once():
    yeses = (
        Yes(person="rev1", account="console:rev1", at=NOW),
        Yes(person="rev1", account="console:rev1-phone", at=NOW),
        Yes(person="rev2", account="console:rev2", at=NOW),
    )
    assert a_request(yeses=yeses).people == ("rev1", "rev2")


@pytest.mark.parametrize("state", list(RequestState))
def test_only_an_open_or_granted_request_lives(state):
    assert a_request(state=state).live == (state in {RequestState.OPEN, RequestState.GRANTED})
