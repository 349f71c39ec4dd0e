"""Where the repository of a lane is looked for."""

import pytest
from pydantic import ValidationError

from bot.wiring.lanes import own_repositories, url_beside
from sops.kit.policy import Lane, Policy


@pytest.mark.parametrize(
    ("url", "beside"),
    [
        ("https://forge.example/acme/db.git", "https://forge.example/corp/db-enterprise.git"),
        ("https://forge.example/git/acme/db", "https://forge.example/git/corp/db-enterprise.git"),
        ("ssh://git@forge.example:2222/acme/db.git", "ssh://git@forge.example:2222/corp/db-enterprise.git"),
        ("git@forge.example:acme/db.git", "git@forge.example:corp/db-enterprise.git"),
        ("/srv/git/db.git", "/srv/git/db-enterprise.git"),
        ("file:///srv/git/db.git", "file:///srv/git/db-enterprise.git"),
    ],
)
def test_it_is_at_the_host_of_the_project(url: str, beside: str) -> None:
    assert url_beside(url, "corp/db-enterprise") == beside


def test_a_lane_is_a_branch_here_or_elsewhere() -> None:
    policy = Policy.model_validate(
        {"lanes": {"A": "lane/a", "B": {"repository": "acme/b", "branch": "main"}, "C": Lane(branch="lane/c")}}
    )
    assert {name: lane.where for name, lane in policy.lanes.items()} == {
        "A": "lane/a",
        "B": "acme/b main",
        "C": "lane/c",
    }
    assert own_repositories(policy) == ("acme/b",)
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    "name", ["b", "acme/b/c", "../b", "acme/..", "acme/b.git?x", "https://elsewhere.example/b", "-a/b"]
)
def test_a_repository_is_an_owner_and_a_name(name: str) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"lanes": {"B": {"repository": name, "branch": "main"}}})
