"""Reading the remote's refs and moving one of them, under a lease.

A lease names the SHA the remote must still have (or none). Git checks it against what the remote announces
and the remote checks it again when it takes the update, so of two writers one loses.
"""

from adapters.git.command import Answer, GitCommand
from adapters.git.errors import access_denied, read_failed
from sops.kit.errors import FarEndError, FarEndRefused, HeadMoved, OutcomeUnknown
from sops.kit.patterns import Pattern

#: The remote's own passing trouble: nothing was changed, and another try may do.
_PASSING = Pattern(r"(?i)\block\b|failed to update ref|unpack|internal|timeout|temporar")
_IN_THE_WAY = "cannot create"  # a branch "a" while "a/b" exists, or the reverse
_REASON = Pattern(r"\[(?P<side>[a-z ]+)\](?: \((?P<reason>.*)\))?")


def remote_refs(git: GitCommand, *refs: str) -> dict[str, str]:
    """Full ref to SHA of what the remote has now. Git matches by ending too, so look up the exact ref."""
    answer = git.ask("ls-remote", "--", git.url, *refs)
    if not answer.ok:
        raise read_failed(answer)
    return _listed(answer)


def remote_tags(git: GitCommand) -> dict[str, tuple[str, str]]:
    """Tag name to the SHA it is at and the SHA it peels to, of every tag the remote has now."""
    answer = git.ask("ls-remote", "--tags", "--", git.url)
    if not answer.ok:
        raise read_failed(answer)
    listed = {ref.removeprefix("refs/tags/"): sha for ref, sha in _listed(answer).items()}
    plain = {name: sha for name, sha in listed.items() if not name.endswith("^{}")}
    return {name: (sha, listed.get(f"{name}^{{}}", sha)) for name, sha in plain.items()}


def _listed(answer: Answer) -> dict[str, str]:
    """Ref to SHA. A name may hold whatever Python takes for a line's end, and need not be UTF-8."""
    lines = (line.partition(b"\t") for line in answer.out.split(b"\n"))
    return {ref.decode(errors="backslashreplace"): sha.decode(errors="replace") for sha, tab, ref in lines if tab}


def push(git: GitCommand, ref: str, *, to: str | None, expected: str | None) -> None:
    """Move the remote's `ref` from `expected` (None: it must not exist) to the object `to` (None: delete it).

    Raises HeadMoved when the lease does not hold, FarEndRefused with the remote's reason when it says no,
    FarEndError when it could not take the update, OutcomeUnknown when no answer came.
    """
    lease = f"--force-with-lease={ref}:{expected or ''}"
    answer = git.ask("push", "--porcelain", "--no-verify", lease, "--", git.url, f"{to or ''}:{ref}")
    flag, summary = _status(answer, ref)
    if flag == "=":
        raise HeadMoved(f"{ref} was already at {to}, not {_state(expected)}")
    if flag == "!":
        raise _rejected(git, answer, summary, ref, expected)
    if flag is None or not answer.ok:
        raise _unanswered(answer, ref)


def _status(answer: Answer, ref: str) -> tuple[str | None, str]:
    """The porcelain line of `ref`: its flag and summary, or None if git never came to tell."""
    for line in answer.out.decode(errors="replace").split("\n"):
        fields = line.split("\t", 2)
        if len(fields) == 3 and fields[1].rpartition(":")[2] == ref:
            return fields[0], fields[2]
    return None, ""


def _rejected(
    git: GitCommand, answer: Answer, summary: str, ref: str, expected: str | None
) -> FarEndError | FarEndRefused:
    parts = _REASON.match(summary)
    side, reason = (parts["side"], parts["reason"] or "") if parts else ("", summary)
    moved = HeadMoved(f"{ref} is no longer {_state(expected)}")
    if side == "rejected":  # by our own git, for the lease: nothing was sent
        return moved
    if side != "remote rejected":
        return OutcomeUnknown(f"the git remote did not say what became of {ref}: {reason}")
    if remote_refs(git, ref).get(ref) != expected:
        return moved
    told = _told(answer, reason)
    if _PASSING.search(reason) and _IN_THE_WAY not in told:
        return FarEndError(f"the git remote could not take {ref}: {told}")
    return FarEndRefused(f"the git remote refuses {ref}: {told}")


def _unanswered(answer: Answer, ref: str) -> FarEndError | FarEndRefused:
    if access_denied(answer):
        return FarEndRefused(f"the git remote denies access: {answer.reason}")
    return OutcomeUnknown(f"nobody knows whether {ref} was pushed: {answer.reason}")


def _told(answer: Answer, reason: str) -> str:
    lines = [line.removeprefix("remote:").strip() for line in answer.err.splitlines() if line.startswith("remote:")]
    return "; ".join([reason, *filter(None, lines)])[:500]


def _state(expected: str | None) -> str:
    return f"at {expected}" if expected else "absent"
