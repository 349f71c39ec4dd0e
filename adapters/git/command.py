"""One git process: its environment, its time limit, its answer. Nothing here knows what the command means."""

import base64
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import BinaryIO, cast

from pydantic import SecretStr

from adapters.git.process import Ended, ended
from adapters.git.refs import checked_identity, checked_url
from adapters.git.signing import Signing
from adapters.reach.breaker import Breaker
from adapters.reach.children import ALLOWED
from adapters.reach.deadline import Seconds
from sops.kit.errors import ConfigurationError
from sops.kit.patterns import Pattern
from sops.kit.ports import Clock

Token = SecretStr | Callable[[], SecretStr]

_UNREACHABLE = Pattern(
    r"Could not resolve|Failed to connect|Connection (?:refused|timed out|reset)|timed out|Operation too slow"
    r"|returned error: 5\d\d|early EOF|unexpected disconnect"
)
_COLOUR = Pattern(r"\x1b\[[0-9;]*[A-Za-z]")
_CONTROL = dict.fromkeys((*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)))


@dataclass(frozen=True)
class Limits:
    """In seconds: what a whole call may take, a command on the mirror alone, a question to the remote or a push, and
    bringing what the mirror lacks. `largest` is in bytes, of one answer.
    """

    call: float = 600.0
    local: float = 120.0
    asking: Seconds = lambda: 60.0
    fetching: Seconds = lambda: 300.0
    largest: int = 16 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What a git process left: `err` is free of secrets and control characters."""

    code: int
    out: bytes
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def killed(self) -> bool:
        """Ended by a signal, which is how the time limit ends it: nobody knows how far it came."""
        return self.code < 0

    @property
    def unreachable(self) -> bool:
        """In each transport's own words: there was nobody, or nobody who answered."""
        return _UNREACHABLE.search(self.err) is not None

    @property
    def reason(self) -> str:
        """The last thing git said, for a person."""
        if self.killed:
            return "git did not answer in time"
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
        return "; ".join((told or lines)[-3:])[:500] or f"git ended with exit code {self.code}"


class GitCommand:
    """Runs git against one git directory and one remote URL, as one identity.

    Everything git needs to know travels in the environment: no configuration file of the machine or the user
    is read, no hook of the mirror runs, nobody is asked for a password, and the token is in no argument list.
    Raises ConfigurationError if git itself is missing.
    """

    def __init__(
        self,
        git_dir: Path,
        url: str,
        signing: Signing,
        *,
        identity: tuple[str, str],
        clock: Clock,
        token: Token | None,
        limits: Limits,
        breaker: Breaker,
    ) -> None:
        self.url = checked_url(url)
        self.identity = checked_identity(identity)
        self._git_dir = git_dir
        self._signing = signing
        self._clock = clock
        self._token = token
        self._limits = limits
        self.breaker = breaker
        if token is not None and not url.startswith("https://"):
            raise ConfigurationError("a git token is only sent over https; remove it or use an https:// URL")

    def to(self, url: str) -> "GitCommand":
        """The same, against another remote."""
        return GitCommand(
            self._git_dir,
            url,
            self._signing,
            identity=self.identity,
            clock=self._clock,
            token=self._token,
            limits=self._limits,
            breaker=self.breaker,
        )

    def stamp(self) -> str:
        """Now, as git writes it into an author line."""
        return f"{int(self._clock.now().timestamp())} +0000"

    def run(self, *arguments: str, stdin: bytes | None = None, git_dir: Path | None = None) -> Answer:
        """Run `git arguments` on the mirror. Blocks; never raises for git's own failure."""
        return self._run(arguments, self._limits.local, stdin, git_dir)

    def ask(self, *arguments: str) -> Answer:
        """Run a command that talks to the remote, as `run` does. Raises FarEndError, with nothing asked, while the
        remote is left alone.
        """
        self.breaker.admit()
        seconds = self._limits.fetching if arguments[0] == "fetch" else self._limits.asking
        answer = self._run(arguments, seconds(), None, None)
        if answer.killed:
            self.breaker.failed("no answer in time")
        elif not answer.ok and answer.unreachable:
            self.breaker.failed("it cannot be reached")
        else:
            self.breaker.answered()
        return answer

    def _run(self, arguments: Sequence[str], seconds: float, stdin: bytes | None, git_dir: Path | None) -> Answer:
        token = self._secret()
        environment = self._environment(token, git_dir or self._git_dir)
        if stdin is None:
            done = self._execute(arguments, environment, seconds, None)
        else:
            # An unnamed file, because GitPython feeds a process from a descriptor only; it dies with us.
            with tempfile.TemporaryFile() as feed:
                feed.write(stdin)
                feed.seek(0)
                done = self._execute(arguments, environment, seconds, cast("BinaryIO", feed))
        return Answer(done.code, done.out, _clean(done.err.decode(errors="replace"), token))

    def _execute(
        self, arguments: Sequence[str], environment: Mapping[str, str], seconds: float, stdin: BinaryIO | None
    ) -> Ended:
        process = _started(self._git_dir.parent, arguments, environment, stdin)
        return ended(process, seconds, self._limits.largest)

    def _secret(self) -> str | None:
        token = self._token() if callable(self._token) else self._token
        return token.get_secret_value() if token is not None else None

    def _environment(self, token: str | None, git_dir: Path) -> Mapping[str, str]:
        name, email = self.identity
        at = self.stamp()
        return {
            "LC_ALL": "C",
            "LANGUAGE": "C",
            "GIT_DIR": str(git_dir),
            "GIT_ALLOW_PROTOCOL": "https:ssh:file",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",  # set but empty: also keeps core.askPass and SSH_ASKPASS from being asked
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_AUTHOR_DATE": at,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
            "GIT_COMMITTER_DATE": at,
            **self._signing.environment(),
            **_as_variables([*_CONFIG, *self._signing.config(), *self._authorization(token)]),
        }

    def _authorization(self, token: str | None) -> Sequence[tuple[str, str]]:
        if token is None:
            return ()
        return (
            (f"http.{self.url}.extraHeader", f"Authorization: Basic {_basic(token)}"),
            ("http.followRedirects", "false"),  # curl would carry the header to wherever it is sent
        )


