"""A chat in the terminal: the same port as Slack and Matrix, for the sandbox and for tests."""

from adapters.console.chat import ConsoleChat
from adapters.console.room import Post, Room

__all__ = ["ConsoleChat", "Post", "Room"]
