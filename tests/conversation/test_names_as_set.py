"""An organisation calls its branches, words its tags and chooses whose word counts as it likes."""

from datetime import timedelta

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


async def test_an_incident_where_everybody_reads_issues_has_none(converse):
    chat = await converse(seldom(incident_issues=False))
    before = set(chat.world.core.state.issues)
    await chat.play("""
        @guest #ops: /incident declare P3 a typo on the status page
        @oncall1 in INC-1: ack
        %reject "issue #"
        %state INC-1 acknowledge done
        @oncall1 in INC-1: !update corrected
        @oncall1 in INC-1: !triage one word
        @oncall1 in INC-1: !skip mitigate nothing to mitigate
        @oncall1 in INC-1: !fix the word
        @oncall1 in INC-1: !verify read again
        @oncall1 in INC-1: !close
        %state INC-1 run done
        @oncall1 in INC-1: !reopen another typo
        %state INC-1 run active
    """)
    assert set(chat.world.core.state.issues) == before


async def test_a_welcome_points_to_the_guides_there_are(converse):
    chat = await converse(seldom(contributing="docs/hacking.md", code_of_conduct=""))
    await chat.play("%forge contribute newcomer fix-typo\n@maint #maintainers: /onboard newcomer")
    [comment] = chat.world.core.state.issues[41].comments
    assert "`docs/hacking.md` says how a change gets in. If anything" in comment.body
    assert "CODE_OF_CONDUCT" not in comment.body


async def test_a_rollbacks_announcement_waits_as_long_as_set_for_a_workaround(converse):
    chat = await converse(seldom(workaround_wait=timedelta(minutes=2)))
    await chat.play("""
        %forge write main src/broken.cpp "int broken;"
        %forge tag v1.4.0 main
        %clock +10m
        @rm #releases: /release rollback 1.4.0 --image-only
        @rm in RBK-1: !start
        @rev1 in RBK-1: approve
        %clock +1m
        %expect "announced in 2 min, and can be added later"
        %state RBK-1 announce waiting
        %clock +2m
        %state RBK-1 announce done
    """)
