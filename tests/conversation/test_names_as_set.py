"""An organisation calls its branches, words its tags and chooses whose word counts as it likes."""

from sops.kit.model import Role
from tests.conversation.conftest import seldom

OURS = {
    "branches": {"SOP-03": "candidates/{final}"},
    "tag_messages": {"SOP-03": "Skylark {candidate}"},
    "roles": {"SOP-03.merge": (Role.RELEASE_MANAGER,), "SOP-03": (Role.REVIEWER,)},
}


async def test_a_candidate_goes_its_way_under_other_names(converse):
    chat = await converse(seldom(**OURS))
    assert "rev1, rev2 or rev3" in await chat.say("rm", "#releases", "/release rc 1.4.0")
    planned = await chat.say("rev1", "#releases", "/release rc 1.4.0")
    assert "cut candidates/1.4.0 from develop" in planned
    await chat.play("@rev1 in REL-1: !start\n%wait REL-1 merge")
    assert "Only a release manager may answer" in await chat.say("rev2", "in REL-1", "approve")
    await chat.play("@rm in REL-1: approve\n%wait REL-1 soak\n%state REL-1 tag done")
    said = chat.git("for-each-ref", "--format=%(contents:subject)", "refs/tags/v1.4.0-rc1")
    assert said.strip() == "Skylark 1.4.0-rc1"


async def test_the_next_candidate_is_on_the_same_branch(converse):
    chat = await converse(seldom(**OURS))
    await chat.play("""
        @rev1 #releases: /release rc 1.4.0
        @rev1 in REL-1: !start
        %wait REL-1 merge
        @rm in REL-1: approve
        %wait REL-1 soak
        %forge issue "crash on start" rc-blocker
        %clock +1h
        %forge close 43
        %expect "Put the fix on candidates/1.4.0, then"
    """)


async def test_where_nobody_is_left_who_may_answer_the_reply_says_what_the_settings_lack(converse):
    chat = await converse(seldom(roles={"SOP-03.merge": (Role.MAINTAINER,)}))
    await chat.play("@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start\n%wait REL-1 merge")
    said = await chat.say("maint", "in REL-1", "approve")
    assert "authors of the pull request's commits never count" in said
    assert "nobody else may, so the settings must first name somebody (people) with that role" in said
