"""Yeses that must not count: each is refused with its reason, and nothing is merged, tagged or announced."""

from datetime import timedelta

import pytest

from sops.kit.approvals import RequestState
from sops.kit.policy import Policy
from tests.conversation.conftest import Conversation, Open

BRANCH = "release/v1.4.0-rc1"
ASKED = """
@rm #releases: /release rc 1.4.0
@rm in REL-1: !start
%wait REL-1 merge
"""


@pytest.fixture
async def asked(converse: Open) -> Conversation:
    """A candidate whose one reviewer was just asked."""
    return await asking(converse, quorum=1)


async def asking(converse: Open, quorum: int) -> Conversation:
    """A candidate for which so many yeses were just asked. The bot looks seldom: the world rings."""
    chat = await converse(Policy(look_every=timedelta(hours=4), approvals={"SOP-03.merge": quorum}))
    await chat.play(ASKED)
    return chat


async def nothing_happened(chat: Conversation) -> None:
    """Nothing public came about, also not after the grace, and the record says so."""
    await chat.play("%clock +20m")
    assert chat.merged() == []
    assert not [ref for ref in chat.refs() if ref.startswith("refs/tags/v1.4.0")]
    assert chat.world.core.state.discussions == {}
    assert chat.git("rev-parse", "main") == chat.git("rev-parse", "v1.3.0^{commit}")
    assert (await chat.run("REL-1")).record("merge").state.value == "waiting"


async def test_the_starter_does_not_count_even_as_a_reviewer(chat: Conversation) -> None:
    await chat.play(ASKED)
    answer = await chat.say("rm", "in REL-1", "approve")
    assert "Not counted: your yes to REL-1. Nothing was merged." in answer
    assert "Only a reviewer may answer; you are a release manager" in answer
    assert "You started REL-1; the starter never counts" in answer
    assert f"Next: rev1, rev2 or rev3 read the request and say: approve {await chat.code('REL-1')}" in answer
    await nothing_happened(chat)


async def test_who_took_the_run_over_does_not_count(asked: Conversation) -> None:
    answer = await asked.say("rm2", "in REL-1", "approve")
    assert "Only a reviewer may answer; you are a release manager" in answer
    await nothing_happened(asked)


async def test_a_guest_does_not_count(asked: Conversation) -> None:
    answer = await asked.say("guest", "in REL-1", f"approve {await asked.code('REL-1')}")
    assert "Only a reviewer may answer; you have no role here" in answer
    await nothing_happened(asked)


async def test_a_stranger_does_not_count(asked: Conversation) -> None:
    answer = await asked.say("rev1 ", "in REL-1", "approve")  # an account of that look, not of that id
    assert "Not counted" in answer
    assert "Only a reviewer may answer" in answer
    await nothing_happened(asked)


async def test_one_person_with_two_accounts_counts_once(converse: Open) -> None:
    chat = await asking(converse, quorum=2)
    assert "REL-1 needs 2 yeses from a reviewer" in chat.text
    assert "1 more to go" in await chat.say("rev1", "in REL-1", "approve")
    answer = await chat.say("rev1-phone", "in REL-1", "approve")
    assert "You said yes already, as rev1 (console:rev1); one person counts once, whatever the account" in answer
    await nothing_happened(chat)
    assert "Approved by rev1 and rev2" in await chat.say("rev2-phone", "in REL-1", "approve")


async def test_a_yes_before_the_head_moved_is_void(converse: Open) -> None:
    chat = await asking(converse, quorum=2)
    code = await chat.code("REL-1")
    await chat.say("rev1", "in REL-1", "approve")
    await chat.play(f"""
        %forge push {BRANCH} maint
        %expect "Request {code} is void: the branch moved: [0-9a-f]{{7}} → [0-9a-f]{{7}}\\."
        %expect "Void with it: the yes of rev1"
        %clock +6m
        %expect "REL-1 needs 2 yeses"
    """)
    assert "1 more to go" in await chat.say("rev2", "in REL-1", "approve")
    await nothing_happened(chat)


async def test_the_old_code_after_the_head_moved_is_refused(asked: Conversation) -> None:
    code = await asked.code("REL-1")
    await asked.play(f"%forge push {BRANCH} maint")
    answer = await asked.say("rev1", "in REL-1", f"approve {code}")
    assert "Not counted" in answer
    assert "That request is void: the branch moved" in answer
    await asked.play("%clock +6m")
    fresh = await asked.code("REL-1")
    assert fresh != code
    answer = await asked.say("rev1", "in REL-1", f"approve {code}")
    assert "That request is void: the branch moved" in answer
    assert f"Next: rev1, rev2 or rev3 read the request and say: approve {fresh}" in answer
    await nothing_happened(asked)


