"""What Slack refuses in a modal, and how a filled-in one is written down."""

from typing import Any

from tests.standins.slack.block_rules import view_block_complaints
from tests.standins.slack.errors import Json, NotOffered, SlackError, invalid
from tests.standins.slack.workspace import HOME, View, Workspace

LIMITS = {"title": 24, "submit": 24, "close": 24}
FIELDS = {
    "type",
    "title",
    "submit",
    "close",
    "blocks",
    "private_metadata",
    "callback_id",
    "external_id",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
}


def check_view(content: Any) -> Json:
    """The view, if Slack would open it."""
    if not isinstance(content, dict):
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] must be an object"]})
    complaints = [f"additional property: {name} [json-pointer:/view]" for name in content if name not in FIELDS]
    if content.get("type") != "modal":
        complaints.append(f"unsupported type: {content.get('type')} [json-pointer:/view/type]")
    if not content.get("title"):
        complaints.append("missing required field: title [json-pointer:/view]")
    for name, most in LIMITS.items():
        complaints += _label_complaints(content.get(name), most, f"/view/{name}")
    for name, most in {"private_metadata": 3000, "callback_id": 255, "external_id": 255}.items():
        if len(content.get(name, "")) > most:
            complaints.append(f"must be less than {most + 1} characters [json-pointer:/view/{name}]")
    complaints += view_block_complaints(content.get("blocks"))
    has_inputs = not complaints and any(block["type"] == "input" for block in content["blocks"])
    if has_inputs and not content.get("submit"):
        complaints.append("missing required field: submit [json-pointer:/view]")
    if complaints:
        raise invalid("invalid_arguments", complaints)
    return content


def _label_complaints(label: Any, most: int, at: str) -> list[str]:
    if label is None:
        return []
    if not isinstance(label, dict) or label.get("type") != "plain_text":
        return [f"must provide a plain_text object [json-pointer:{at}]"]
    if not 0 < len(label.get("text", "")) <= most:
        return [f"must be less than {most + 1} characters [json-pointer:{at}/text]"]
    return []


def with_ids(workspace: Workspace, blocks: list[Json]) -> list[Json]:
    """Blocks and elements as Slack gives them back: every one has an id."""
    given = [{**block} for block in blocks]
    for block in given:
        block.setdefault("block_id", workspace.new_id("b"))
        for name in ("element", "accessory"):
            if name in block and block[name]["type"] != "image":
                block[name] = {"action_id": workspace.new_id("a"), **block[name]}
        if block["type"] == "actions":
            block["elements"] = [{"action_id": workspace.new_id("a"), **element} for element in block["elements"]]
    return given


def view_wire(workspace: Workspace, view: View, values: Json | None = None) -> Json:
    content = view.content
    return {
        "id": view.id,
        "team_id": HOME,
        "type": "modal",
        "blocks": content["blocks"],
        "private_metadata": content.get("private_metadata", ""),
        "callback_id": content.get("callback_id", ""),
        "state": {"values": values or {}},
        "hash": view.hash,
        "title": content["title"],
        "clear_on_close": content.get("clear_on_close", False),
        "notify_on_close": content.get("notify_on_close", False),
        "close": content.get("close"),
        "submit": content.get("submit"),
        "previous_view_id": None,
        "root_view_id": view.root,
        "app_id": workspace.app_id,
        "external_id": content.get("external_id", ""),
        "app_installed_team_id": HOME,
        "bot_id": workspace.bot.bot_id,
    }


def filled_in(view: View, answers: dict[str, Any]) -> Json:
    """`state.values` for what a person put into the inputs; what the client would not let through is refused."""
    inputs = {block["block_id"]: block for block in view.content["blocks"] if block["type"] == "input"}
    if unknown := answers.keys() - inputs.keys():
        raise NotOffered(f"the form has no {', '.join(sorted(unknown))}; it has {', '.join(inputs)}")
    values: Json = {}
    for block_id, block in inputs.items():
        element = block["element"]
        state = _state(element, answers.get(block_id, _initial(element)))
        if not block.get("optional") and all(
            value in (None, "", []) for name, value in state.items() if name != "type"
        ):
            raise NotOffered(f"{block_id} must be filled in")
        values[block_id] = {element["action_id"]: state}
    return values


def _initial(element: Json) -> Any:
    if "initial_option" in element:
        return element["initial_option"]["value"]
    if "initial_options" in element:
        return [option["value"] for option in element["initial_options"]]
    names = ("value", "date", "time", "user", "users", "channel", "conversation", "date_time")
    return next((element[f"initial_{name}"] for name in names if f"initial_{name}" in element), None)


def _state(element: Json, value: Any) -> Json:
    kind = element["type"]
    if kind in ("static_select", "radio_buttons"):
        return {"type": kind, "selected_option": None if value is None else _option(element, value)}
    if kind in ("multi_static_select", "checkboxes"):
        return {"type": kind, "selected_options": [_option(element, one) for one in value or []]}
    selected = {
        "datepicker": "selected_date",
        "timepicker": "selected_time",
        "datetimepicker": "selected_date_time",
        "users_select": "selected_user",
        "multi_users_select": "selected_users",
        "channels_select": "selected_channel",
        "conversations_select": "selected_conversation",
    }
    if kind in selected:
        return {"type": kind, selected[kind]: value}
    if isinstance(value, str) and len(value) > element.get("max_length", 3000):
        raise NotOffered(f"{element['action_id']} takes {element.get('max_length', 3000)} characters")
    return {"type": kind, "value": value or None}


def _option(element: Json, wanted: str) -> Json:
    groups = element.get("option_groups", [{"options": element.get("options", [])}])
    options = [option for group in groups for option in group["options"]]
    for option in options:
        if wanted in (option["value"], option["text"]["text"]):
            return {"text": option["text"], "value": option["value"]}
    raise NotOffered(f"no such choice: {wanted}; there are {[option['value'] for option in options]}")
