"""The sandbox: a repository, a forge, a registry, people and time, which outlive the bot that visits them.

A few lines longer than other modules: one deed of the world after another, each a line or two.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from adapters.sandbox import checks, issues, observation, packages, project, pulls, releases, script
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.core import Core, Rules
from adapters.sandbox.dispatch import Dispatcher
from adapters.sandbox.faults import RequestLog
from adapters.sandbox.git_repository import ZERO, GitRepository
from adapters.sandbox.http_server import HttpServer
from adapters.sandbox.out_of_order import OutOfOrder
from adapters.sandbox.people import BOT, PEOPLE, token_of
from adapters.sandbox.refusal import Refusal
from adapters.sandbox.state import Issue
from sops.kit.errors import HeadMoved

DEFAULT_CHECKS = (
    "edition-community-ci",
    "edition-enterprise-ci",
    "edition-hyperscaler-ci",
    "pr-path-gate-main",
)
_VERDICTS = {"approve": "APPROVED", "request_changes": "CHANGES_REQUESTED", "comment": "COMMENTED"}
_PUSHED_FILE = "src/patches.hpp"


class SandboxWorld(OutOfOrder):
    """Everything real except the far end. State lives in memory, the repository below `home`.

    Usable from any thread: one lock guards it. `on_change` listeners are called, without the lock and possibly from
    the server's thread, after what the forge would send a webhook for: pushes, merges, reviews, finished checks,
    published releases, and what people do to issues. Writes by the bot's own token to issues, comments, discussions
    and labels do not ring.
    """

    def __init__(
        self,
        home: Path,
        clock: VirtualClock,
        *,
        required_reviews: int = 0,
        delete_branch_on_merge: bool = True,
        checks: tuple[str, ...] = DEFAULT_CHECKS,
        check_delay: timedelta = timedelta(minutes=6),
        publish_delay: timedelta = timedelta(minutes=4),
        registry_asks_for_token: bool = False,
    ) -> None:
        super().__init__(home.absolute())  # git is started in folders of its own
        self.clock = clock
        self.requests = RequestLog()
        self.on_change: list[Callable[[], None]] = []
        self._rules = Rules(required_reviews, delete_branch_on_merge, checks, check_delay, publish_delay)
        self._registry_asks = registry_asks_for_token
        self._core: Core | None = None
        self._server: HttpServer | None = None

    async def start(self) -> None:
        """Seed the repository and serve. The world can be looked at and changed from then on."""
        await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """End the server and git's reader; the repository stays on disk. May be called twice."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        path = self._home / f"{project.NAME}.git"
        project.seed(path, self._rules.protected)
        self.clear_hanging()
        self._core = core = Core(GitRepository(path), self.clock, self._rules, on_change=self.on_change)
        core.state.refs = core.git.refs()
        issues.seed(core)
        releases.seed(core)
        core.forget_ring()
        self._server = server = HttpServer()
        core.api_url = server.url
        server.start(
            Dispatcher(
                core,
                self.faults,
                self.silence,
                self.requests,
                server.connections.drop,
                registry_asks_for_token=self._registry_asks,
            )
        )

    def _stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._core is not None:
            self._core.close()
            self._core = None

    def repository_beside(self, name: str) -> Path:
        """Another bare repository at the same place, empty when it is new; the forge knows nothing of it."""
        path = self._home / f"{name}.git"
        if not path.exists():
            project.make_bare(path)
        return path

    def private_repository(self, full_name: str) -> Path:
        """A private repository at the same forge, with the project's checks on every push to it."""
        with self._acting() as core:
            return core.private(full_name, checks=True).git.path

    @property
    def api_url(self) -> str:
        return self.core.api_url

    @property
    def registry_url(self) -> str:
        """Where /v2/ is; the image is named like the repository."""
        return self.core.api_url

    @property
    def package_page(self) -> str:
        """The project's page of the package index."""
        return f"{self.core.api_url}{packages.PATH}"

    @property
    def repository(self) -> str:
        return project.FULL_NAME

    @property
    def token(self) -> str:
        """The bot's token at the forge, and its password at the registry."""
        return token_of(BOT)

    @property
    def core(self) -> Core:
        """What the parts share; there is none before `start` and after `stop`."""
        if self._core is None:
            raise RuntimeError("the sandbox is not running")
        return self._core

    def damage_archives(self, damaged: bool = True) -> None:
        """From now on the release workflow publishes archives that do not match their checksum."""
        with self._acting() as core:
            core.damage_archives = damaged

    def observe(self) -> None:
        """Look at the refs, and let follow what their moves lead to."""
        with self.core.changing():
            observation.observe(self.core)

    def next_due(self) -> datetime | None:
        """When the world will next change by itself."""
        with self.core.changing():
            observation.observe(self.core)
            return observation.next_due(self.core)

    def tick(self) -> None:
        """Let everything happen that is due by now."""
        with self._acting():
            pass

    def forge_command(self, words: Sequence[str]) -> str:
        """Run one `%forge` line; returns a line saying what happened. Raises Refusal (FarEndRefused) with advice."""
        return script.run(self, words)

    def issue(self, title: str, labels: Sequence[str] = (), author: str = "guest") -> int:
        """Somebody opens an issue."""
        with self._acting() as core:
            made = issues.create(core, title=title, body="", author=_person(author), labels=labels)
            core.ring()
            return made.number

    def label(self, number: int, name: str) -> None:
        with self._acting() as core:
            issues.add_labels(core, issues.called(core, number), [name])
            core.ring()

    def unlabel(self, number: int, name: str) -> None:
        with self._acting() as core:
            issues.remove_label(core, issues.called(core, number), name)
            core.ring()

    def close(self, number: int, not_planned: bool = False) -> None:
        with self._acting() as core:
            reason = "not_planned" if not_planned else "completed"
            issues.close(core, issues.called(core, number), by="maint", reason=reason)
            core.ring()

    def pass_check(self, name: str) -> int:
        """The check is green on the head of the newest open pull request; returns that one's number."""
        with self._acting() as core:
            return checks.conclude(core, name, "success").number

    def fail_check(self, name: str) -> int:
        """The check is red on the head of the newest open pull request; returns that one's number."""
        with self._acting() as core:
            return checks.conclude(core, name, "failure").number

    def push(self, branch: str, author: str = "maint") -> str:
        """`author` pushes a small commit to an existing branch, the private one if there is one; returns its SHA."""
        with self._acting() as whole:
            core = next((each for each in whole.beside.values() if branch in each.git.branches()), whole)
            branches = core.git.branches()
            if branch not in branches:
                raise Refusal(404, f"there is no branch “{branch}”; there are: {', '.join(sorted(branches))}")
            head, by = branches[branch], core.signature(_person(author))
            text = _patched(core, head, author)
            sha = core.git.commit_file(head, _PUSHED_FILE, text, by, f"fix: a patch by {author}")
            core.git.move_refs([(f"refs/heads/{branch}", sha, head)])
            return sha

    def contribute(self, login: str, branch: str) -> int:
        """Somebody opens a pull request into develop with one small commit on a new branch; returns its number."""
        by = _person(login)
        self._make_ref(f"refs/heads/{branch}", project.DEVELOP)
        self.push(branch, by)
        with self._acting() as core:
            title = f"A first patch by {by}"
            return pulls.create(core, head=branch, base=project.DEVELOP, title=title, body="", author=by).number

    def branch(self, name: str, at: str) -> str:
        """Somebody makes a branch at a branch, tag or SHA; returns the commit."""
        return self._make_ref(f"refs/heads/{name}", at)

    def tag(self, name: str, at: str) -> str:
        """Somebody puts a lightweight tag on a branch, tag or SHA; returns the commit."""
        return self._make_ref(f"refs/tags/{name}", at)

    def delete(self, name: str) -> str:
        """Somebody deletes a branch, or else a tag, of that name; returns what it stood for."""
        with self._acting() as core:
            refs = core.git.refs()
            found = next((ref for ref in (f"refs/heads/{name}", f"refs/tags/{name}") if ref in refs), None)
            if found is None:
                raise Refusal(404, f"there is neither a branch nor a tag “{name}”")
            core.git.move_refs([(found, ZERO, refs[found])])
            return refs[found]

    def publish_after(self, minutes: int) -> None:
        """From now on the release workflow takes so long."""
        with self._acting() as core:
            core.rules = replace(core.rules, publish_delay=timedelta(minutes=minutes))

    def _make_ref(self, name: str, at: str) -> str:
        with self._acting() as core:
            sha = core.git.resolve(at)
            if sha is None or not core.git.is_ref_name(name):
                raise Refusal(400, f"there is no “{at}”, or “{name}” is no name for a ref")
            core.git.move_refs([(name, sha, ZERO)])
            return sha

    def merge(self, number: int, by: str = "maint") -> str:
        """A person merges a pull request on the web, under the same rules as everybody; returns the merge commit."""
        with self._acting() as core:
            _called_pull(core, number)
            return pulls.merge(core, number, by=_person(by))

    def review(self, number: int, login: str, verdict: str) -> None:
        """A person reviews: approve, request_changes or comment."""
        if verdict not in _VERDICTS:
            raise Refusal(400, f"a review is one of {', '.join(_VERDICTS)}, not “{verdict}”")
        with self._acting() as core:
            issue = _called_pull(core, number)
            _, pull = pulls.find(core, issue.number)
            pulls.review(core, issue, pull, by=_person(login), state=_VERDICTS[verdict])

    @contextmanager
    def _acting(self) -> Iterator[Core]:
        """Before a deed the world is brought to now; afterwards its consequences follow."""
        core = self.core
        with core.changing():
            observation.catch_up(core)
            try:
                yield core
            except HeadMoved as moved:
                raise Refusal(409, f"somebody else moved it at the same moment ({moved}); repeat") from moved
            observation.catch_up(core)


def _person(login: str) -> str:
    if login not in PEOPLE:
        raise Refusal(404, f"nobody is called “{login}”; there are: {', '.join(PEOPLE)}")
    return login


def _called_pull(core: Core, number: int) -> Issue:
    issue = issues.called(core, number)
    if issue.pull is None:
        known = ", ".join(f"#{pull.number}" for pull in core.state.pulls()) or "none yet"
        raise Refusal(404, f"#{number} is an issue; pull requests: {known}")
    return issue


def _patched(core: Core, head: str, author: str) -> bytes:
    """The small source file with one more line."""
    entry = core.git.entry(head, _PUSHED_FILE)
    found = core.git.objects.read(entry.sha) if entry is not None else None
    old = found[1] if found is not None else b"#pragma once\n"
    return old + f"// patch {old.count(b'// patch') + 1} by {author}\n".encode()
