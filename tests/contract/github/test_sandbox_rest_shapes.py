"""Everything the sandbox's forge says over REST is valid against GitHub's published shapes."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator

import pytest

from adapters.sandbox import github_rest
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.faults import Exchange
from adapters.sandbox.world import SandboxWorld
from tests.contract.github import contract
from tests.contract.github.conftest import START
from tests.contract.github.tour import walk

_REPO = "/repos/{owner}/{repo}"
_REASONS = "['completed', 'reopened', 'not_planned', 'duplicate']"
_CONCLUSIONS = "['success', 'failure', 'neutral', 'cancelled', 'skipped', 'timed_out', 'action_required']"
# Where GitHub itself does what its description does not say, and we do as it does.
_NULL_REASON = "nullable as described, but the described enum leaves null out"
_BODY_UNDESCRIBED = "described without a body; we send the one every other error has"
_REFUSAL_UNDESCRIBED = "described for when it goes well only; we refuse as every other operation does"
ALLOWED_ANSWERS = {
    f"GET {_REPO}/actions/runs/{{run_id}} 404: status not described": _REFUSAL_UNDESCRIBED,
    f"GET {_REPO}/actions/workflows/{{workflow_id}} 404: status not described": _REFUSAL_UNDESCRIBED,
    f"POST {_REPO}/actions/workflows/{{workflow_id}}/dispatches 422: status not described": _REFUSAL_UNDESCRIBED,
    f"GET {_REPO}/commits/{{ref}}/check-runs 200: $.check_runs[*].conclusion None is not one of {_CONCLUSIONS}": (
        _NULL_REASON
    ),
    f"GET {_REPO}/issues 200: $[*].state_reason None is not one of {_REASONS}": _NULL_REASON,
    f"POST {_REPO}/issues 201: $.state_reason None is not one of {_REASONS}": _NULL_REASON,
    f"GET {_REPO}/collaborators/{{username}} 404: application/json not described": _BODY_UNDESCRIBED,
    f"GET {_REPO}/pulls/{{pull_number}}/merge 404: application/json not described": _BODY_UNDESCRIBED,
    f"POST {_REPO}/pulls/{{pull_number}}/requested_reviewers 422: application/json not described": (_BODY_UNDESCRIBED),
    f"GET {_REPO}/releases/assets/{{asset_id}} 200: application/octet-stream not described": (
        "the bytes, which the description only promises in words"
    ),
    f"PUT {_REPO}/contents/{{path}} 409: $ oneOf does not hold": (
        "an ordinary error fits both alternatives of the described oneOf"
    ),
}
_ADVISORIES = f"{_REPO}/security-advisories"
_NULL_REFERENCE = "null as GitHub answers; the description puts nullable beside a reference, where it has no effect"
ALLOWED_ANSWERS |= {
    f"{call}: $.{name} {problem}": _NULL_REFERENCE
    for call, names in {
        f"POST {_ADVISORIES} 201": ("publisher", "private_fork"),
        f"POST {_ADVISORIES}/reports 201": ("publisher", "private_fork"),
        f"GET {_ADVISORIES}/{{ghsa_id}} 200": ("publisher", "private_fork"),
        f"PATCH {_ADVISORIES}/{{ghsa_id}} 200": ("publisher", "private_fork"),
    }.items()
    for name in names
    for problem in ("None for not nullable", "None is not of type 'object'")
}
# Where PyGithub sends what GitHub takes without describing it.
ALLOWED_REQUESTS = {
    f"POST {_REPO}/issues/{{issue_number}}/labels 200: body $ oneOf does not hold": (
        "PyGithub sends the bare list that GitHub took before, and takes"
    ),
    f"GET {_REPO}/pulls/{{pull_number}}/requested_reviewers 200: query parameter per_page not described": (
        "PyGithub takes the answer for a list and asks for a page of it; GitHub ignores that"
    ),
}


@pytest.fixture(scope="module")
async def exchanges(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Exchange]]:
    """What was said on a tour of the whole forge."""
    world = SandboxWorld(tmp_path_factory.mktemp("world"), VirtualClock(START), required_reviews=1)
    await world.start()
    world.requests.keep_bodies = True
    try:
        await asyncio.to_thread(walk, world)
        yield list(world.requests.entries)
    finally:
        await world.stop()


def test_every_answer_has_githubs_shape(exchanges: list[Exchange]) -> None:
    found = {line for exchange in exchanges for line in contract.answer_deviations(exchange)}
    assert found - ALLOWED_ANSWERS.keys() == set()


def test_every_request_of_the_real_clients_has_githubs_shape(exchanges: list[Exchange]) -> None:
    found = {line for exchange in exchanges for line in contract.request_deviations(exchange)}
    assert found - ALLOWED_REQUESTS.keys() == set()


def test_every_allowed_deviation_still_occurs(exchanges: list[Exchange]) -> None:
    answers = {line for exchange in exchanges for line in contract.answer_deviations(exchange)}
    requests = {line for exchange in exchanges for line in contract.request_deviations(exchange)}
    assert ALLOWED_ANSWERS.keys() <= answers
    assert ALLOWED_REQUESTS.keys() <= requests


def test_every_route_was_served_successfully_and_validated(exchanges: list[Exchange]) -> None:
    served = {(exchange.method, exchange.route) for exchange in exchanges if 200 <= exchange.status < 300}
    offered = {(route.method, route.path) for route in github_rest.routes()}
    assert offered - served == set()


def test_every_refusal_says_its_status_and_reason(exchanges: list[Exchange]) -> None:
    refusals = [exchange for exchange in exchanges if exchange.status >= 400]
    assert {exchange.status for exchange in refusals} == {401, 404, 405, 409, 422}
    for exchange in refusals:
        body = json.loads(exchange.response)
        assert body["message"]
        assert body["documentation_url"]
        assert body["status"] == str(exchange.status)


@pytest.mark.parametrize(
    ("route", "spoil"),
    [
        ("/repos/{owner}/{repo}/pulls/{pull_number}", lambda body: body.pop("mergeable_state")),
        ("/repos/{owner}/{repo}/pulls/{pull_number}", lambda body: body["head"].pop("repo")),
        ("/repos/{owner}/{repo}/issues/{issue_number}", lambda body: body.update(created_at="yesterday")),
        ("/repos/{owner}/{repo}/issues/{issue_number}", lambda body: body.update(number="7")),
    ],
)
def test_a_spoilt_answer_is_noticed(exchanges: list[Exchange], route: str, spoil: object) -> None:
    good = next(e for e in exchanges if (e.method, e.route, e.status) == ("GET", route, 200))
    body = json.loads(good.response)
    assert callable(spoil)
    spoil(body)
    spoilt = dataclasses.replace(good, response=json.dumps(body).encode())
    assert list(contract.answer_deviations(good)) == []
    assert list(contract.answer_deviations(spoilt)) != []


def test_a_misspelt_parameter_is_noticed(exchanges: list[Exchange]) -> None:
    good = next(e for e in exchanges if e.route == "/repos/{owner}/{repo}/issues" and e.query)
    assert list(contract.request_deviations(dataclasses.replace(good, query="label=bug"))) != []