async def test_a_push_within_the_grace_voids_what_was_approved(asked: Conversation) -> None:
    await asked.play(f"""
        @rev1 in REL-1: approve
        %expect "Approved by rev1"
        %clock +10s
        %forge push {BRANCH} maint
        %expect "is void: the branch moved"
        %expect "Void with it: the yes of rev1"
    """)
    await nothing_happened(asked)


async def test_a_push_at_the_last_instant_of_the_grace_is_seen(asked: Conversation) -> None:
    """The bot hears of it only by looking: the last look before the merge is the one that counts."""
    await asked.say("rev1", "in REL-1", "approve")
    asked.world.on_change.clear()
    asked.world.push(BRANCH, "maint")
    await asked.play("%clock +31s")
    assert asked.merged() == []
    assert "is void: the branch moved" in asked.text


async def test_a_withdrawn_yes_does_not_count(converse: Open) -> None:
    chat = await asking(converse, quorum=2)
    code = await chat.code("REL-1")
    await chat.say("rev1", "in REL-1", "approve")
    assert f"rev1 took back the yes to {code}. Nothing was merged." in await chat.say("rev1", "in REL-1", "!withdraw")
    assert "You have no yes to take back here" in await chat.say("rev1", "in REL-1", "!withdraw")
    assert "1 more to go" in await chat.say("rev2", "in REL-1", "approve")
    await nothing_happened(chat)


async def test_withdrawing_within_the_grace_stops_it(asked: Conversation) -> None:
    await asked.play("""
        @rev1 in REL-1: approve
        %clock +10s
        @rev1 in REL-1: !withdraw
        %expect "rev1 took back the yes"
    """)
    await nothing_happened(asked)
    assert (await asked.run("REL-1")).requests[-1].state is RequestState.OPEN


async def test_a_request_expires_after_two_days(asked: Conversation) -> None:
    code = await asked.code("REL-1")
    await asked.play(f"""
        %clock +47h
        %reject "expired"
        %clock +1h
        %expect "@rm Request {code} has expired\\. Nothing was done; !retry asks again\\."
        @rev1 in REL-1: approve {code}
        %expect "That request has expired"
        @rev1 in REL-1: approve
        %expect "That request has expired"
    """)
    await nothing_happened(asked)
    await asked.play("""
        @rm in REL-1: !retry
        %expect "REL-1 needs 1 yes"
        @rev1 in REL-1: approve
        %wait REL-1 soak
        %state REL-1 merge done
    """)


async def test_a_rejected_request_stays_rejected(asked: Conversation) -> None:
    code = await asked.code("REL-1")
    assert "It goes like this: !reject" in await asked.say("rev2", "in REL-1", "!reject")
    assert "Only a reviewer may answer" in await asked.say("guest", "in REL-1", "!reject I do not like it")
    answer = await asked.say("rev2", "in REL-1", "!reject the changelog lacks #31")
    assert f"rev2 rejected {code}: the changelog lacks #31. Nothing was merged; the run waits." in answer
    answer = await asked.say("rev1", "in REL-1", f"approve {code}")
    assert "That request was rejected by rev2: the changelog lacks #31" in answer
    await nothing_happened(asked)


async def test_a_code_is_used_once(asked: Conversation) -> None:
    code = await asked.code("REL-1")
    await asked.play("""
        @rev1 in REL-1: approve
        %wait REL-1 soak
    """)
    before = chat_world(asked)
    answer = await asked.say("rev2", "in REL-1", f"approve {code}")
    assert "That request was used already; what it covered has begun" in answer
    assert "Nothing was merged" not in answer  # it was
    assert "or what it covered has begun" in await asked.say("rev1", "in REL-1", "!withdraw")
    await asked.play("%clock +20m")
    assert chat_world(asked) == before


async def test_the_code_of_another_run_is_no_code_here(asked: Conversation) -> None:
    await asked.play("""
        @rm2 #releases: /release rc 1.5.0
        @rm2 in REL-2: !start
        %wait REL-2 merge
    """)
    answer = await asked.say("rev1", "in REL-1", f"approve {await asked.code('REL-2')}")
    assert "There is no request with that code in this thread" in answer
    assert "'xyz9' is not a code" in await asked.say("rev1", "in REL-1", "!approve xyz9")
    await nothing_happened(asked)


