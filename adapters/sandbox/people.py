"""The people of the sandbox: who has an account at the forge, and what each may do there."""

import hmac
import secrets
from dataclasses import dataclass

BOT = "sopwith-bot"
WORKFLOW = "skylark-ci"
MAIL_DOMAIN = "skylark.example"


@dataclass(frozen=True)
class Person:
    """An account. `role` is the forge's role name on the repository."""

    login: str
    id: int
    name: str
    role: str
    is_bot: bool = False

    @property
    def email(self) -> str:
        return f"{self.login}@{MAIL_DOMAIN}"

    @property
    def permission(self) -> str:
        """The role as the older permission word (maintain reads as write, triage as read)."""
        return {"maintain": "write", "triage": "read"}.get(self.role, self.role)


PEOPLE = {
    person.login: person
    for person in (
        Person("rm", 1001, "Rosa Marini", "maintain"),
        Person("rm2", 1002, "Reza Moradi", "maintain"),
        Person("rev1", 1011, "Runa Evers", "write"),
        Person("rev2", 1012, "Rafael Vidal", "write"),
        Person("rev3", 1013, "Ritva Aalto", "write"),
        Person("oncall1", 1021, "Oona Calder", "write"),
        Person("oncall2", 1022, "Otis Cole", "write"),
        Person("seclead", 1031, "Selma Lund", "maintain"),
        Person("maint", 1041, "Mira Ainsworth", "admin"),
        Person("guest", 1051, "Gus Estrada", "read"),
        Person("newcomer", 1061, "Nadia Weiss", "none"),
        Person(BOT, 1090, "Sopwith", "write", is_bot=True),
        Person(WORKFLOW, 1091, "Skylark CI", "write", is_bot=True),
    )
}


def by_email(email: str) -> Person | None:
    """The account an e-mail address in a commit is linked to."""
    login, _, domain = email.partition("@")
    return PEOPLE.get(login) if domain == MAIL_DOMAIN else None


_SECRET = secrets.token_bytes(32)  # of this process, so that nobody else on this machine can act in its world


def token_of(login: str) -> str:
    """The token that makes a request act as `login`, in the worlds of this process."""
    return f"sandbox-{hmac.new(_SECRET, login.encode(), 'sha256').hexdigest()}"


def by_token(token: str) -> Person | None:
    given = token.encode()
    return next((each for each in PEOPLE.values() if hmac.compare_digest(given, token_of(each.login).encode())), None)
