"""One family of errors. A refusal is not an error: it is a reply (see `bot.chat.replies`)."""

from collections.abc import Iterable

_NAMED_PATHS = 10


class SopwithError(Exception):
    """Something Sopwith relies on does not hold."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").splitlines()[0])


class ConfigurationError(SopwithError):
    """The settings, or a tool the settings ask for, are missing or wrong; says what to change."""


class InvalidText(SopwithError):
    """A file does not have the shape an edit relies on; nothing was changed."""


class InvalidVersion(InvalidText):
    """This is not a version Sopwith can release."""


class StaleRun(SopwithError):
    """The run changed between reading and writing it; read again and repeat."""


class ClaimLost(SopwithError):
    """Another worker took over this claim; its fence is higher than ours."""


class StoreTrouble(SopwithError):
    """The database cannot be used for now (locked, full, read-only, gone); nobody's fault, and worth another try.

    What was asked of it did not happen, or, where the connection was lost over a commit, nobody knows: look again.
    """


class AlreadyHandled(ClaimLost):
    """Somebody else handled this already."""


class Unlearned(SopwithError):
    """A step needs a fact that no step before it learned."""

    def __init__(self, fact: str) -> None:
        self.fact = fact
        super().__init__(f"it needs {fact!r}, which no step before it learned")


class AtFarEnd(SopwithError):
    """A far end did not do what was asked of it. `at` is its name for people, `said` in few words what it answered;
    both empty where nobody knows.
    """

    def __init__(self, message: str | None = None, *, said: str = "") -> None:
        super().__init__(message)
        self.at = ""
        self.said = said


class FarEndError(AtFarEnd):
    """The far end (GitHub, a git remote, a registry, a chat) cannot be reached or failed; worth another try.

    `retry_after` is how many seconds it asked to be left alone; None if it did not say. `unasked`: it was not even
    asked, as it is left alone by everybody; whoever keeps the bot going knows.
    """

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after: float | None = None,
        said: str = "",
        unasked: bool = False,
    ) -> None:
        super().__init__(message, said=said)
        self.retry_after = retry_after
        self.unasked = unasked


class OutcomeUnknown(FarEndError):
    """A write was sent and no answer came: it may or may not have happened. Probe before repeating."""


class FarEndRefused(AtFarEnd):
    """The far end understood and said no; repeating will not help. The message is its reason."""


class AlreadyThere(FarEndRefused):
    """The far end refused because what was asked for is there, or was asked for, already."""


class HeadMoved(FarEndRefused):
    """A precondition on a branch or pull request head failed: somebody moved it first."""


class MergeConflict(FarEndRefused):
    """The changes do not fit together; nothing was pushed. `paths` are the files a person must look at."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths: tuple[str, ...] = tuple(sorted(paths))
        super().__init__(f"the changes conflict in {_named(self.paths)}")


class SignatureInvalid(SopwithError):
    """A tag's signature does not verify against the configured keys."""


def _named(paths: tuple[str, ...]) -> str:
    """Paths for a person: quoted when they hold anything but plain characters, and not more than fit a message."""
    shown = [path if path.isprintable() and path.strip() == path else ascii(path) for path in paths[:_NAMED_PATHS]]
    more = [f"{len(paths) - _NAMED_PATHS} more"] if len(paths) > _NAMED_PATHS else []
    return ", ".join(shown + more) or "files git did not name"


def configuration_error_in(group: BaseExceptionGroup[BaseException]) -> ConfigurationError | None:
    """The first ConfigurationError among what tasks raised together; None if there is none.

    What is raised in an `except*` instead comes out wrapped in some versions of Python and not in others.
    """
    found: BaseException | None = group.subgroup(ConfigurationError)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, ConfigurationError) else None
