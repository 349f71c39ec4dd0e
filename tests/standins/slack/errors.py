"""How Slack says no."""

from typing import Any

Json = dict[str, Any]


class SlackError(Exception):
    """An answer `ok: false`. `name` is one of Slack's own error names; `more` stands beside it in the answer."""

    def __init__(self, name: str, **more: Any) -> None:
        super().__init__(name)
        self.name = name
        self.more = more

    def answer(self) -> Json:
        return {"ok": False, "error": self.name, **self.more}


class NotOffered(Exception):
    """What a test asked a person to do cannot be done in Slack: no such button, no such field, not in the channel."""


def invalid(name: str, complaints: list[str]) -> SlackError:
    """A refusal that lists its reasons as Slack does, once bare and once for developers to read."""
    return SlackError(
        name, errors=complaints, response_metadata={"messages": [f"[ERROR] {complaint}" for complaint in complaints]}
    )
