"""A later version, with other words and one setting more, comes in the middle of an open request: the yes stands."""

from typing import Any

import pytest

from sops.kit import rollback_actions, texts
from sops.kit.merging import MergePullRequest
from sops.kit.publishing import PublishRelease
from sops.kit.release_actions import Announce, PushSignedTag
from sops.kit.rollback_actions import PointLatest, RetractedNotice
from tests.conversation.conftest import Conversation
from tests.conversation.test_stored_by_another import body, left_by_another, store


def reword(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything the bot says of these deeds, and every text it makes itself, reads otherwise from now on."""
    for kind in (MergePullRequest, PushSignedTag, Announce, PublishRelease, PointLatest, RetractedNotice):
        says = kind.says
        monkeypatch.setattr(kind, "says", lambda self, run, says=says: f"In other words: {says(self, run)}")
    for name, made in dict(texts.ANNOUNCEMENTS).items():
        monkeypatch.setitem(
            texts.ANNOUNCEMENTS, name, lambda run, made=made: ("Another title", f"Hear: {made(run)[1]}")
        )
    monkeypatch.setattr(rollback_actions, "RETRACTED", "Withdrawn")


def a_setting_less(database: Any) -> None:
    run = body(database, "REL-1")
    del run["policy"]["package"]
    store(database, "REL-1", run)


async def test_other_words_and_one_more_setting_void_nothing(
    chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chat.play("@rm #releases: /release rc 1.4.0")
    await left_by_another(chat, a_setting_less)
    await chat.play("@rm in REL-1: !start\n%wait REL-1 merge")
    (asked,) = (await chat.run("REL-1")).requests
    reword(monkeypatch)
    await chat.play("%crash\n@rev1 in REL-1: approve\n%clock +1m\n%wait REL-1 soak")
    (used,) = (await chat.run("REL-1")).requests
    assert (used.code, used.state, used.subject) == (asked.code, "consumed", asked.subject)
    (announced,) = chat.world.core.state.discussions.values()
    assert announced.title == "Call for testing: 1.4.0-rc1"
    assert announced.body.startswith(asked.subject["texts"][0][1])


async def test_a_rollback_tells_what_was_agreed_on(chat: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    await chat.play(
        '%forge write main src/broken.cpp "int broken;"\n%forge tag v1.4.0 main\n%clock +10m\n'
        "@rm #releases: /release rollback 1.4.0\n@rm in RBK-1: !start"
    )
    reword(monkeypatch)
    await chat.play(
        "%crash\n@rev1 in RBK-1: approve\n%clock +2m\n@rm in RBK-1: !set workaround stay on 1.3.0\n%clock +30m"
    )
    (used,) = (await chat.run("RBK-1")).requests
    assert used.state == "consumed"
    (told,) = [each for each in chat.world.core.state.discussions.values() if "1.4.0" in each.title]
    assert told.title == "Taken back: 1.4.0"
    assert told.body.startswith("1.4.0 is taken back. Please use 1.3.0 instead")
    assert "Until then: stay on 1.3.0\n" in told.body
    (release,) = _of(chat, "v1.4.0")
    assert release.body.startswith("⚠️ RETRACTED: please use 1.3.0 instead.")


def _of(chat: Conversation, tag: str) -> list[Any]:
    return [release for release in chat.world.core.state.releases if release.tag == tag]


async def test_a_push_still_voids_with_the_true_reason(chat: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    await chat.play("@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start\n%wait REL-1 merge")
    reword(monkeypatch)
    await chat.play('%forge push release/v1.4.0-rc1\n%expect "is void: the branch moved: [0-9a-f]{7} → [0-9a-f]{7}\\."')
