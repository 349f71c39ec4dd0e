"""What a reader sees."""

from dataclasses import dataclass

from tests.standins.slack import rich_text
from tests.standins.slack.errors import Json
from tests.standins.slack.interactions import Interactions
from tests.standins.slack.people import Where, Who
from tests.standins.slack.text import shown, unescape
from tests.standins.slack.workspace import File, Message, Workspace


@dataclass(frozen=True)
class Seen:
    """One message, as it stands now."""

    message: Message
    workspace: Workspace

    @property
    def ts(self) -> str:
        return self.message.ts

    @property
    def thread_ts(self) -> str | None:
        return self.message.thread_ts

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def blocks(self) -> list[Json]:
        return self.message.blocks

    @property
    def metadata(self) -> Json | None:
        return self.message.metadata

    @property
    def files(self) -> list[File]:
        return self.message.files

    @property
    def edited(self) -> bool:
        return self.message.edited is not None

    @property
    def deleted(self) -> bool:
        return self.message.deleted

    @property
    def reactions(self) -> dict[str, list[str]]:
        """Names of those who reacted, by reaction."""
        people = self.workspace.users
        return {name: [people[one].name for one in who] for name, who in self.message.reactions.items() if who}

    @property
    def author(self) -> str:
        user = self.workspace.users.get(self.message.user)
        return user.name if user is not None else self.message.username or self.message.user

    @property
    def buttons(self) -> list[str]:
        """The labels of all buttons."""
        found = [element for block in self.blocks for element in _elements(block) if element.get("type") == "button"]
        return [unescape(element["text"]["text"]) for element in found]

    def plain(self) -> str:
        """The words alone: what the blocks show, else the text."""
        if not self.blocks:
            return shown(self.workspace, self.text)
        lines = [line for block in self.blocks for line in _lines(self.workspace, block)]
        return "\n".join(line for line in lines if line)


def _elements(block: Json) -> list[Json]:
    accessory = [block["accessory"]] if "accessory" in block else []
    return [*block.get("elements", []), *accessory]


def _lines(workspace: Workspace, block: Json) -> list[str]:
    if block["type"] == "rich_text":
        return [rich_text.shown(workspace, block)]
    if block["type"] == "divider":
        return ["---"]
    if block["type"] == "markdown":
        return [str(block["text"])]
    if block["type"] == "image":
        return [f"[image: {block['alt_text']}]"]
    own = [_words(workspace, block["text"])] if "text" in block else []
    fields = [_words(workspace, field) for field in block.get("fields", [])]
    beside = " ".join(_element(workspace, element) for element in _elements(block))
    return [*own, *fields, beside]


def _element(workspace: Workspace, element: Json) -> str:
    if element.get("type") in ("mrkdwn", "plain_text"):
        return _words(workspace, element)
    if element.get("type") == "image":
        return f"[image: {element['alt_text']}]"
    label = element.get("text") or element.get("placeholder") or {"text": element["type"], "type": "plain_text"}
    return f"[{_words(workspace, label)}]"


def _words(workspace: Workspace, text: Json) -> str:
    """Only mrkdwn knows mentions and dates; plain_text shows what it says."""
    return shown(workspace, text["text"]) if text["type"] == "mrkdwn" else unescape(text["text"])


class Reading(Interactions):
    """Everything ever said is there, what was deleted is marked so."""

    def messages(self, where: Where) -> list[Seen]:
        """What stands in the channel itself, in order, without what is only in threads."""
        return [self._seen(m) for m in self._channel(where).messages.values() if not m.is_reply or m.broadcast]

    def thread(self, where: Where, root_ts: str) -> list[Seen]:
        """The root and its replies, in order."""
        told = self._channel(where).messages.values()
        return [self._seen(m) for m in told if root_ts in (m.ts, m.thread_ts)]

    def ephemerals(self, who: Who) -> list[Seen]:
        """What only this person was shown, in any channel; Slack's own notices among them."""
        return [self._seen(m) for m in self.workspace.ephemerals if m.only_for == self._person(who).id]

    def seen(self, where: Where, ts: str) -> Seen:
        return self._seen(self._channel(where).messages[ts])

    def _seen(self, message: Message) -> Seen:
        return Seen(message, self.workspace)
