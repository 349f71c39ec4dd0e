"""Who says what where: the values a chat adapter translates its platform's events into."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Actor(_Value):
    """An account, by the platform's stable id. Display names are never trusted."""

    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"


class Place(_Value):
    """A channel, or a thread in it. `thread` is the platform's reference of the thread's root message."""

    platform: str
    channel: str
    thread: str | None = None


class Event(_Value):
    """Something that happened outside, once. Two events with one dedupe key are the same event.

    kind `command` is a slash command (or its equivalent); `message` is typed text; `choice` a button;
    `forge` says that something changed at the forge (no text; the engine looks for itself).
    """

    dedupe_key: str
    kind: Literal["command", "message", "choice", "forge"]
    place: Place
    actor: Actor
    text: str
    at: AwareDatetime
    message_ref: str = ""
    payload: dict[str, Any] = {}
