"""Where one person may be awake alone: a setting, a longer wait, and everybody is called meanwhile."""

from datetime import timedelta

from tests.conversation.conftest import seldom

UP_TO_THE_MERGE = """
@oncall1 #ops: /incident declare P0 writes are lost
@oncall1 in INC-1: ack
@rm #releases: /hotfix 1.3.1 P0 wal-corruption
@rm in FIX-1: !start
%forge push hotfix/1.3.1-wal-corruption oncall1
@oncall1 in FIX-1: !done fix reproduced by hand
@rm in FIX-1: !set changelog A crash during a flush no longer loses the last segment.
%wait FIX-1 merge
"""


async def test_it_goes_through_after_the_longer_wait_and_a_review_is_owed(converse):
    chat = await converse(seldom(override_alone=timedelta(minutes=30)))
    await chat.play(UP_TO_THE_MERGE)
    said = await chat.say("oncall1", "in FIX-1", "!override merge nobody else is awake")
    assert "@rm, @rm2, @rev1, @rev2, @rev3, @oncall2, @seclead or @maint: oncall1 overrides request" in said
    assert "oncall1 is one who wrote commits in it; nobody else has said yes to it" in said
    await chat.play("%clock +29m\n%state FIX-1 merge waiting")
    await chat.play("%clock +2m\n%state FIX-1 merge done")
    assert "look at what oncall1 (who wrote commits in it) did by !override of merge" in chat.text


async def test_it_wants_an_acknowledged_p0_all_the_same(converse):
    chat = await converse(seldom(override_alone=timedelta(minutes=30)))
    await chat.play(UP_TO_THE_MERGE.replace("@oncall1 in INC-1: ack\n", ""))
    said = await chat.say("oncall1", "in FIX-1", "!override merge nobody else is awake")
    assert "INC-1 is not acknowledged yet" in said
