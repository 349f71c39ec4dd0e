"""Who says what where: the values a chat adapter translates its platform's events into."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")  # what another build added is kept


class Actor(_Value):
    """An account, by the platform's stable id (Slack: team/user). Display names are never trusted."""

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

    kind `command` is a slash command (or its equivalent); `message` is typed text; `choice` a button or a form, whose
    text means the same when typed; `reaction` and `unreaction` are the emoji in `text`; `edit` and `deletion` are of a
    message somebody sent. What the last five are about is the message `about`, by the platform's reference.
    `forge` says that something changed at the forge (no text; the engine looks for itself).
    `original` is the dedupe key the edited or deleted message had.
    `addressed` means that the bot was mentioned; the mention is no longer in the text.
    `unsealed` means that it came in clear where the others are encrypted, so nobody knows who wrote it.
    `late` means that it was said long before the bot, which was away, was told; how long it then waits is no matter.
    """

    dedupe_key: str
    kind: Literal["command", "message", "choice", "reaction", "unreaction", "edit", "deletion", "forge"]
    place: Place
    actor: Actor
    text: str
    at: AwareDatetime
    message_ref: str = ""
    about: str = ""
    original: str = ""
    addressed: bool = False
    unsealed: bool = False
    late: bool = False
