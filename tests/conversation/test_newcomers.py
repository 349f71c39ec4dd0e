"""Where the settings say so, a first-time contributor's pull request begins an onboarding by itself, once ever."""

from adapters.sandbox import pulls
from adapters.sandbox.people import WORKFLOW
from tests.conversation.conftest import seldom

WELCOMING = seldom(onboard_first_timers=True)


async def test_a_first_pull_request_is_welcomed_by_itself_and_once_ever(converse):
    chat = await converse(WELCOMING)
    await chat.play("%forge contribute newcomer fix-typo\n%state ONB-1 welcome done\n%crash")
    await chat.play("%forge contribute newcomer fix-another\n%forge push fix-another newcomer\n%clock +1h")
    comments = [c.body for issue in chat.world.core.state.issues.values() for c in issue.comments]
    assert len(comments) == 1
    assert "Welcome, @newcomer" in comments[0]
    assert chat.stored()["runs"] == 1


async def test_people_who_were_here_before_are_not_welcomed(converse):
    chat = await converse(WELCOMING)
    await chat.play("%forge contribute rev1 tidy-up\n%clock +1h")
    assert chat.stored()["runs"] == 0


async def test_nothing_begins_by_itself_unless_the_settings_say_so(chat):
    await chat.play("%forge contribute newcomer fix-typo\n%clock +1h")
    assert chat.stored()["runs"] == 0


async def test_without_news_of_the_forge_a_newcomer_is_found_by_looking(converse):
    chat = await converse(WELCOMING)
    chat.world.on_change.clear()
    chat.world.contribute("newcomer", "fix-typo")
    await chat.play("%clock +14m")
    assert chat.stored()["runs"] == 0
    await chat.play("%clock +2m\n%state ONB-1 welcome done\n%crash\n%clock +1h")
    assert chat.stored()["runs"] == 1


async def test_a_newcomer_is_one_line_until_somebody_answers_it(converse):
    chat = await converse(WELCOMING)
    await chat.play(
        "%forge contribute newcomer fix-typo\n%clock +1h\n%forge review 41 rev2 comment\n%clock +1h\n"
        "%state ONB-1 first-review done\n%forge merge 41\n%clock +1h\n%state ONB-1 thanks done"
    )
    root, *others = [post for post in chat.room.posts if post.author == "sopwith"]
    assert root.lines == ["ONB-1 · welcome @newcomer (#41) · RUNNING"]
    assert others == []
    await chat.say("rev2", "in ONB-1", "nice one")
    assert "No open issue is labelled" in chat.text
    await chat.say("maint", "in ONB-1", "!skip good-first-issues they know what they want")
    assert "ONB-1 is done" in chat.text


async def test_a_bots_review_does_not_stop_the_first_reviews_clock(converse):
    chat = await converse(WELCOMING)
    await chat.play("%forge contribute newcomer fix-typo\n%state ONB-1 first-review waiting")
    issue = chat.world.core.state.issues[41]
    pulls.review(chat.world.core, issue, issue.pull, by=WORKFLOW, state="COMMENTED")
    await chat.play("%clock +1h\n%state ONB-1 first-review waiting")
    assert (await chat.run("ONB-1")).clocks["first-review"].running
    await chat.play("%forge review 41 rev2 comment\n%state ONB-1 first-review done")


async def test_who_is_new_joins_the_list_of_contributors_once(converse):
    chat = await converse(WELCOMING)
    listed = "%forge write develop CONTRIBUTORS.md '- @ada'\n%forge write develop CONTRIBUTORS.md '- @zoe'\n"
    await chat.play(f"{listed}%forge contribute newcomer fix-typo\n%forge review 41 rev2 comment\n%forge merge 41\n")
    await chat.play("%crash\n%clock +1h\n%state ONB-1 thanks done")
    added = [issue for issue in chat.world.core.state.pulls() if issue.title == "List newcomer among the contributors"]
    assert len(added) == 1
    assert chat.git("show", "contributors/newcomer:CONTRIBUTORS.md") == "- @ada\n- @newcomer\n- @zoe\n"
    assert (await chat.run("ONB-1")).facts["contributors"] == added[0].number
    await chat.play(f"%forge merge {added[0].number}\n%clock +1h")
    assert chat.git("show", "develop:CONTRIBUTORS.md") == "- @ada\n- @newcomer\n- @zoe\n"


async def test_the_first_answer_may_be_the_sign_off_itself(converse):
    chat = await converse(WELCOMING)
    await chat.play("%forge contribute newcomer fix-typo\n%forge issue 'explain the log'\n%clock +5m")
    await chat.play("@maint in ONB-1: !done good-first-issues #42\n%state ONB-1 good-first-issues done")
    assert "good first issue" in chat.world.core.state.issues[42].labels


async def test_an_issue_that_went_away_meanwhile_is_named_anew(converse):
    chat = await converse(WELCOMING)
    await chat.play(
        "%forge contribute newcomer fix-typo\n%forge issue 'explain the log'\n%forge issue 'a test'\n%clock +5m\n"
        "@maint in ONB-1: hello\n@maint in ONB-1: !hold a moment\n@maint in ONB-1: !done good-first-issues #42"
    )
    del chat.world.core.state.issues[42]
    await chat.play(
        '@maint in ONB-1: !resume\n%expect "Stopped at good first issues: #42 is not an issue"\n'
        '%expect "!done good-first-issues and other numbers, then !retry"\n'
        "@maint in ONB-1: !done good-first-issues #43\n@maint in ONB-1: !retry\n"
        "%state ONB-1 good-first-issues done"
    )
    assert "good first issue" in chat.world.core.state.issues[43].labels
