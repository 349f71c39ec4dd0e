"""Who plays in the sandbox, and the settings that point every adapter at it."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import SecretStr

from adapters.sandbox.world import SandboxWorld
from bot.settings import Settings, given
from bot.wiring.lanes import own_repositories
from sops.kit.model import Role
from sops.kit.people import Person
from sops.kit.policy import Policy, Security

IDENTITY = ("Sopwith", "sopwith-bot@skylark.example")
#: Who plays in the sandbox, in the order of being on call; guest has no role.
SANDBOX_ROLES: Mapping[str, tuple[Role, ...]] = {
    "rm": (Role.RELEASE_MANAGER,),
    "rm2": (Role.RELEASE_MANAGER,),
    "rev1": (Role.REVIEWER,),
    "rev2": (Role.REVIEWER,),
    "rev3": (Role.REVIEWER,),
    "oncall1": (Role.ON_CALL,),
    "oncall2": (Role.ON_CALL,),
    "seclead": (Role.SECURITY_LEAD,),
    "maint": (Role.MAINTAINER,),
    "guest": (),
}
#: Who is at home elsewhere: reminded when it is morning there.
SANDBOX_ZONES = {"maint": "America/New_York"}


def sandbox_people() -> tuple[Person, ...]:
    """Everyone of the sandbox; each also writes from a phone, which is another account of the same person."""
    return tuple(
        Person(
            handle=handle,
            roles=roles,
            accounts={"console": (handle, f"{handle}-phone")},
            github=(handle,),
            emails=(f"{handle}@skylark.example",),
            zone=SANDBOX_ZONES.get(handle, ""),
        )
        for handle, roles in SANDBOX_ROLES.items()
    )


def sandbox_policy() -> Policy:
    """What the demo plays by: it looks seldom, since its forge tells its news; and it is built on another project."""
    return Policy(
        look_every=timedelta(hours=1),
        look_every_soak=timedelta(hours=6),
        upstreams={"rocksdb": "acme/rocksdb"},
        security=Security(ci_repository="acme/skylark-private"),
    )


def sandbox_settings(world: SandboxWorld, storage: str, policy: Policy | None = None) -> Settings:
    """Settings of the sandbox alone, whatever the environment says: its people, its channels and its far end."""
    mine = given(
        storage=storage,
        channels={"releases": "#releases", "ops": "#ops", "maintainers": "#maintainers", "security": "#security"},
        people=sandbox_people(),
        policy=policy or sandbox_policy(),
    )
    return at_the_sandbox(mine, world)


def at_the_sandbox(settings: Settings, world: SandboxWorld) -> Settings:
    """The same settings with every adapter pointed at the sandbox.

    Lanes with a repository of their own find it there, empty.
    """
    if settings.policy.security.ci_repository:
        world.private_repository(settings.policy.security.ci_repository)
    for repository in own_repositories(settings.policy):
        world.repository_beside(repository.rpartition("/")[2])
    there = {
        "repository": world.repository,
        "api_url": world.api_url,
        "git_url": world.git_url,
        "git_identity": IDENTITY,
        "registry_url": world.registry_url,
        "image": world.repository,
        "registry_user": "",
        "registry_password": SecretStr(""),
        "registry_realms": (),
        "package_page": world.package_page,
        "token": SecretStr(world.token),
    }
    return settings.model_copy(update=there)
