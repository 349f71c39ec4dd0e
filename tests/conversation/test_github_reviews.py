"""Reviews given at GitHub: a further gate, and where the settings say so a yes."""

from datetime import timedelta

import pytest

from bot.wiring.sandbox import sandbox_people
from sops.kit.model import Role
from sops.kit.policy import Policy
from tests.conversation.conftest import Conversation, Open

ASKED = """
@rm #releases: /release rc 1.4.0
@rm in REL-1: !start
%wait REL-1 merge
"""


def counting() -> Policy:
    """Two yeses are wanted, and GitHub's count."""
    return Policy(look_every=timedelta(hours=4), approvals={"SOP-03.merge": 2}, github_reviews="count")


async def test_changes_requested_at_github_hold_an_approved_merge(chat: Conversation) -> None:
    await chat.play(
        ASKED
        + """
%forge review 41 rev2 request_changes
@rev1 in REL-1: approve
%expect "something else is in the way"
%clock +1h
%state REL-1 merge waiting
@rm in REL-1: status
%expect "changes requested at GitHub by rev2"
%forge review 41 rev2 approve
%expect "Going ahead"
%clock +1m
%state REL-1 tag done
"""
    )


async def test_a_review_of_the_same_head_counts_when_the_settings_say_so(converse: Open) -> None:
    chat = await converse(counting())
    await chat.play(
        ASKED
        + """
%forge review 41 rev2 approve
%state REL-1 merge waiting
@rev1 in REL-1: approve
%expect "Approved by rev2 and rev1"
%clock +1m
%state REL-1 tag done
"""
    )
    entries = [yes.via for yes in (await chat.run("REL-1")).requests[-1].yeses]
    assert sorted(entries) == ["github", "thread"]


async def test_reviews_alone_are_not_enough(converse: Open) -> None:
    chat = await converse(counting())
    await chat.play(
        ASKED
        + """
%forge review 41 rev2 approve
%forge review 41 rev3 approve
%clock +1h
%state REL-1 merge waiting
"""
    )
    assert chat.merged() == []


async def test_one_person_at_github_and_in_the_thread_counts_once(converse: Open) -> None:
    chat = await converse(counting())
    await chat.play(ASKED + "%forge review 41 rev1 approve\n")
    answer = await chat.say("rev1", "in REL-1", "approve")
    assert "You said yes already, as rev1 (github:rev1); one person counts once" in answer
    assert chat.merged() == []


async def test_a_review_by_the_starter_or_of_an_older_head_does_not_count(converse: Open) -> None:
    chat = await converse(counting())
    await chat.play(
        ASKED
        + """
%forge review 41 rm approve
%forge review 41 rev2 approve
%forge push release/v1.4.0-rc1 maint
%clock +10m
@rev1 in REL-1: approve
%expect "1 more to go"
%clock +1h
%state REL-1 merge waiting
"""
    )
    assert chat.merged() == []


async def test_who_starts_a_release_may_approve_it_by_the_settings_but_never_their_own_commits(converse: Open) -> None:
    roles = {"SOP-03.merge": (Role.RELEASE_MANAGER,)}
    chat = await converse(Policy(look_every=timedelta(hours=4), starter_counts=True, roles=roles))
    await chat.play(
        ASKED
        + """
%forge push release/v1.4.0-rc1 rm
%clock +1h
%wait REL-1 merge
@rm in REL-1: approve
%expect "Not counted"
%state REL-1 merge waiting
@rm #releases: /sop REL-1 cancel own commits
"""
    )
    assert (await chat.run("REL-1")).requests[-1].excluded["rm"] == "author"


async def test_who_starts_a_release_may_approve_what_others_wrote_where_the_settings_say_so(converse: Open) -> None:
    roles = {"SOP-03.merge": (Role.RELEASE_MANAGER,)}
    chat = await converse(Policy(look_every=timedelta(hours=4), starter_counts=True, roles=roles))
    await chat.play(ASKED + "@rm in REL-1: approve\n%clock +1m\n%state REL-1 tag done")


async def test_what_a_stranger_says_at_github_neither_holds_nor_helps(chat: Conversation) -> None:
    await chat.play(
        ASKED
        + """
%forge review 41 newcomer request_changes
@rev1 in REL-1: approve
%clock +1m
%state REL-1 tag done
"""
    )


async def test_a_forge_account_that_only_reads_like_a_handle_is_nobodys_yes(
    converse: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In these settings rev2 is somebody else at GitHub, and whoever is called rev2 there is a stranger."""
    people = tuple(
        each.model_copy(update={"github": ("the-real-rev2",)}) if each.handle == "rev2" else each
        for each in sandbox_people()
    )
    monkeypatch.setattr("bot.wiring.sandbox.sandbox_people", lambda: people)
    chat = await converse(counting())
    await chat.play(ASKED + "%forge review 41 rev2 approve\n@rev1 in REL-1: approve\n%clock +1h")
    assert [yes.person for yes in (await chat.run("REL-1")).requests[-1].yeses] == ["rev1"]
    assert (await chat.run("REL-1")).requests[-1].state == "open"
