"""Slack behind the chat port: Socket Mode by default, signed HTTP requests as an option."""

from adapters.slack.accounts import Accounts
from adapters.slack.chat import PACE, SlackChat, traits
from adapters.slack.doctor import examine
from adapters.slack.forms import Grammar
from adapters.slack.home import Identity, SlackHome, client_for, who_we_are
from adapters.slack.manifest import COMMANDS, SCOPES, manifest
from adapters.slack.render import Renderer

__all__ = [
    "COMMANDS",
    "PACE",
    "SCOPES",
    "Accounts",
    "Grammar",
    "Identity",
    "Renderer",
    "SlackChat",
    "SlackHome",
    "client_for",
    "examine",
    "manifest",
    "traits",
    "who_we_are",
]