_CONFIG = (
    ("core.hooksPath", os.devnull),
    ("core.attributesFile", os.devnull),  # else the user's file would have a say in merges
    ("core.sshCommand", "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=15 -oServerAliveCountMax=2"),
    ("http.lowSpeedLimit", "1000"),  # bytes a second, below which for so many seconds curl gives up
    ("http.lowSpeedTime", "20"),
    ("credential.helper", ""),
    ("gc.autoDetach", "false"),
    ("maintenance.auto", "false"),
    ("i18n.logOutputEncoding", "UTF-8"),
)


def _as_variables(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return variables


def _started(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], stdin: BinaryIO | None
) -> "Popen[bytes]":
    """The process, at the head of a group of its own, so that what it starts ends with it."""
    try:
        # Importing GitPython reads the environment and runs git, which our modules must not do on import.
        from git import Git  # noqa: PLC0415  # see above
        from git.exc import GitCommandNotFound  # noqa: PLC0415  # see above
    except ImportError as error:
        raise ConfigurationError("git cannot be run; install it, e.g. apt-get install git") from error
    try:
        begun = Git(folder).execute(
            [*_without_inherited(environment), "git", *arguments],
            istream=stdin,
            as_process=True,
            env=environment,
            start_new_session=True,
        )
    except GitCommandNotFound as error:
        raise ConfigurationError("git cannot be run; install it, e.g. apt-get install git") from error
    process, begun.proc = begun.proc, None  # else GitPython ends it once more when it forgets it
    return cast("Popen[bytes]", process)


def _without_inherited(environment: Mapping[str, str]) -> list[str]:
    """GitPython adds variables to ours and cannot leave any out: our secrets, or another repository's place."""
    stray = sorted(name for name in os.environ if name not in ALLOWED and name not in environment)
    return ["env", *(f"-u{name}" for name in stray)] if stray else []


def _basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


def _clean(err: str, token: str | None) -> str:
    text = err.encode("utf-8", "replace").decode()
    for secret in (_basic(token), token) if token else ():
        text = text.replace(secret, "***")
    return _COLOUR.sub("", text).translate(_CONTROL)
