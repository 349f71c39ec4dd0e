"""With `effects = "people"` the bot says exactly what to do, waits, and sees that it was done: the same probes."""

from tests.conversation.conftest import seldom


async def test_a_branch_and_a_merge_are_done_by_people_and_everything_else_by_the_bot(converse):
    chat = await converse(seldom(effects_of={"SOP-03.branch": "people", "SOP-03.merge": "people"}))
    await chat.say("rm", "#releases", "/release rc 1.4.0")
    asked = await chat.say("rm", "in REL-1", "!start")
    assert "please do this by hand" in asked
    tip = chat.git("rev-parse", "develop").strip()
    assert f"git push origin {tip}:refs/heads/release/v1.4.0-rc1" in asked
    assert "refs/heads/release/v1.4.0-rc1" not in chat.refs()
    await chat.play("%forge branch release/v1.4.0-rc1 develop\n%state REL-1 pull-request done\n%wait REL-1 merge")
    await chat.play("@rev1 in REL-1: approve\n%clock +1m")
    assert "gh pr merge 41 --merge --match-head-commit" in chat.text
    assert chat.merged() == []
    await chat.play("%crash\n%clock +2h")
    assert chat.text.count("gh pr merge 41") == 1, "people are asked once"
    await chat.play("%forge merge 41\n%state REL-1 tag done\n%wait REL-1 soak\n%state REL-1 announce done")


async def test_a_whole_procedure_can_be_left_to_people(converse):
    chat = await converse(seldom(effects="people"))
    await chat.say("rm", "#releases", "/release rc 1.4.0")
    await chat.say("rm", "in REL-1", "!start")
    await chat.play("%clock +1d\n%state REL-1 branch running")
    assert chat.merged() == []
    assert "refs/heads/release/v1.4.0-rc1" not in chat.refs()
