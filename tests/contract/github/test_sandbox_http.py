"""Tokens, pages, faults and the log: what lies between a client and the sandbox's forge."""

import httpx
import pytest
from github.Repository import Repository

from adapters.sandbox.people import token_of
from adapters.sandbox.world import SandboxWorld

ISSUES = "/repos/acme/skylark/issues"


@pytest.mark.parametrize(
    "header",
    [None, "Bearer nonsense", "Basic {token}", "Bearer a b", "Bearer sandbox-token-of-maint", "Bearer x{token}"],
)
def test_without_a_known_token_nothing_is_answered(world: SandboxWorld, header: str | None) -> None:
    headers = {"Authorization": header.format(token=token_of("maint"))} if header else {}
    answer = httpx.get(f"{world.api_url}/user", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["message"] in ("Bad credentials", "Requires authentication")


def test_a_token_says_who_acts(world: SandboxWorld) -> None:
    headers = {"Authorization": f"token {token_of('guest')}"}
    made = httpx.post(world.api_url + ISSUES, headers=headers, json={"title": "hello"})
    assert made.json()["user"]["login"] == "guest"


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:80", "127.0.0.1.attacker.example", "[::1]:80"])
def test_who_came_by_another_name_is_not_answered(world: SandboxWorld, host: str) -> None:
    headers = {"Authorization": f"token {token_of('maint')}", "Host": host}
    assert httpx.get(f"{world.api_url}/user", headers=headers).status_code == 421
    assert httpx.get(f"{world.api_url}/user", headers={**headers, "Host": "localhost:1"}).status_code == 200


@pytest.mark.parametrize("content", [b"{", b'"text"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(http: httpx.Client, content: bytes) -> None:
    assert http.post(ISSUES, content=content).status_code == 400


def test_an_unknown_path_is_not_found(http: httpx.Client, world: SandboxWorld) -> None:
    assert http.get("/repos/acme/skylark/nothing").json()["message"] == "Not Found"
    assert http.delete("/user").status_code == 404
    assert world.requests.entries[-1].route == ""


def test_pages_are_linked_and_complete(http: httpx.Client, world: SandboxWorld) -> None:
    for number in range(5):
        world.issue(f"issue {number}")
    first = http.get(ISSUES, params={"per_page": "2", "state": "all", "milestone": "none"})
    assert set(first.links) == {"next", "last"}
    titles = []
    answer = first
    while True:
        titles += [issue["title"] for issue in answer.json()]
        if "next" not in answer.links:
            break
        answer = http.get(answer.links["next"]["url"])
    assert titles == [f"issue {number}" for number in (4, 3, 2, 1, 0)]
    assert set(answer.links) == {"prev", "first"}
    assert "state=all" in answer.links["first"]["url"]
    assert "link" not in http.get(ISSUES).headers


def test_a_page_beyond_the_last_is_empty(http: httpx.Client, world: SandboxWorld) -> None:
    world.issue("one")
    assert http.get(ISSUES, params={"page": "7"}).json() == []


def test_pygithub_reads_every_page(repository: Repository, world: SandboxWorld) -> None:
    for number in range(35):
        world.issue(f"issue {number}", ["bug"])
    assert len(list(repository.get_issues(labels=["bug"]))) == 35
    assert world.requests.count("GET", "/issues$") == 2


def test_the_next_matching_request_fails_and_only_that(http: httpx.Client, world: SandboxWorld) -> None:
    world.faults.answer("POST", "/issues$", 502)
    assert http.get(ISSUES).status_code == 200
    assert http.post(ISSUES, json={"title": "x"}).status_code == 502
    assert http.get(ISSUES).json() == []
    assert http.post(ISSUES, json={"title": "x"}).status_code == 201
    assert world.faults.waiting == 0


def test_a_limited_request_carries_its_headers(http: httpx.Client, world: SandboxWorld) -> None:
    world.faults.answer("*", "/user$", 429, headers={"Retry-After": "7"}, message="slow down", times=2)
    answer = http.get("/user")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["message"]) == (429, "7", "slow down")
    assert http.get("/user").status_code == 429
    assert http.get("/user").status_code == 200


def test_a_connection_dropped_before_handling_changes_nothing(http: httpx.Client, world: SandboxWorld) -> None:
    world.faults.drop("POST", "/issues$")
    with pytest.raises(httpx.TransportError):
        http.post(ISSUES, json={"title": "lost"})
    assert http.get(ISSUES).json() == []
    assert world.requests.entries[0].status == 0


def test_a_connection_dropped_after_handling_has_changed_the_world(http: httpx.Client, world: SandboxWorld) -> None:
    world.faults.drop_after("POST", "/issues$")
    with pytest.raises(httpx.TransportError):
        http.post(ISSUES, json={"title": "made"})
    assert [issue["title"] for issue in http.get(ISSUES).json()] == ["made"]
    assert world.requests.count("POST", ISSUES) == 1


def test_graphql_operations_are_told_apart_by_what_they_contain(http: httpx.Client, world: SandboxWorld) -> None:
    world.faults.answer("POST", "/graphql", 502, containing="createDiscussion")
    assert http.post("/graphql", json={"query": "{ viewer { login } }"}).status_code == 200
    assert http.post("/graphql", json={"query": "mutation { createDiscussion { x } }"}).status_code == 502


def test_graphql_errors_come_with_status_200_and_their_type(http: httpx.Client) -> None:
    answer = http.post("/graphql", json={"query": '{ repository(owner: "acme", name: "other") { id } }'})
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["type"] == "NOT_FOUND"
    assert http.post("/graphql", json={"query": "{ nonsense }"}).json()["data"] is None
    assert http.post("/graphql", json={}).status_code == 400


async def test_a_stopped_world_answers_no_more(world: SandboxWorld) -> None:
    async with httpx.AsyncClient(base_url=world.api_url) as client:
        assert (await client.get("/v2/")).status_code == 200
        await world.stop()
        with pytest.raises(httpx.TransportError):
            await client.get("/v2/")
