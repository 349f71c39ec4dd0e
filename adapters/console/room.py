"""The chat server of the console: channels, threads and what was said. Part of the world, so it outlives the bot."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sops.kit.conversation import Actor, Event, Place
from sops.kit.patterns import Pattern, escape

_RUN = Pattern(r"[A-Z]{3}-[0-9]+")
_ROOT, _ANY_ROOT = Pattern(r"/root$"), Pattern(r"/root(~[0-9]+)?$")

_CALLED = "@sopwith"


@dataclass
class Post:
    """One message as people see it. `to` is the only reader of a whisper; `key` the bot's own name of it."""

    ref: str
    key: str
    author: str
    channel: str
    thread: str | None
    lines: list[str]
    to: str = ""
    edits: int = 0


@dataclass
class Room:
    """Holds every post; tells listeners what becomes visible, as (post, was it an edit)."""

    posts: list[Post] = field(default_factory=list)
    private: frozenset[str] = frozenset({"#security"})
    on_show: list[Callable[[Post, bool], None]] = field(default_factory=list)

    def show(self, key: str, author: str, channel: str, thread: str | None, lines: list[str], to: str = "") -> str:
        """Show a message; the same key of the same author shows nothing again. Returns its reference."""
        known = self.by_key(key) if key else None
        if known is not None:
            return known.ref
        post = Post(f"m{len(self.posts) + 1}", key, author, channel, thread, lines, to)
        self.posts.append(post)
        for listener in self.on_show:
            listener(post, False)
        return post.ref

    def edit(self, ref: str, lines: list[str]) -> bool:
        """Change a message; False if there is none. What reads the same is no edit."""
        post = self.find(ref)
        if post is None:
            return False
        if post.lines != lines:
            post.lines = lines
            post.edits += 1
            for listener in self.on_show:
                listener(post, True)
        return True

    def hear(self, handle: str, channel: str, thread: str | None, text: str) -> str:
        """A person says something; returns the message's reference."""
        return self.show("", handle, channel, thread, text.splitlines() or [""])

    async def speak(self, handle: str, channel: str, thread: str | None, text: str, at: datetime) -> Event | None:
        """The same, as the event it is for the bot."""
        ref = self.hear(handle, channel, thread, text)
        after = text[len(_CALLED) : len(_CALLED) + 1]
        addressed = text[: len(_CALLED)].lower() == _CALLED and not after.isalnum()
        return Event(
            dedupe_key=f"console/{ref}",
            kind="command" if text.startswith("/") else "message",
            place=Place(platform="console", channel=channel, thread=thread),
            actor=Actor(platform="console", id=handle),
            text=text[len(_CALLED) :].strip() if addressed else text.strip(),
            at=at,
            message_ref=ref,
            addressed=addressed,
        )

    def thread(self, run: str, channel: str = "") -> tuple[str, str] | None:
        """The channel of a run's thread (of that in `channel`) and its root; None if no root shows that name."""
        root = self.thread_of(run, channel)
        return (root.channel, root.ref) if root else None

    def find(self, ref: str) -> Post | None:
        return next((post for post in self.posts if post.ref == ref), None)

    def by_key(self, key: str) -> Post | None:
        return next((post for post in self.posts if post.key == key), None)

    def thread_of(self, run: str, channel: str = "") -> Post | None:
        """The root of a run's thread, its own or the one in `channel`, found by the name its first line shows."""
        name = Pattern(rf"(?:^|[^\w-]){escape(run)}(?:[^\w-]|$)")
        key = _ANY_ROOT if channel else _ROOT
        roots = [post for post in self.posts if post.thread is None and key.search(post.key)]
        roots = [post for post in roots if channel in {"", post.channel}]
        return next((post for post in reversed(roots) if post.lines and name.search(post.lines[0])), None)

    def latest_run(self) -> str:
        """The name of the run whose thread is the newest; empty if there is none."""
        roots = [post for post in self.posts if post.thread is None and post.key.endswith("/root")]
        return self.run_in(roots[-1].ref) if roots else ""

    def run_in(self, thread: str) -> str:
        """The run a thread belongs to, as its root shows it; empty if it shows none."""
        root = self.find(thread)
        found = _RUN.search(root.lines[0]) if root and root.lines else None
        return found[0] if found else ""
