"""A stand-in for Slack's servers, faithful where a bot could tell the difference."""

from tests.standins.slack.delivery import Delivery
from tests.standins.slack.errors import NotOffered, SlackError
from tests.standins.slack.faults import Fault, Hang
from tests.standins.slack.reading import Seen
from tests.standins.slack.requests import Call
from tests.standins.slack.standin import SlackStandIn
from tests.standins.slack.workspace import HOME, Channel, File, Message, User, View

__all__ = [
    "HOME",
    "Call",
    "Channel",
    "Delivery",
    "Fault",
    "File",
    "Hang",
    "Message",
    "NotOffered",
    "Seen",
    "SlackError",
    "SlackStandIn",
    "User",
    "View",
]
