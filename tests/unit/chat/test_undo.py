"""What a sign-off was built upon decides whether it can be taken back."""

from bot.chat.handlers.undo import _built_on
from tests.unit.runs import a_release, an_incident


def test_in_a_list_read_top_to_bottom_all_that_follows_is_built_on_a_step():
    run = a_release()
    ids = [step.id for step in run.steps]
    assert _built_on(run, "soak") == set(ids[ids.index("soak") + 1 :])


def test_where_steps_name_what_they_come_after_only_those_are():
    run = an_incident()
    assert _built_on(run, "triage") == set()
    assert {"post-mortem", "post-mortem-merged", "close"} <= _built_on(run, "verify")
