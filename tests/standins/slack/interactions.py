"""What people do with the app itself: slash commands, buttons and forms."""

from typing import Any

from tests.standins.slack.delivery import COMMANDS, INTERACTIVE, Delivery
from tests.standins.slack.errors import Json, NotOffered, SlackError
from tests.standins.slack.hooks import say
from tests.standins.slack.marking_methods import opened, replaced
from tests.standins.slack.people import People, Where, Who
from tests.standins.slack.text import typed, unescape
from tests.standins.slack.view_rules import filled_in, view_wire
from tests.standins.slack.wire import message_wire
from tests.standins.slack.workspace import HOME_DOMAIN, Channel, Message, User, View

SLACKBOT = "USLACKBOT"


class Interactions(People):
    """Nothing here is ever repeated by Slack: who got no answer sees so, and tries again."""

    escapes_commands = True

    async def slash(self, who: Who, where: Where, command: str, text: str = "") -> Delivery:
        """A slash command, from a channel's composer; there is none in threads. `escapes_commands` is the app's
        setting "escape channels, users and links": people come as `<@U1|name>`, else as typed."""
        person, channel = self._person(who), self._member_of(who, where)
        key = self.workspace.new_response_url(channel, person)
        delivery = Delivery(COMMANDS, self._command(person, channel, command, text, key))
        await self.post.deliver(delivery)
        if delivery.response:
            say(self.context, self.workspace.response_urls[key], delivery.response)
        elif delivery.tries and not delivery.acked:
            problem = "dispatch_failed" if delivery.trouble == "no_connection" else "operation_timeout"
            self._slackbot(person, channel, f"{command} failed with the error “{problem}”")
        return delivery

    def _command(self, person: User, channel: Channel, command: str, text: str, key: str) -> Json:
        names = {"group": "privategroup", "im": "directmessage"}
        sent = typed(self.workspace, text, labels=True) if self.escapes_commands else text.replace("&", "&amp;")
        return {
            "token": "verification",
            "team_id": person.team,
            "team_domain": person.domain,
            "channel_id": channel.id,
            "channel_name": names.get(channel.kind, channel.name),
            "user_id": person.id,
            "user_name": person.name,
            "command": command,
            "text": sent.strip(),
            "api_app_id": self.workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": f"{self.base_url}/hooks/{key}",
            "trigger_id": self.workspace.new_trigger(person),
        }

    def _slackbot(self, person: User, channel: Channel, text: str) -> None:
        message = Message(self.workspace.next_ts(), channel.id, SLACKBOT, text, only_for=person.id)
        self.workspace.ephemerals.append(message)

    async def press(self, who: Who, where: Where, ts: str, button: str, *, confirm: bool = True) -> Delivery | None:
        """Press a button by its label or action_id, and answer its confirmation; None when it was not confirmed."""
        person, channel = self._person(who), self._channel(where)
        if channel.kind != "channel" or channel.archived:
            self._member_of(person, channel)
        message = self._shown_to(person, channel, ts)
        block, element = _button(message, button)
        if "confirm" in element and not confirm:
            return None
        delivery = Delivery(INTERACTIVE, self._pressed(person, channel, message, block, element))
        await self.post.deliver(delivery)
        return delivery

    def _shown_to(self, person: User, channel: Channel, ts: str) -> Message:
        whispered = [m for m in self.workspace.ephemerals if m.ts == ts and m.only_for == person.id and not m.deleted]
        return whispered[0] if whispered else self._message(channel, ts)

    def _pressed(self, person: User, channel: Channel, message: Message, block: Json, element: Json) -> Json:
        key = self.workspace.new_response_url(channel, person, message)
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": bool(message.only_for),
        }
        if message.is_reply or channel.replies(message.ts):
            container["thread_ts"] = message.thread_ts or message.ts
        names = {"group": "privategroup", "im": "directmessage"}
        payload = self._from(person) | {
            "type": "block_actions",
            "container": container,
            "channel": {"id": channel.id, "name": names.get(channel.kind, channel.name)},
            "state": {"values": {}},
            "response_url": f"{self.base_url}/hooks/{key}",
            "actions": [self._action(block, element)],
        }
        return payload if message.only_for else payload | {"message": message_wire(self.workspace, message)}

    def _action(self, block: Json, element: Json) -> Json:
        kept = {name: value for name, value in element.items() if name != "confirm"}
        return kept | {"block_id": block["block_id"], "action_ts": self.workspace.next_ts()}

    def _from(self, person: User) -> Json:
        return {
            "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team},
            "api_app_id": self.workspace.app_id,
            "token": "verification",
            "trigger_id": self.workspace.new_trigger(person),
            "team": {"id": self.post.happens_in, "domain": HOME_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def views(self, who: Who) -> list[View]:
        """The forms this person has open, the newest last."""
        person = self._person(who)
        return [view for view in self.workspace.views.values() if view.open and view.user == person.id]

    async def submit(self, who: Who, view_id: str, answers: dict[str, Any]) -> Delivery:
        """Send a form. What the bot's ack says of it happens: errors under the fields, another view, or it closes."""
        person, view = self._person(who), self._view(who, view_id)
        values = filled_in(view, answers)
        shown = view_wire(self.workspace, view, values) | {"app_installed_team_id": self.post.sent_to}
        payload = self._from(person) | {"type": "view_submission", "view": shown}
        delivery = Delivery(INTERACTIVE, payload | {"response_urls": []})
        await self.post.deliver(delivery)
        if delivery.acked:
            self._after(view, delivery.response or {})
        return delivery

    def _after(self, view: View, response: Json) -> None:
        action = response.get("response_action")
        view.errors = {}
        if action == "errors":
            inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
            if not response.get("errors") or response["errors"].keys() - inputs:
                raise SlackError("invalid_arguments", view_errors=response.get("errors"))
            view.errors = response["errors"]
        elif action == "update":
            replaced(self.context, view, response.get("view"))
        elif action == "push":
            opened(self.context, view.user, response.get("view")).root = view.root
        elif action == "clear":
            for one in self.views(view.user):
                one.open = False
        else:
            view.open = False

    async def close(self, who: Who, view_id: str) -> Delivery | None:
        """Cancel a form; the bot hears of it only where the view asked for that."""
        person, view = self._person(who), self._view(who, view_id)
        view.open = False
        if not view.content.get("notify_on_close"):
            return None
        shown = view_wire(self.workspace, view)
        delivery = Delivery(
            INTERACTIVE, self._from(person) | {"type": "view_closed", "view": shown, "is_cleared": False}
        )
        delivery.payload.pop("trigger_id")
        await self.post.deliver(delivery)
        return delivery

    def _view(self, who: Who, view_id: str) -> View:
        found = next((view for view in self.views(who) if view.id == view_id), None)
        if found is None:
            raise NotOffered(f"no such form is open: {view_id}")
        return found


def _button(message: Message, wanted: str) -> tuple[Json, Json]:
    """The block and the button in it that carries this label or action_id."""
    offered = []
    for block in message.blocks:
        elements = block.get("elements", []) if block["type"] == "actions" else [block.get("accessory", {})]
        for element in elements:
            if element.get("type") != "button":
                continue
            label = unescape(element["text"]["text"])
            if wanted in (label, element["action_id"]):
                return block, element
            offered.append(label)
    raise NotOffered(f"no button {wanted}; there are {offered}")