async def test_a_reviewer_who_wrote_a_commit_in_it_does_not_count(chat: Conversation) -> None:
    await chat.play(f"""
        @rm #releases: /release rc 1.4.0
        @rm in REL-1: !start
        %forge push {BRANCH} rev1
        %wait REL-1 merge
        %expect "May answer: @rev2 or @rev3; not rm \\(started it\\) and rev1 \\(wrote commits in it\\)"
    """)
    answer = await chat.say("rev1", "in REL-1", "approve")
    assert "You wrote commits in REL-1; authors of the pull request's commits never count" in answer
    answer = await chat.say("rev1-phone", "in REL-1", "approve")
    assert "authors of the pull request's commits never count" in answer
    await nothing_happened(chat)


async def test_a_yes_given_before_one_wrote_a_commit_does_not_count(converse: Open) -> None:
    chat = await asking(converse, quorum=2)
    await chat.play(f"""
        @rev1 in REL-1: approve
        %forge push {BRANCH} rev1
        %clock +6m
    """)
    assert "never count" in await chat.say("rev1", "in REL-1", "approve")
    assert "1 more to go" in await chat.say("rev2", "in REL-1", "approve")
    await nothing_happened(chat)


async def test_stop_within_the_grace_stops_it(asked: Conversation) -> None:
    code = await asked.code("REL-1")
    await asked.say("rev1", "in REL-1", "approve")
    await asked.play("%clock +29s")
    answer = await asked.say("maint", "in REL-1", "!stop")
    assert f"Stopped by maint. The yeses to {code} are void. The run is on hold" in answer
    await asked.play("%clock +1h")
    assert asked.merged() == []
    assert "That request is void: stopped by maint" in await asked.say("rev2", "in REL-1", f"approve {code}")
    await asked.say("rm", "in REL-1", "!resume")
    await nothing_happened(asked)
    assert await asked.code("REL-1") != code  # resuming asks anew; the old yes does not come back


async def test_stop_after_the_grace_is_too_late_and_says_what_helps(asked: Conversation) -> None:
    await asked.play("""
        @rev1 in REL-1: approve
        %clock +31s
        @rm in REL-1: !stop
        %expect "Nothing is about to happen here that could still be stopped; !hold reason stops the bot's hands"
    """)


async def test_a_guest_cannot_stop_it(asked: Conversation) -> None:
    await asked.say("rev1", "in REL-1", "approve")
    assert "Not done. Only a release manager" in await asked.say("guest", "in REL-1", "!stop")
    await asked.play("%wait REL-1 soak")
    assert len(asked.merged()) == 1


async def test_a_yes_before_anybody_was_asked_is_no_yes(chat: Conversation) -> None:
    await chat.play("""
        @rm #releases: /release rc 1.4.0
        @rm in REL-1: !start
    """)
    answer = await chat.say("rev1", "in REL-1", "approve")
    assert "Nothing is waiting for approval in this thread" in answer
    await chat.play("%clock +10m")
    await nothing_happened(chat)


async def test_changes_requested_at_the_forge_hold_the_merge(asked: Conversation) -> None:
    await asked.play("""
        %forge review 41 rev3 request_changes
        @rev1 in REL-1: approve
        %clock +5m
        @rm in REL-1: status
        %expect "merge, under way: changes requested at GitHub by rev3"
    """)
    await nothing_happened(asked)
    await asked.play("""
        %forge review 41 rev3 approve
        %wait REL-1 soak
        %state REL-1 merge done
    """)


async def test_a_merge_by_hand_of_another_head_is_not_taken_for_ours(asked: Conversation) -> None:
    await asked.play(f"""
        @rev1 in REL-1: approve
        %forge push {BRANCH} maint
        %clock +6m
        %forge merge 41
        %clock +1h
    """)
    assert not [ref for ref in asked.refs() if ref.startswith("refs/tags/v1.4.0")]
    assert asked.world.core.state.discussions == {}


def chat_world(chat: Conversation) -> tuple[object, ...]:
    """What can be seen at the forge."""
    state = chat.world.core.state
    return chat.refs(), chat.git("rev-parse", "main"), list(state.issues), list(state.discussions), len(state.releases)
