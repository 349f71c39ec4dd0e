"""What git's failures mean in Sopwith's words."""

from adapters.git.command import Answer
from sops.kit.errors import FarEndError, FarEndRefused, SopwithError
from sops.kit.patterns import Pattern

#: The remote knows who we are (not) and says no: sent before any data, with every transport's own wording.
_NO_ACCESS = Pattern(
    r"returned error: 40[13]\b|Authentication failed|could not read (Username|Password)"
    r"|Permission denied \(|Permission to \S+ denied|Write access to repository not granted"
)


def access_denied(answer: Answer) -> bool:
    return not answer.ok and bool(_NO_ACCESS.search(answer.err))


def read_failed(answer: Answer) -> SopwithError:
    """The error of a failed read of the remote."""
    if access_denied(answer):
        return FarEndRefused(f"the git remote denies access: {answer.reason}")
    return FarEndError(f"the git remote cannot be read: {answer.reason}")
