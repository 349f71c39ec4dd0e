"""People: one person has however many accounts, and no account has two people."""

import pytest

from sops.kit.conversation import Actor
from sops.kit.errors import ConfigurationError
from sops.kit.model import Role
from sops.kit.people import People, Person


def a_person(handle: str, **known: object) -> Person:
    return Person.model_validate({"handle": handle, "roles": (Role.REVIEWER,), **known})


def test_a_person_is_known_by_any_of_their_accounts() -> None:
    ann = a_person("ann", accounts={"slack": ("T1/U1",), "matrix": ("@ann:example.org",)})
    people = People([ann, a_person("bob")])
    assert people.who(Actor(platform="slack", id="T1/U1")) is ann
    assert people.who(Actor(platform="matrix", id="@ann:example.org")) is ann
    assert people.who(Actor(platform="matrix", id="T1/U1")) is None


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        ({"accounts": {"slack": ("U1", "U2")}}, "account: slack:U1"),
        ({"github": ("Ann",)}, "login: ann"),
        ({"emails": ("ANN@example.org",)}, "address: ann@example.org"),
    ],
)
def test_two_people_cannot_share_what_says_who_somebody_is(theirs: dict[str, object], why: str) -> None:
    ann = a_person("ann", accounts={"slack": ("U1",)}, github=("ann",), emails=("ann@example.org",))
    with pytest.raises(ConfigurationError, match=f"ann and bob have the same {why}"):
        People([ann, a_person("bob", **theirs)])


def test_a_handle_names_one_person() -> None:
    with pytest.raises(ConfigurationError, match="same handle"):
        People([a_person("ann"), a_person("ann")])


def test_somebody_may_be_at_home_elsewhere_and_a_zone_that_is_none_is_said_to_be_theirs() -> None:
    people = People([a_person("ann", zone="Asia/Tokyo"), a_person("bob")])
    assert people.zone_of(["ann"]) == "Asia/Tokyo"
    assert (
        people.zone_of(["bob"])
        == people.zone_of(["ann", "bob"])
        == people.zone_of(["gone"])
        == people.zone_of([])
        == ""
    )
    with pytest.raises(
        ConfigurationError, match=r"people, ann: There is no time zone 'Asia/Tokio'\. Did you mean Asia/Tokyo"
    ):
        a_person("ann", zone="Asia/Tokio")
