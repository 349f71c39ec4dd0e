"""The conversation as lines of text: when, where, who, what."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class PostOnStage(Protocol):
    """A message as the room shows it."""

    ref: str
    author: str
    channel: str
    thread: str | None
    lines: list[str]
    to: str


class Transcript:
    """Turns what a room shows into lines. An edit is shown when its first line, the state, reads differently."""

    def __init__(
        self, now: Callable[[], datetime], zone: str, run_in: Callable[[str], str], out: Callable[[str], None]
    ) -> None:
        self._now = now
        self._zone = ZoneInfo(zone)
        self._run_in = run_in
        self._out = out
        self._day: date | None = None
        self._heads: dict[str, str] = {}

    def show(self, post: PostOnStage, edited: bool) -> list[str]:
        """Print the post; returns the lines the bot said, for expectations."""
        head = post.lines[0] if post.lines else ""
        if edited and self._heads.get(post.ref) == head:
            return []
        self._heads[post.ref] = head
        where = (self._run_in(post.thread) or post.channel) if post.thread else post.channel
        who = f"{post.author} (only {post.to} sees this)" if post.to else post.author
        self._date()
        time = self._now().astimezone(self._zone).strftime("%H:%M")
        mark = " ~" if edited else ""
        self._out(f"{time} {where:<10}{mark} {who}: {head}")
        for line in post.lines[1:]:
            self._out(f"      {'':<10}{'  ' if mark else ''} {line}")
        return post.lines if post.author == "sopwith" else []

    def _date(self) -> None:
        day = self._now().astimezone(self._zone).date()
        if day != self._day:
            self._day = day
            now = self._now().astimezone(self._zone)
            self._out(f"—— {now:%a} {now.day} {now:%b %Y (%Z)} ——")
