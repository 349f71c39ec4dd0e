"""The messages that docs/slack.md shows are those the code renders: played, not written.

With REWRITE_DOCS=1 in the environment the files are written anew instead; look at what changed, then commit them.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from tests.conversation.slack_picture import picture
from tests.conversation.slack_room import slack_stage
from tests.conversation.test_scripts import SCRIPTS

DOCS = Path(__file__).parents[2] / "docs"
REWRITE = os.environ.get("REWRITE_DOCS") == "1"


@dataclass(frozen=True)
class Shown:
    """Where a message of the documentation is found: the first call of that method in a story whose text matches."""

    story: str
    method: str
    text: str


MESSAGES = {
    "incident-summary": Shown("incident-p1", "chat.update", r"INC-1 · payments return 500 · MITIGATED"),
    "reminder": Shown("incident-p1", "chat.postMessage", r"nobody has acknowledged"),
    "refusal": Shown("incident-p1", "chat.postEphemeral", r"Only somebody on call"),
    "plan": Shown("rc-happy-path", "chat.postMessage", r"^Plan of REL-1"),
    "release-summary": Shown("rc-happy-path", "chat.update", r"SOAKING, NO OPEN BLOCKER"),
    "approval-request": Shown("rc-happy-path", "chat.postMessage", r"REL-1 needs 1 yes"),
    "approval-answered": Shown("rc-happy-path", "chat.update", r"REL-1 needs 1 yes[\s\S]*Approved by rev2"),
    "soak-digest": Shown("rc-happy-path", "chat.postMessage", r"soak · last day"),
}


@dataclass(frozen=True)
class Told:
    """What the bot told Slack in a story, and how people and channels are called there."""

    calls: list[tuple[str, dict[str, Any]]]
    names: Mapping[str, str]

    def message(self, shown: Shown) -> dict[str, Any]:
        found = (
            params
            for method, params in self.calls
            if method == shown.method and re.search(shown.text, params.get("text", ""))
        )
        params = next(found, None)
        assert params is not None, f"{shown.story} never shows {shown.text!r}"
        return _without_chance({"text": params["text"], "blocks": params["blocks"]})


def _without_chance(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with one code and one commit instead of those this play happened to have."""
    text = re.sub(r"\b(approve|reject) [0-9a-f]{4}\b", r"\1 7f3a", json.dumps(payload))
    plain: dict[str, Any] = json.loads(re.sub(r"\b(head|on|as) [0-9a-f]{7}\b", r"\1 3f9c2ab", text))
    return plain


@pytest.fixture(scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Told]:
    """Each story, played once."""
    found = {}
    for story in sorted({shown.story for shown in MESSAGES.values()}):
        async with slack_stage(tmp_path_factory.mktemp(story), None, lambda _: None) as (player, room, _):
            await player.play((SCRIPTS / f"{story}.sop").read_text(encoding="utf-8"), story)
            names = {one.id: one.name for one in (*room.users.values(), *room.channels.values())}
            found[story] = Told([(call.method, call.params) for call in room.slack.requests], names)
    return found


@pytest.mark.parametrize("name", MESSAGES)
def test_the_documentation_shows_what_the_code_renders(name: str, told: Mapping[str, Told]) -> None:
    shown = MESSAGES[name]
    story = told[shown.story]
    payload = story.message(shown)
    _compare(DOCS / f"slack/{name}.json", json.dumps(payload, indent=2, ensure_ascii=False) + "\n")
    drawn = picture(payload, story.names, only_for_you=shown.method == "chat.postEphemeral")
    _compare(DOCS / f"slack/{name}.svg", drawn)


def _compare(file: Path, text: str) -> None:
    if REWRITE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, f"{file.name} shows something else; see the head of this module"


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_s_own_models_find_the_payload_in_order(name: str) -> None:
    payload = json.loads((DOCS / f"slack/{name}.json").read_text(encoding="utf-8"))
    blocks = Block.parse_all(payload["blocks"])
    assert [block.type for block in blocks] == [block["type"] for block in payload["blocks"]]
    for block in blocks:
        block.validate_json()
    assert payload["text"]


def test_the_page_shows_every_message() -> None:
    page = (DOCS / "slack.md").read_text(encoding="utf-8")
    missing = [name for name in MESSAGES if f"slack/{name}.json" not in page or f"slack/{name}.svg" not in page]
    assert not missing
