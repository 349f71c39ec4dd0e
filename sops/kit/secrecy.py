"""Whether what a run builds may be read by everybody yet (`sops.kit.concealed` says how it is built until then)."""

from sops.kit.action import World
from sops.kit.model import Role
from sops.kit.run import Run

HOME = "concealed.in"  # the fact: the private repository it is built in, `owner/name`; also once it is revealed
REVEALED = "revealed.at"  # the fact: when it was pushed where everybody reads, as ISO 8601


def concealed(run: Run) -> bool:
    """Nothing of what it builds may be read by anybody outside yet."""
    return bool(run.facts.get(HOME)) and not run.facts.get(REVEALED)


def revealed(run: Run) -> bool:
    """It was built in private, and everybody can read it by now: there is no way back."""
    return bool(run.facts.get(HOME)) and bool(run.facts.get(REVEALED))


def called(world: World) -> list[str]:
    """Who is called when what is public already cannot go on."""
    return [person.handle for person in world.people.holding(Role.SECURITY_LEAD, Role.ON_CALL)]
