"""Forms as modals: what a command still lacks is asked for, and read back as if it had been typed."""

import json
from typing import Any, Protocol

from slack_sdk.models.blocks import (
    ContextBlock,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from adapters.slack.render import cut
from sops.kit.message import Field, Form

CALLBACK = "form"


class Grammar(Protocol):
    """What the bot makes of a text, without doing anything."""

    def missing(self, text: str, *, in_thread: bool) -> Form | None:
        """What asks for the rest of a command that lacks something; None if there is nothing to ask for."""
        ...

    def problem(self, text: str, *, in_thread: bool) -> str:
        """What is wrong with a command, in a sentence; empty if it can be understood."""
        ...


def modal(form: Form, back: dict[str, str]) -> dict[str, Any]:
    """The view for `views.open`. `back` is where the answer belongs, and comes back with it."""
    keep = json.dumps({"back": back, "form": form.model_dump(mode="json")})
    view = View(
        type="modal",
        callback_id=CALLBACK,
        title=PlainTextObject(text=cut(form.title, 24)),
        submit=PlainTextObject(text="Send"),
        close=PlainTextObject(text="Back"),
        private_metadata=keep,
        blocks=[*(_input(field) for field in form.fields), *_hint(form)],
    )
    found: dict[str, Any] = view.to_dict()
    return found


def submitted(view: dict[str, Any]) -> tuple[Form, dict[str, str], str]:
    """The form, where its answer belongs, and the command it makes."""
    kept = json.loads(view["private_metadata"])
    form = Form.model_validate(kept["form"])
    state = view["state"]["values"]
    values = {field.name: _value(state.get(field.name, {}).get(field.name, {})) for field in form.fields}
    return form, kept["back"], form.filled(values)


def _hint(form: Form) -> list[ContextBlock]:
    return [ContextBlock(elements=[PlainTextObject(text=cut(form.hint, 1900))])] if form.hint else []


def _input(field: Field) -> InputBlock:
    element: StaticSelectElement | PlainTextInputElement
    if field.kind == "choice":
        options = [Option(value=choice, label=choice) for choice in field.choices]
        element = StaticSelectElement(action_id=field.name, options=options, placeholder="Choose")
    else:
        element = PlainTextInputElement(
            action_id=field.name, multiline=field.kind == "text", max_length=field.longest, placeholder=None
        )
    return InputBlock(block_id=field.name, label=field.label, element=element, optional=field.optional)


def _value(state: dict[str, Any]) -> str:
    chosen = state.get("selected_option") or {}
    return str(state.get("value") or chosen.get("value") or "")
