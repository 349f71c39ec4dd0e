"""What a person types instead of the bot, where the settings leave a deed to people: git, gh and crane.

`gh api` fills in `{owner}/{repo}` by itself where it runs in a clone of the repository.
"""

from collections.abc import Sequence
from shlex import quote

from sops.kit.run import Run
from sops.kit.version import Version
from sops.kit.version_files import spelled

ADVISORIES = "repos/{owner}/{repo}/security-advisories"


def edited(branch: str, what: Sequence[str], message: str) -> tuple[str, ...]:
    """A change of files on a branch; `what` says, line by line, what they read afterwards."""
    return (
        f"git fetch origin && git switch {branch} && git pull --ff-only",
        *what,
        f"git commit -a -m {quote(message)} && git push origin {branch}",
    )


def version_files(run: Run, version: str) -> list[str]:
    """How each of the settings' version files spells the version."""
    files = [(file, spelled(file.kind, Version.parse(version))) for file in run.policy.version_files]
    return [f"echo {text} > {f.path}" if f.kind == "plain" else f"in {f.path}: {text}" for f, text in files]


def heading(version: str) -> str:
    """A changelog's heading, as the probe reads it; there must be an `[Unreleased]` above."""
    return f"## [{version}] - YYYY-MM-DD (the day)"


def requested(head: str, base: str, title: str, mark: str, labels: Sequence[str] = ()) -> tuple[str, ...]:
    """A pull request the bot finds again by the mark in its text."""
    added = "".join(f" --label {quote(label)}" for label in labels)
    return (f"gh pr create --head {head} --base {base} --title {quote(title)} --body {quote(mark)}{added}",)


def by_two(step: str) -> str:
    """The bot looks among its own account's things alone, so it cannot find this one."""
    return f"I cannot see it there; then two people say: !byhand {step} and where it is"
