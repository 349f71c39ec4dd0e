"""Publishing the release of a pushed tag, where the settings leave that to the bot."""

from dataclasses import dataclass

from sops.kit.action import Action, Done, Probe, Todo, World, fill
from sops.kit.binding import MERGE, RELEASED, shipped
from sops.kit.changelog import entries
from sops.kit.covered import agreed
from sops.kit.errors import FarEndRefused, InvalidText
from sops.kit.gate import Condition, Gate, Met, Waiting
from sops.kit.latest_steps import becomes
from sops.kit.run import Run
from sops.kit.version import Version

SAYS = "changelog.says"  # the fact that holds what the changelog says of the version, at the head that is asked about


@dataclass(frozen=True)
class BotPublishes(Condition):
    """The settings leave publishing to the bot."""

    settled = True

    def holds(self, run: Run) -> bool:
        return run.policy.publisher == "bot"

    def says(self, run: Run) -> str:
        return "if the bot publishes"

    def otherwise(self, run: Run) -> str:
        return "a workflow publishes"


async def release_text(run: Run, world: World, version: str, head: str) -> str:
    """What users will read of that version; empty where the changelog at `head` has no one section for it."""
    try:
        return entries(await world.git.read(head, run.policy.changelog) or b"", version).decode()
    except InvalidText:
        return ""


@dataclass(frozen=True)
class ReleaseText(Gate):
    """Learns what a release that the bot publishes will say, so that whoever approves reads it; never in the way."""

    version: str = "{version}"
    learns = True

    def says(self, run: Run) -> str:
        published = BotPublishes().holds(run)
        return f"see what {run.policy.changelog} says of {fill(self.version, run)}" if published else ""

    async def check(self, run: Run, world: World) -> Met | Waiting:
        head = run.facts.get("head")
        if head is None or not BotPublishes().holds(run):
            return Met()
        return Met({SAYS: await release_text(run, world, fill(self.version, run), head)})


@dataclass(frozen=True)
class PublishRelease(Action):
    """The release of the pushed tag, with the changelog's words at what is released, or at the commit fact `at` names.

    `version` is its heading there, and its title. `pre`: it is marked as a pre-release.
    """

    tag: str
    version: str = "{version}"
    pre: bool = False
    at: str = "merge"
    uses = (SAYS,)
    public = True

    def says(self, run: Run) -> str:
        return f"publish the {'pre-release' if self.pre else 'release'} {fill(self.tag, run)}"

    def words(self, run: Run) -> str:
        return str(run.facts.get(SAYS) or "")

    def by_hand(self, run: Run) -> tuple[str, ...]:
        tag, version = fill(self.tag, run), fill(self.version, run)
        pre = " --prerelease" if self.pre else ""
        return (
            f"gh release create {tag} --verify-tag --title {version} --notes-file notes.md{pre}",
            f"notes.md: what {run.policy.changelog} says under [{version}]",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        tag = fill(self.tag, run)
        if await world.forge.release_by_tag(tag) is not None:
            return Done()
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        version, path = fill(self.version, run), run.policy.changelog
        found = agreed(run, self)
        latest = not self.pre and await becomes(run, world) == Version.parse(run.version)
        if found is not None:
            await self._publish(run, world, found.text, latest=latest)
            return
        commit = shipped(run) if self.at in {MERGE, RELEASED} else run.facts[self.at]
        data = await world.git.read(str(commit), path) or b""
        try:
            body = entries(data, version).decode()
        except InvalidText as problem:
            raise FarEndRefused(
                f"{path} at {fill(self.tag, run)} does not say what {version} brings: {problem}"
            ) from problem
        await self._publish(run, world, body, latest=latest)

    async def _publish(self, run: Run, world: World, body: str, *, latest: bool) -> None:
        tag, title = fill(self.tag, run), fill(self.version, run)
        await world.forge.create_release(tag=tag, title=title, body=body, prerelease=self.pre, latest=latest)
