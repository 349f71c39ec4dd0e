"""What stands in the post-mortem of an incident that came back, looked up with git."""

STORY = """
@guest #ops: /incident declare P1 payments fail
@oncall1 in INC-1: ack
@oncall1 in INC-1: !mitigate restarted
@oncall1 in INC-1: !verify they work
@oncall1 in INC-1: !set cause the first cause
@oncall1 in INC-1: !set impact ten minutes
@oncall1 in INC-1: !action none
@oncall1 in INC-1: !done post-mortem
"""
AGAIN = """
@oncall1 in INC-1: !reopen it is back
@oncall1 in INC-1: ack
@oncall1 in INC-1: !mitigate restarted it twice
@oncall1 in INC-1: !verify they work again
@oncall1 in INC-1: !set cause the real cause
@oncall1 in INC-1: !done post-mortem
%state INC-1 post-mortem done
"""
FILE = "docs/incidents/2026-04-20-payments-fail"


async def test_an_untouched_draft_tells_of_the_second_time_too(chat):
    await chat.play(STORY)
    assert "the first cause" in chat.git("show", f"post-mortem/inc-1:{FILE}.md")
    await chat.play(AGAIN)
    text = chat.git("show", f"post-mortem/inc-1:{FILE}.md")
    assert "the real cause" in text
    assert "restarted it twice" in text
    assert "the first cause" not in text.split("## Root cause")[1]
    assert "refs/heads/post-mortem/inc-1-2" not in chat.refs()


async def test_a_crash_between_two_drafts_makes_one_of_each(chat):
    await chat.play(STORY)
    *most, last = AGAIN.strip().rsplit("\n", 1)
    await chat.play("\n".join([*most, "%crash", last, "%crash"]))
    assert chat.git("rev-list", "--count", "develop..post-mortem/inc-1").strip() == "2"


async def test_what_people_went_on_with_is_left_alone(chat):
    await chat.play(STORY)
    await chat.play("%forge write post-mortem/inc-1 notes.md edited rm")
    before = chat.git("rev-parse", "post-mortem/inc-1")
    await chat.play(AGAIN)
    assert chat.git("rev-parse", "post-mortem/inc-1") == before
    assert "the real cause" in chat.git("show", f"post-mortem/inc-1-2:{FILE}-2.md")
