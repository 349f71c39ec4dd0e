import pytest

from sops.kit import timing
from sops.kit.errors import Unlearned
from sops.kit.gate import SignedOff
from sops.kit.model import Role, Step
from sops.kit.run import Run, RunState, StepState
from tests.unit.runs import NOW, a_release, an_incident


def over(run, *ids):
    for step_id in ids:
        run = run.with_record(step_id, state=StepState.DONE)
    return run


def current(run):
    return [step.id for step in run.current()]


def test_a_list_is_worked_on_from_top_to_bottom_one_step_at_a_time():
    run = a_release()
    assert current(run) == ["branch"]
    assert current(over(run, "branch")) == ["bump"]
    assert current(over(run, "branch", "bump", "pull-request")) == ["checks"]


def test_the_rows_of_an_incident_may_be_done_in_any_order():
    run = over(an_incident(), "detect")
    assert current(run) == ["acknowledge", "communicate", "triage", "mitigate", "fix"]
    assert current(over(run, "mitigate")) == ["acknowledge", "communicate", "triage", "fix"]


def test_skipped_counts_as_over_and_failed_does_not():
    run = a_release()
    assert current(run.with_record("branch", state=StepState.SKIPPED)) == ["bump"]
    assert current(run.with_record("branch", state=StepState.FAILED)) == ["branch"]


def test_the_next_candidate_does_the_steps_from_there_on_again():
    ids = [step.id for step in a_release().steps]
    done = over(a_release(), *ids[: ids.index("promote")]).with_facts({"pr": 41})
    again = done.next_iteration("bump", NOW)
    assert again.iteration == 2
    assert current(again) == ["bump"]
    assert again.record("branch").state is StepState.DONE
    assert again.record("merge").state is StepState.PENDING
    assert again.facts == {}


def test_what_an_iteration_was_is_kept():
    done = over(a_release(), "branch", "bump").with_facts({"pr": 41})
    again = done.next_iteration("bump", NOW).with_facts({"pr": 42}).next_iteration("bump", NOW)
    assert [(past.number, past.facts.get("pr")) for past in again.past] == [(1, 41), (2, 42)]
    assert again.past[0].records == done.records


def test_a_step_may_be_added_before_another_or_at_the_end():
    extra = Step("publish-1", row="3", title="public word", after="detect", when=SignedOff(Role.ON_CALL, ask="sure?"))
    run = an_incident().with_step(extra, before="close")
    ids = [step.id for step in run.steps]
    assert ids.index("publish-1") == ids.index("close") - 1
    assert run.step("publish-1").dump() == extra.dump()
    assert an_incident().with_step(extra).steps[-1].id == "publish-1"


def test_changing_a_run_leaves_the_old_one_as_it_was():
    run = an_incident()
    changed = run.with_facts({"a": 1}).with_record("detect", signed=True).but(state=RunState.HELD)
    assert (run.facts, run.records, run.state) == ({}, {}, RunState.ACTIVE)
    assert (changed.facts, changed.record("detect").signed, changed.state) == ({"a": 1}, True, RunState.HELD)


def test_a_run_reads_back_as_it_was_written():
    run = timing.started(over(an_incident(), "detect"), timing.UPDATE, NOW).with_facts(
        {"actions": [{"id": "action-1"}]}
    )
    loaded = Run.model_validate_json(run.model_dump_json())
    assert loaded.steps == run.steps
    assert loaded.but(definition=()) == run.but(definition=())
    assert loaded.model_dump_json() == run.model_dump_json()


def test_a_step_that_is_not_there_is_none_and_its_record_is_blank():
    assert an_incident().step("lunch") is None
    assert an_incident().record("lunch").state is StepState.PENDING


def test_only_done_and_cancelled_runs_are_over():
    assert {state for state in RunState if state.over} == {RunState.DONE, RunState.CANCELLED}
    assert {state for state in StepState if state.over} == {StepState.DONE, StepState.SKIPPED}


def test_a_fact_nobody_learned_is_told_by_its_name_also_after_a_change_and_from_storage():
    run = a_release().with_facts({"pr": 41}).but(title="x")
    for each in (run, run.but(facts={}), type(run).model_validate_json(run.model_dump_json())):
        with pytest.raises(Unlearned, match="'merge', which no step before it learned"):
            each.facts["merge"]
    assert run.facts["pr"] == 41
