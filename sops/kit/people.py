"""People: one person, however many accounts. Authority hangs on (platform, stable id), never on names."""

from collections.abc import Iterable, Sequence
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from sops.kit.calendar import zone_named
from sops.kit.conversation import Actor
from sops.kit.errors import ConfigurationError
from sops.kit.model import Role


class Person(BaseModel):
    """`accounts` maps a platform to this person's ids there; `github` are logins, `emails` commit addresses.

    `zone` is where their working hours are; empty for the organisation's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    handle: str
    roles: tuple[Role, ...] = ()
    accounts: dict[str, tuple[str, ...]] = {}
    github: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    zone: str = ""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        """Raises ConfigurationError where there is no such zone, so that no reminder fails over it later."""
        try:
            if self.zone:
                zone_named(self.zone)
        except ConfigurationError as problem:
            raise ConfigurationError(f"people, {self.handle}: {problem}") from problem
        return self


K = TypeVar("K")


def _each(what: str, named: Iterable[tuple[K, Person]]) -> dict[K, Person]:
    found: dict[K, Person] = {}
    for key, person in named:
        other = found.setdefault(key, person)
        if other is not person:
            name = ":".join(key) if isinstance(key, tuple) else key
            raise ConfigurationError(f"{other.handle} and {person.handle} have the same {what}: {name}")
    return found


class People:
    """Everybody the organisation named, in the order it named them (which is the order of being on call).

    Raises ConfigurationError when two people share a handle, an account, a login or an address: one of them would
    silently have the other's authority.
    """

    def __init__(self, people: Sequence[Person]) -> None:
        self._all = tuple(people)
        self._by_handle = _each("handle", ((person.handle, person) for person in people))
        self._by_account = _each(
            "account",
            (
                ((platform, account), person)
                for person in people
                for platform, accounts in person.accounts.items()
                for account in accounts
            ),
        )
        self._by_login = _each("login", ((login.lower(), person) for person in people for login in person.github))
        self._by_email = _each("address", ((email.lower(), person) for person in people for email in person.emails))

    def who(self, actor: Actor) -> Person | None:
        """The person behind an account; None for a stranger."""
        return self._by_account.get((actor.platform, actor.id))

    def everybody(self) -> tuple[Person, ...]:
        return self._all

    def named(self, handle: str) -> Person | None:
        return self._by_handle.get(handle.removeprefix("@"))

    def zone_of(self, handles: Sequence[str]) -> str:
        """The zone of the one person that is named; empty for the organisation's, as where it is not one alone."""
        person = self.named(handles[0]) if len(handles) == 1 else None
        return person.zone if person else ""

    def linked(self, login: str) -> Person | None:
        """Whose account at the forge that is; a handle that happens to read alike links nobody."""
        return self._by_login.get(login.lower())

    def author(self, name: str) -> str:
        """The handle behind a forge login or an "email:…" of a commit; the name itself if nobody is known."""
        if name.startswith("email:"):
            found = self._by_email.get(name.removeprefix("email:").lower())
        else:
            found = self._by_login.get(name.lower())
        return found.handle if found else name

    def holding(self, *roles: Role) -> tuple[Person, ...]:
        """Everyone with one of the roles, role by role, each person once."""
        found = {person.handle: person for role in roles for person in self._all if role in person.roles}
        return tuple(found.values())

    def with_a_role(self) -> tuple[Person, ...]:
        """Everyone who has any role."""
        return tuple(person for person in self._all if person.roles)

    def has(self, handle: str, roles: Iterable[Role]) -> bool:
        wanted = set(roles)
        person = self._by_handle.get(handle)
        return Role.ANYONE in wanted or (person is not None and not wanted.isdisjoint(person.roles))
