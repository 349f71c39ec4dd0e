"""What Slack refuses in blocks, said the way Slack says it: a complaint and a JSON pointer."""

from typing import Any

from tests.standins.slack import block_shapes as shapes
from tests.standins.slack import rich_text
from tests.standins.slack.errors import Json, SlackError, invalid

MESSAGE_BLOCKS = 50
MODAL_BLOCKS = 100
ALL_CHARACTERS = 13_000


def check_message_blocks(blocks: Any) -> list[Json]:
    """The blocks, if Slack would take them in a message."""
    checked = _list_of_blocks(blocks)
    complaints = _Complaints("/blocks", modal=False).about(checked, MESSAGE_BLOCKS)
    if complaints:
        raise invalid("invalid_blocks", complaints)
    if characters(checked) > ALL_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return checked


def view_block_complaints(blocks: Any) -> list[str]:
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        return ["must be an array of objects [json-pointer:/view/blocks]"]
    return _Complaints("/view/blocks", modal=True).about(blocks, MODAL_BLOCKS)


def characters(value: Any) -> int:
    """All the text a reader could see, in any nesting."""
    if isinstance(value, list):
        return sum(characters(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + sum(characters(item) for item in value.values())


def _list_of_blocks(blocks: Any) -> list[Json]:
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    return blocks


class _Complaints:
    """One walk over a list of blocks, collecting everything that is wrong with it."""

    def __init__(self, root: str, *, modal: bool) -> None:
        self.root = root
        self.modal = modal
        self.found: list[str] = []
        self.action_ids: set[str] = set()
        self.block_ids: set[str] = set()

    def about(self, blocks: list[Json], most: int) -> list[str]:
        if len(blocks) > most:
            self.say(f"no more than {most} items allowed", self.root)
        for position, block in enumerate(blocks):
            self.block(block, f"{self.root}/{position}")
        return self.found

    def say(self, complaint: str, pointer: str) -> None:
        self.found.append(f"{complaint} [json-pointer:{pointer}]")

    def block(self, block: Json, at: str) -> None:
        kind = block.get("type")
        if kind not in shapes.BLOCK_FIELDS or (self.modal and kind in shapes.ONLY_IN_MESSAGES):
            self.say(f"unsupported type: {kind}", f"{at}/type")
            return
        self.fields(block, shapes.BLOCK_FIELDS[kind] | {"type", "block_id"}, at)
        for name in shapes.REQUIRED.get(kind, ()):
            if not block.get(name):
                self.say(f"missing required field: {name}", at)
        self.block_id(block, at)
        inspect = getattr(self, f"_{kind}", None)
        if inspect is not None:
            inspect(block, at)

    def block_id(self, block: Json, at: str) -> None:
        given = block.get("block_id")
        if given is None:
            return
        self.length(given, 255, f"{at}/block_id")
        if given in self.block_ids:
            self.say(f"`block_id` already in use: {given}", f"{at}/block_id")
        self.block_ids.add(given)

    def fields(self, value: Json, known: set[str], at: str) -> None:
        for name in value:
            if name not in known:
                self.say(f"additional property: {name}", at)

    def length(self, text: Any, most: int, at: str) -> None:
        if not isinstance(text, str):
            self.say("must be a string", at)
        elif len(text) > most:
            self.say(f"must be less than {most + 1} characters", at)

    def text(self, value: Any, most: int, at: str, *, plain: bool = False) -> None:
        if not isinstance(value, dict) or value.get("type") not in ("plain_text", "mrkdwn"):
            self.say("must provide a text object", at)
            return
        if plain and value["type"] != "plain_text":
            self.say("unsupported type: mrkdwn", f"{at}/type")
        self.fields(value, shapes.TEXT_FIELDS - ({"emoji"} if value["type"] == "mrkdwn" else {"verbatim"}), at)
        if not value.get("text"):
            self.say("must be more than 0 characters", f"{at}/text")
        else:
            self.length(value["text"], most, f"{at}/text")

    def count(self, items: Any, least: int, most: int, at: str) -> list[Any]:
        if not isinstance(items, list):
            self.say("must be an array", at)
            return []
        if len(items) < least:
            self.say(f"no fewer than {least} items allowed", at)
        if len(items) > most:
            self.say(f"no more than {most} items allowed", at)
        return items

    def _section(self, block: Json, at: str) -> None:
        if not block.get("text") and not block.get("fields"):
            self.say("must define either `text` or `fields`", at)
        if "text" in block:
            self.text(block["text"], 3000, f"{at}/text")
        for position, item in enumerate(self.count(block.get("fields", [{}]), 1, 10, f"{at}/fields")):
            if item:
                self.text(item, 2000, f"{at}/fields/{position}")
        if "accessory" in block:
            self.element(block["accessory"], "accessory", f"{at}/accessory")

    def _rich_text(self, block: Json, at: str) -> None:
        self.found += rich_text.complaints(block, at)

    def _header(self, block: Json, at: str) -> None:
        self.text(block.get("text"), 150, f"{at}/text", plain=True)

    def _context(self, block: Json, at: str) -> None:
        for position, item in enumerate(self.count(block.get("elements"), 1, 10, f"{at}/elements")):
            where = f"{at}/elements/{position}"
            if isinstance(item, dict) and item.get("type") == "image":
                self.element(item, "context", where)
            else:
                self.text(item, 2000, where)

    def _actions(self, block: Json, at: str) -> None:
        for position, item in enumerate(self.count(block.get("elements"), 1, 25, f"{at}/elements")):
            self.element(item, "actions", f"{at}/elements/{position}")

    def _input(self, block: Json, at: str) -> None:
        self.text(block.get("label"), 2000, f"{at}/label", plain=True)
        if "hint" in block:
            self.text(block["hint"], 2000, f"{at}/hint", plain=True)
        self.element(block.get("element"), "input", f"{at}/element")

    def _markdown(self, block: Json, at: str) -> None:
        self.length(block.get("text"), 12_000, f"{at}/text")

    def _image(self, block: Json, at: str) -> None:
        self.length(block.get("image_url", ""), 3000, f"{at}/image_url")
        self.length(block.get("alt_text", ""), 2000, f"{at}/alt_text")

    def element(self, value: Any, place: str, at: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in shapes.ALLOWED_IN[place]:
            self.say(f"unsupported type: {kind}", f"{at}/type")
            return
        self.fields(value, shapes.ELEMENT_FIELDS[kind] | {"type"}, at)
        self.action_id(value, at)
        if kind == "button":
            self.button(value, at)
        if "options" in shapes.ELEMENT_FIELDS[kind]:
            self.options(value, kind, at)
        if "placeholder" in value:
            self.text(value["placeholder"], 150, f"{at}/placeholder", plain=True)
        if "confirm" in value:
            self.confirm(value["confirm"], f"{at}/confirm")

    def action_id(self, value: Json, at: str) -> None:
        given = value.get("action_id")
        if given is None:
            return
        self.length(given, 255, f"{at}/action_id")
        if given in self.action_ids:
            self.say(f"`action_id` already in use: {given}", f"{at}/action_id")
        self.action_ids.add(given)

    def button(self, value: Json, at: str) -> None:
        self.text(value.get("text"), 75, f"{at}/text", plain=True)
        self.length(value.get("value", ""), 2000, f"{at}/value")
        self.length(value.get("url", ""), 3000, f"{at}/url")
        if "style" in value and value["style"] not in shapes.STYLES:
            self.say(f"invalid style: {value['style']}", f"{at}/style")

    def options(self, value: Json, kind: str, at: str) -> None:
        least, most = shapes.NEEDS_OPTIONS.get(kind, shapes.SELECT_OPTIONS)
        groups = value.get("option_groups")
        if groups is not None:
            for position, group in enumerate(self.count(groups, 1, 100, f"{at}/option_groups")):
                where = f"{at}/option_groups/{position}"
                self.text(group.get("label"), 75, f"{where}/label", plain=True)
                self.choices(group.get("options"), least, most, kind, f"{where}/options")
            return
        self.choices(value.get("options"), least, most, kind, f"{at}/options")

    def choices(self, options: Any, least: int, most: int, kind: str, at: str) -> None:
        for position, option in enumerate(self.count(options, least, most, at)):
            where = f"{at}/{position}"
            self.fields(option, shapes.OPTION_FIELDS, where)
            marked_up = kind in ("radio_buttons", "checkboxes")
            self.text(option.get("text"), 75, f"{where}/text", plain=not marked_up)
            self.length(option.get("value", ""), 150, f"{where}/value")
            if "description" in option:
                self.text(option["description"], 75, f"{where}/description", plain=not marked_up)

    def confirm(self, dialog: Any, at: str) -> None:
        if not isinstance(dialog, dict):
            self.say("must be an object", at)
            return
        self.fields(dialog, shapes.CONFIRM_FIELDS, at)
        for name, most in shapes.CONFIRM_LIMITS.items():
            self.text(dialog.get(name), most, f"{at}/{name}", plain=name != "text")
