"""Which run of a workflow is the bot's: since its step began, on its commit, the oldest; a second one is named."""

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sandbox import workflows
from adapters.sandbox.clock import VirtualClock
from bot.cli import SCRIPT_START, on_stage
from bot.wiring import open_sandbox
from bot.wiring.sandbox import sandbox_policy
from tests.conversation.conftest import Conversation

FILE = "edition-community-ci.yml"
OWN = f"""
## SOP-42 — Rebuild

| # | Action | Kind |
|---|---|---|
| 1 | It may be built | approval(1, reviewer) |
| 2 | Build | dispatch({FILE}) |
"""
OWN_STORY = """
@maint #ops: /sop start SOP-42 spring
@maint in RUN-1: !start
@rev1 in RUN-1: approve
%clock +31s
"""
UPDATE_STORY = """
@maint #maintainers: /deps update rocksdb 9.7.3
@maint in DEP-1: !start
@maint in DEP-1: !done breaking-changes none
"""


BOTH = pytest.mark.parametrize(
    ("kind", "step", "ours"),
    [("own", "RUN-1 row-2", "main"), ("update", "DEP-1 build", "deps/rocksdb-9-7-3")],
)


async def lost(folder: Path, kind: str) -> Conversation:
    """A conversation whose first order to start the workflow was lost on its way."""
    document = folder / "ours.md"
    document.write_text(OWN)
    policy = sandbox_policy().model_copy(update={"dependency_workflows": (FILE,)})
    sandbox = await open_sandbox(folder, VirtualClock(SCRIPT_START), policy, procedures=[document])
    sandbox.world.faults.drop("POST", "/dispatches$")
    lines: list[str] = []
    chat = Conversation(sandbox, on_stage(sandbox, lines.append), lines, folder)
    await chat.play(OWN_STORY if kind == "own" else UPDATE_STORY)
    assert chat.world.core.state.workflow_runs == []
    return chat


@BOTH
async def test_what_somebody_started_elsewhere_is_not_taken_for_it(
    tmp_path: Path, kind: str, step: str, ours: str
) -> None:
    chat = await lost(tmp_path, kind)
    try:
        workflows.dispatch(chat.world.core, FILE, ref="develop", inputs={}, by="guest")
        await chat.play(f"%clock +2m\n%state {step} done")
        assert [run.ref for run in chat.world.core.state.workflow_runs] == ["develop", ours]
    finally:
        await chat.sandbox.close()


@BOTH
async def test_a_forge_whose_clock_is_behind_starts_it_once(tmp_path: Path, kind: str, step: str, ours: str) -> None:
    chat = await lost(tmp_path, kind)
    try:
        chat.world.core.behind = timedelta(minutes=5)
        await chat.play(f"%clock +10m\n%state {step} done")
        assert [run.ref for run in chat.world.core.state.workflow_runs] == [ours]
    finally:
        await chat.sandbox.close()


@BOTH
async def test_a_second_one_is_told_and_named(tmp_path: Path, kind: str, step: str, ours: str) -> None:
    chat = await lost(tmp_path, kind)
    try:
        first, second = (workflows.dispatch(chat.world.core, FILE, ref=ours, inputs={}, by="guest") for _ in range(2))
        await chat.play(f'%clock +2m\n%state {step} done\n%expect "the same run of {FILE} more than once"')
        assert [run.id for run in chat.world.core.state.workflow_runs] == [first.id, second.id]
        assert f"actions/runs/{second.id}" in chat.text
        name, _, row = step.partition(" ")
        [evidence] = (await chat.run(name)).record(row).performed.values()
        assert str(first.id) in str(evidence)
    finally:
        await chat.sandbox.close()
