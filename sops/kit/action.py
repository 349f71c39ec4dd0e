"""What the bot does in a step, in two halves: `probe` looks, `perform` acts. `plan` and resume are the same code.

The engine probes before it performs and again afterwards; an action performs only what its probe called `Todo`,
with a precondition at the far end where there is one, and may be asked again after a crash at any point.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sops.kit.model import Piece, Role
from sops.kit.people import People
from sops.kit.ports import Forge, GitRepository, ImageRegistry, PackageIndex, RunBook
from sops.kit.run import Run


@dataclass(frozen=True)
class Moment:
    """One line of a run's history, as a post-mortem tells it."""

    at: datetime
    who: str
    what: str


@dataclass(frozen=True)
class Private:
    """A private repository and what its forge says of it."""

    git: GitRepository
    forge: Forge


@dataclass(frozen=True)
class World:
    """Everything a gate or an action may look at, and the hands it acts with."""

    now: datetime
    people: People
    forge: Forge
    git: GitRepository
    registry: ImageRegistry
    history: Callable[[str], Awaitable[Sequence[Moment]]]
    runs: RunBook
    packages: PackageIndex | None = None
    #: The repositories of lanes that have one of their own, by `owner/name`.
    lanes: Mapping[str, GitRepository] = field(default_factory=dict)
    #: Where the run is built that is looked at, if that is in private (`sops.kit.concealed`).
    private: Private | None = None


@dataclass(frozen=True)
class News:
    """Something the thread should hear. The wording is `bot.chat.replies`'; `about` are its particulars."""

    kind: str
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Owed:
    """An obligation a step leaves behind. `probe` is the gate that sees when it is met, where something can."""

    id: str
    text: str
    role: Role
    blocks: str = ""
    probe: Piece | None = None


@dataclass(frozen=True)
class Done:
    """The effect is there. `facts` is the evidence, kept by the run.

    `met` are obligations of the run that are met by it, each with what shows that.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    news: tuple[News, ...] = ()
    owed: tuple[Owed, ...] = ()
    met: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Todo:
    """The effect is not there yet. `facts` are what performing relies on; they are stored with the intent."""

    what: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Conflict:
    """The world is such that acting would be wrong. `remedy` tells people what to do about it."""

    reason: str
    remedy: str


Probe = Done | Todo | Conflict


class Action(Piece):
    """A deed. `public` ones are seen by the world and hard to undo: an approval must name them first.

    What follows cannot do without an `essential` one, so nobody may leave it out. Of one that must be `seen`, nobody's
    word is enough: a yes was given for exactly it.
    """

    public: ClassVar[bool] = False
    #: The far end has neither key nor precondition for it: after a doubtful moment, wait before repeating it.
    keyless: ClassVar[bool] = False
    essential: ClassVar[bool] = False
    seen: ClassVar[bool] = False
    #: The facts that decide what it does and says, beside the head, its pull request and who merged that. A yes is
    #: bound to what they are; None where it does not say, and then to its words.
    uses: ClassVar[tuple[str, ...] | None] = None
    #: It takes what was built in private to where everybody reads; no other deed can.
    reveals: ClassVar[bool] = False
    #: It takes long, so that it is not there at once is nothing to be told.
    patient: ClassVar[bool] = False

    def says(self, run: Run) -> str:
        """What it will do, as a line of the plan and of the approval."""
        raise NotImplementedError(type(self).__name__)

    def words(self, run: Run) -> str:
        """The text it will publish, as far as it can be known before: whoever approves it reads all of it."""
        return ""

    def heading(self, run: Run) -> str:
        """The title of that text, where it has one."""
        return ""

    def by_hand(self, run: Run) -> tuple[str, ...]:
        """What a person types or does instead of the bot, so that the probe finds it done."""
        return (self.says(run),)

    async def probe(self, run: Run, world: World) -> Probe:
        raise NotImplementedError(type(self).__name__)

    async def perform(self, run: Run, world: World) -> Done | None:
        """Do it. Done is returned only of what no probe can see: then the far end's yes is all the evidence."""
        raise NotImplementedError(type(self).__name__)

    def owes(self, run: Run) -> tuple[Owed, ...]:
        """What stays owed when the run ends, or goes on, without this being seen done; nothing before it is public."""
        return ()

    def refused(self, run: Run, why: str) -> Done | Conflict:
        """What follows when the far end refused: the run stops for people, or goes on and leaves something owed."""
        return Conflict(why, "mend what it names, then !retry")


class Remark(Action):
    """A deed that is all in its probe: what it finds is told, or owed, and there is nothing to perform."""

    async def perform(self, run: Run, world: World) -> None:
        return None


def fill(template: str, run: Run) -> str:
    """One of our own templates with the run's words: `{candidate}` is 1.4.0-rc2 in the second iteration."""
    return template.format(
        final=run.version,
        candidate=f"{run.version}-rc{run.iteration}",
        previous=f"{run.version}-rc{run.iteration - 1}",
        version=run.release,
        name=run.name.lower(),
        slug=run.facts.get("slug", ""),
        base=run.facts.get("base.tag") or run.policy.develop,
        expedited=run.policy.expedited_label,
        branch=run.facts.get("branch", ""),
        main=run.policy.main,
        develop=run.policy.develop,
        title=run.title,
    )


def marker(run: Run, what: str) -> str:
    """The hidden line by which an effect without a key is found again: one run, one deed, one iteration."""
    return f"<!-- sopwith {run.id} {what} {run.iteration} -->"


def short(sha: str) -> str:
    return sha[:7]


def twice(what: str, urls: list[str]) -> tuple[News, ...]:
    """The news that an effect without a key exists more than once (design: the zombie window)."""
    return (News("twice", {"what": what, "urls": urls}),) if urls else ()
