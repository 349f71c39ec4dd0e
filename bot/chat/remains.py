"""What a run leaves at the forge, as it is there now: nothing that is gone, nothing that is only recorded."""

from dataclasses import dataclass

from sops.kit.action import World
from sops.kit.run import Run
from sops.kit.world import PullRequest


@dataclass(frozen=True)
class Remains:
    """Branches, pull requests that are open or merged, tags, and the tags whose release is there."""

    branches: tuple[str, ...] = ()
    pulls: tuple[PullRequest, ...] = ()
    tags: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()


async def remains(run: Run, world: World) -> Remains:
    """Of all iterations of the run. Raises what the far end raises."""
    branches = [str(name) for name in _values(run, "branch") if await world.git.branch(str(name)) is not None]
    pulls = [await world.forge.pull_request(number) for number in _numbers(run)]
    tags = [name for name in _tags(run) if await world.git.tag(name) is not None]
    releases = [name for name in tags if await world.forge.release_by_tag(name) is not None]
    left = [pull for pull in pulls if pull.state == "open" or pull.merged]
    return Remains(tuple(branches), tuple(left), tuple(tags), tuple(releases))


def _tags(run: Run) -> list[str]:
    every = (*(past.facts for past in run.past), run.facts)
    return list(dict.fromkeys(str(facts["tag"]) for facts in every if facts.get("tag")))


def _numbers(run: Run) -> list[int]:
    return [value for value in _values(run, "pr") if isinstance(value, int)]


def _values(run: Run, kind: str) -> list[object]:
    """Facts called `kind`, or something and `kind` ("back-port.pr"), in the order they were learned."""
    every = (*(past.facts for past in run.past), run.facts)
    found = [value for facts in every for name, value in facts.items() if name == kind or name.endswith(f".{kind}")]
    return list(dict.fromkeys(value for value in found if value))
