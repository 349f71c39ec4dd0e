"""Block Kit's vocabulary: which fields each block and element has, and where each element may stand."""

PLAIN = "plain"
ANY_TEXT = "text"

BLOCK_FIELDS: dict[str, set[str]] = {
    "section": {"text", "fields", "accessory", "expand"},
    "divider": set(),
    "header": {"text"},
    "context": {"elements"},
    "actions": {"elements"},
    "input": {"label", "element", "dispatch_action", "hint", "optional"},
    "image": {"image_url", "alt_text", "title", "slack_file"},
    "markdown": {"text"},
    "file": {"external_id", "source"},
    "rich_text": {"elements"},
    "video": {
        "alt_text",
        "author_name",
        "description",
        "provider_icon_url",
        "provider_name",
        "thumbnail_url",
        "title",
        "title_url",
        "video_url",
    },
}
ONLY_IN_MESSAGES = {"file", "markdown"}
REQUIRED: dict[str, tuple[str, ...]] = {
    "header": ("text",),
    "context": ("elements",),
    "actions": ("elements",),
    "input": ("label", "element"),
    "markdown": ("text",),
    "rich_text": ("elements",),
    "image": ("alt_text",),
}

_COMMON = {"action_id", "confirm", "focus_on_load", "placeholder"}
_STATIC = _COMMON | {"options", "option_groups"}
_TYPED = {"action_id", "placeholder", "focus_on_load", "initial_value", "dispatch_action_config"}
ELEMENT_FIELDS: dict[str, set[str]] = {
    "button": {"text", "action_id", "url", "value", "style", "confirm", "accessibility_label"},
    "static_select": _STATIC | {"initial_option"},
    "multi_static_select": _STATIC | {"initial_options", "max_selected_items"},
    "external_select": _COMMON | {"initial_option", "min_query_length"},
    "users_select": _COMMON | {"initial_user"},
    "multi_users_select": _COMMON | {"initial_users", "max_selected_items"},
    "conversations_select": _COMMON
    | {"initial_conversation", "default_to_current_conversation", "response_url_enabled", "filter"},
    "channels_select": _COMMON | {"initial_channel", "response_url_enabled"},
    "overflow": {"action_id", "options", "confirm"},
    "radio_buttons": {"action_id", "options", "initial_option", "confirm", "focus_on_load"},
    "checkboxes": {"action_id", "options", "initial_options", "confirm", "focus_on_load"},
    "datepicker": _COMMON | {"initial_date"},
    "timepicker": _COMMON | {"initial_time", "timezone"},
    "datetimepicker": {"action_id", "initial_date_time", "confirm", "focus_on_load"},
    "plain_text_input": _TYPED | {"multiline", "min_length", "max_length"},
    "email_text_input": _TYPED,
    "url_text_input": _TYPED,
    "number_input": _TYPED | {"is_decimal_allowed", "min_value", "max_value"},
    "file_input": {"action_id", "filetypes", "max_files"},
    "image": {"image_url", "alt_text", "slack_file"},
}
INPUTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "file_input"}
INTERACTIVE = set(ELEMENT_FIELDS) - {"image"}
ALLOWED_IN: dict[str, set[str]] = {
    "actions": INTERACTIVE - INPUTS,
    "accessory": set(ELEMENT_FIELDS) - INPUTS,
    "input": INTERACTIVE - {"button", "overflow"},
    "context": {"image"},
}
NEEDS_OPTIONS = {"overflow": (1, 5), "radio_buttons": (1, 10), "checkboxes": (1, 10)}
SELECT_OPTIONS = (1, 100)

CONFIRM_LIMITS = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
TEXT_FIELDS = {"type", "text", "emoji", "verbatim"}
OPTION_FIELDS = {"text", "value", "description", "url"}
CONFIRM_FIELDS = {"title", "text", "confirm", "deny", "style"}
STYLES = {"primary", "danger"}
