"""The far ends the settings name, each behind its breaker and within its limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from adapters.git import GitMirror, Signing
from adapters.git import Limits as GitLimits
from adapters.github import GitHubForge
from adapters.packages import SimpleIndex
from adapters.reach.breaker import Breaker, Temper
from adapters.registry import NoImages, OciRegistry
from bot.settings import Limits, Settings
from sops.kit.conversation import Place
from sops.kit.errors import ConfigurationError
from sops.kit.ports import Clock

#: Whom the forge's own registry is told beside the token; it looks at the token alone.
FORGE_USER = "sopwith"
NAMES = {
    "forge": "GitHub",
    "git": "the git remote",
    "registry": "the image registry",
    "packages": "the package index",
}
#: Which of them is asked something plain before it is left alone: it can fail at one thing, and be well beside it.
PROBED = frozenset({"forge", "registry"})
#: The most seconds a call to a far end of that name may take, beside what the settings say.
Patience = Callable[[str], float]


def patient(_: str) -> float:
    """The settings alone decide."""
    return float("inf")


@dataclass(frozen=True)
class Reach:
    """How far ends are reached: within which limits, with whose patience, each behind a breaker of its own."""

    limits: Limits
    patience: Patience = patient
    breakers: Mapping[str, Breaker] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, clock: Clock | None = None, patience: Patience = patient) -> "Reach":
        limits = settings.limits
        temper = Temper(limits.failures, limits.first_rest, limits.longest_rest)
        return cls(
            limits,
            patience,
            {key: Breaker(key, name, clock, temper, probed=key in PROBED) for key, name in NAMES.items()},
        )

    def at_most(self, key: str, seconds: float) -> float:
        """What such a call may take."""
        return min(seconds, self.patience(key))


def forge_of(
    settings: Settings, reach: Reach, *, pause_between_writes: float = 1.0, repository: str = ""
) -> GitHubForge:
    """The project's, or that of another `repository` at the same forge."""
    limits = reach.limits
    return GitHubForge(
        repository or settings.repository,
        token=settings.token,
        base_url=settings.api_url,
        timeout=limits.silence_seconds,
        pause_between_writes=pause_between_writes,
        write_budgets=(
            (limits.writes_a_minute, timedelta(minutes=1)),
            (limits.writes_an_hour, timedelta(hours=1)),
        ),
        largest_asset=limits.largest_asset,
        largest_answer=limits.largest_answer,
        seconds=partial(reach.at_most, "forge", limits.call_seconds),
        asset_seconds=partial(reach.at_most, "forge", limits.asset_seconds),
        side_by_side=limits.side_by_side,
        breaker=reach.breakers["forge"],
    )


def mirror_of(settings: Settings, reach: Reach, signing: Signing, clock: Clock, home: Path, url: str) -> GitMirror:
    """A mirror of what is at `url`. A token is sent over https only, so a path gets none."""
    limits = reach.limits
    return GitMirror(
        home,
        url,
        signing,
        identity=settings.git_identity,
        clock=clock,
        token=settings.token if url.startswith("https://") else None,
        limits=GitLimits(
            asking=partial(reach.at_most, "git", limits.git_seconds),
            fetching=partial(reach.at_most, "git", limits.fetch_seconds),
            largest=limits.largest_git,
        ),
        breaker=reach.breakers["git"],
    )


def registry_of(settings: Settings, reach: Reach | None = None) -> OciRegistry | NoImages:
    """The registry of the project's image. The forge's token goes to the forge's own registry and to no other."""
    if "image" not in settings.policy.artefacts:
        return NoImages()
    reach = reach or Reach.of(settings)
    user, password = settings.registry_user or None, settings.registry_password
    if user is None and _of_forge(settings):
        user, password = FORGE_USER, settings.token
    return OciRegistry(
        settings.registry_url,
        settings.image,
        username=user,
        password=password,
        realm_hosts=frozenset(settings.registry_realms),
        timeout=reach.limits.silence_seconds,
        seconds=partial(reach.at_most, "registry", reach.limits.call_seconds),
        largest=reach.limits.largest_manifest,
        breaker=reach.breakers["registry"],
    )


def _of_forge(settings: Settings) -> bool:
    registry, forge = urlsplit(settings.registry_url).hostname, urlsplit(settings.api_url).hostname
    return registry in {forge, f"containers.{forge}"} or (registry, forge) == ("ghcr.io", "api.github.com")


def packages_of(settings: Settings, reach: Reach | None = None) -> SimpleIndex | None:
    """The project's page of its package index, if it has one. Raises ConfigurationError where it must have."""
    if "pypi" in settings.policy.artefacts and not settings.package_page:
        raise ConfigurationError("policy.artefacts name pypi, so package_page must be the project's page in its index")
    if not settings.package_page:
        return None
    reach = reach or Reach.of(settings)
    return SimpleIndex(
        settings.package_page,
        timeout=reach.limits.silence_seconds,
        seconds=partial(reach.at_most, "packages", reach.limits.call_seconds),
        largest=reach.limits.largest_answer,
        breaker=reach.breakers["packages"],
    )


def operators_at(chats: Sequence[str], channels: Mapping[str, Mapping[str, str]], name: str) -> list[Place]:
    """Where operators read: each chat's channel of that name; where no chat has one, `ops` of the first that has it."""
    named = [(chat, channels.get(chat, {}).get(name)) for chat in chats]
    if not any(channel for _, channel in named):
        named = [(chat, channels.get(chat, {}).get("ops")) for chat in chats]
        named = [each for each in named if each[1]][:1]
    return [Place(platform=chat, channel=channel) for chat, channel in named if channel]
