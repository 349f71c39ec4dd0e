"""What two must agree on, where the settings name nobody for the second."""

from bot.chat import replies
from sops.dependency_update import DEPENDENCY_UPDATE
from tests.unit.runs import a_run_of

RUN = a_run_of(DEPENDENCY_UPDATE)
MERGED = next(step for step in DEPENDENCY_UPDATE.steps if step.id == "merged")
LACKING = "nobody else may, so the settings must first name somebody (people) with that role"


def test_who_may_be_the_second_is_named() -> None:
    asked = replies.answers.waiver_asked(RUN, MERGED, "maint", "it is merged by hand", ["rm", "rm2"]).plain()
    assert "A second person must agree by saying the same: rm or rm2." in asked


def test_where_nobody_may_be_it_the_reply_says_what_the_settings_lack() -> None:
    asked = replies.answers.waiver_asked(RUN, MERGED, "maint", "it is merged by hand", []).plain()
    assert f"A second person must agree by saying the same: {LACKING}." in asked
    assert replies.answers.waiver_same(MERGED, []).endswith(f"{LACKING}.")
    assert replies.reality.second_must_be_another([]).endswith(f"{LACKING}.")


def test_two_who_gave_one_reason_are_told_once_and_two_reasons_each_with_its_name() -> None:
    assert replies.answers.both(("rm", "the fair"), ("rm2", "the fair")) == ("rm and rm2", "the fair")
    assert replies.answers.both(("rm", "the fair"), ("rm2", "no time")) == ("rm and rm2", "rm: the fair; rm2: no time")
    assert replies.answers.both(("rm", ""), ("rm2", "no time")) == ("rm and rm2", "no time")
    assert replies.answers.both(("rm", "the fair")) == ("rm", "the fair")
