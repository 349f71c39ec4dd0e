"""Where the settings say so, a first-time contributor's pull request begins an onboarding by itself, once ever."""

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
