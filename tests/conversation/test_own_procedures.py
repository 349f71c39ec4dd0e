"""Procedures of an organisation's own, as people meet them: started, signed off, approved, timed, inserted."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.sandbox import checks
from adapters.sandbox.clock import VirtualClock
from adapters.sandbox.state import CheckRun
from bot.cli import SCRIPT_START, app, on_stage
from bot.wiring import open_sandbox
from bot.wiring.sandbox import sandbox_policy
from sops.kit.errors import ConfigurationError
from sops.kit.policy import ExtraStep
from tests.conversation.conftest import Open

DOCUMENT = """
## SOP-42 — Key ceremony

| # | Action | Kind | Who | Due |
|---|---|---|---|---|
| 1 | Book the room | | maintainer | 2d |
| 2 | The keys may be rotated | approval(2, reviewer) | | |
| 3 | Rotate | dispatch(edition-community-ci.yml) | | |
| 4 | Let it settle | wait(2h) | | |
| 5 | Burn the notes | | | |
"""
STORY = r"""
@maint #ops: /sop list
%expect "SOP-42 Key ceremony: /sop start SOP-42"
@maint #ops: /sop show SOP-42
%expect "row 3 .*start edition-community-ci.yml on main"
@maint #ops: /sop start SOP-99
%expect "SOP-99"
@maint #ops: /sop start SOP-03
%expect "/release rc"
@guest #ops: /sop start SOP-42
%expect "You have no role here"
@maint #ops: /sop start SOP-42 spring
%expect "RUN-1 · spring · PLANNED, NOTHING DONE YET"
%expect "SOP-42 Key ceremony \(ours.md, line 2\)"
%expect "wait for a maintainer to say: Book the room \(within 2 days\)"
@maint in RUN-1: !start
%expect "▶ Book the room \(row-1\), to do: maintainer says !done row-1 evidence · due Wed 22 Apr 10:02"
@guest in RUN-1: help
%expect "!done row-1 evidence: maintainer says Book the room"
%reject "!blocker"
@guest in RUN-1: status
%expect "▶ row-1 · Book the room, to do: maintainer says !done row-1 evidence"
%expect "row-1 · Book the room, to do: due Wed 22 Apr 10:02"
@guest in RUN-1: todo
%expect "▶ row-1 · Book the room, to do: maintainer says !done row-1 evidence · due Wed 22 Apr 10:02"
%clock +25h
%expect "@maint RUN-1: Book the room, to do: 50 % of its time gone"
@guest in RUN-1: !done row-1 room 12
%expect "maintainer"
@maint in RUN-1: !done row-1 room 12
%expect "RUN-1 needs 2 yeses from a reviewer"
%expect "1 The keys may be rotated"
%expect "2 start edition-community-ci.yml on main"
@rev1 in RUN-1: approve
@rev2 in RUN-1: approve
%clock +10m
%state RUN-1 row-3 done
%state RUN-1 row-4 waiting
%clock +2h
%state RUN-1 row-5 waiting
@guest in RUN-1: !done row-5 ashes
%expect "RUN-1 is done: spring"
%state RUN-1 run done
"""


async def played(folder: Path, text: str, story: str) -> None:
    """The story comes true where that document is run."""
    document = folder / "ours.md"
    document.write_text(text)
    sandbox = await open_sandbox(folder, VirtualClock(SCRIPT_START), procedures=[document])
    try:
        await on_stage(sandbox, lambda _: None).play(story, "own")
    finally:
        await sandbox.close()


async def test_a_markdown_document_is_run_row_by_row(tmp_path: Path) -> None:
    document = tmp_path / "ours.md"
    document.write_text(DOCUMENT)
    sandbox = await open_sandbox(tmp_path, VirtualClock(SCRIPT_START), procedures=[document])
    try:
        await on_stage(sandbox, lambda _: None).play(STORY, "own")
        assert [run.workflow for run in sandbox.world.core.state.workflow_runs] == ["edition-community-ci.yml"]
    finally:
        await sandbox.close()


async def test_a_yes_does_not_outlive_the_sign_off_it_stands_on(tmp_path: Path) -> None:
    story = """
@maint #ops: /sop start SOP-42 spring
@maint in RUN-1: !start
@maint in RUN-1: !done row-1 room 12
%expect "RUN-1 needs 2 yeses"
@rev1 in RUN-1: approve
@maint in RUN-1: !undo
%expect "is void: what it stands on was taken back\\. Void with it: the yes of rev1"
@rev2 in RUN-1: approve
%expect "Not counted"
@maint in RUN-1: !done row-1 room 13
%expect "RUN-1 needs 2 yeses"
@rev2 in RUN-1: approve
%clock +10m
%state RUN-1 row-2 waiting
"""
    await played(tmp_path, DOCUMENT, story)


ROWS_OF_OTHERS = """
## SOP-43 — Move the keys

| # | Action | Kind | Who | Due |
|---|---|---|---|---|
| 1 | Book the room | | maintainer | 2d |
| 2 | The keys may be moved | approval(2, reviewer) | | 2d |
| 3 | Tell everybody | | | 2d |
"""


async def test_whose_row_it_is_hears_that_it_is_due(tmp_path: Path) -> None:
    story = """
@rm #ops: /sop start SOP-43 london
@rm in RUN-1: !start
%clock +25h
%expect "@maint RUN-1: Book the room, to do: 50 % of its time gone"
@maint in RUN-1: !done row-1 room 12
%clock +1h
@maint in RUN-1: status
%expect "row-2 · The keys may be moved, to do: due Thu 23 Apr"
@rev1 in RUN-1: approve
%clock +25h
%expect "@rev2 @rev3 RUN-1: The keys may be moved, to do: 50 % of its time gone"
@rev2 in RUN-1: approve
%clock +26h
%expect "@rm RUN-1: Tell everybody, to do: 50 % of its time gone"
"""
    await played(tmp_path, ROWS_OF_OTHERS, story)


async def test_a_row_that_is_taken_back_has_its_own_time_again(tmp_path: Path) -> None:
    story = """
@rm #ops: /sop start SOP-43 london
@rm in RUN-1: !start
%clock +1h
@maint in RUN-1: !done row-1 room 12
@maint in RUN-1: !undo
@rm in RUN-1: status
%expect "row-1 · Book the room, to do: due Wed 22 Apr 10:02"
%reject "The keys may be moved: due"
"""
    await played(tmp_path, ROWS_OF_OTHERS, story)


async def test_a_python_module_brings_its_own(tmp_path: Path) -> None:
    sandbox = await open_sandbox(tmp_path, VirtualClock(SCRIPT_START), modules=["tests.conversation.own_procedure"])
    try:
        story = "@maint #ops: /sop start SOP-77\n@maint in TEA-1: !start\n@guest in TEA-1: !done brew strong\n"
        await on_stage(sandbox, lambda _: None).play(f"{story}%state TEA-1 run done", "module")
    finally:
        await sandbox.close()


async def test_a_step_inserted_by_the_settings_holds_what_follows(converse: Open) -> None:
    extra = ExtraStep(sop="SOP-06", after="notes", id="legal", title="The licence was read", who="release manager")
    chat = await converse(sandbox_policy().model_copy(update={"inserted": (extra,)}))
    await chat.play(
        """
@maint #maintainers: /deps update rocksdb 9.7.3
%expect "wait for a release manager to say: The licence was read"
@maint in DEP-1: !start
%state DEP-1 legal waiting
%state DEP-1 breaking-changes pending
@rm in DEP-1: !done legal MIT
%state DEP-1 breaking-changes waiting
"""
    )


async def test_what_does_not_fit_stops_the_start(converse: Open, tmp_path: Path) -> None:
    extra = ExtraStep(sop="SOP-06", after="nothing", id="legal", title="x")
    with pytest.raises(ConfigurationError, match="no step nothing"):
        await converse(sandbox_policy().model_copy(update={"inserted": (extra,)}))


def test_sops_check_counts_them(tmp_path: Path) -> None:
    document = tmp_path / "ours.md"
    document.write_text(DOCUMENT)
    alone = CliRunner().invoke(app, ["sops", "check", str(document)])
    assert alone.exit_code == 1
    done = CliRunner().invoke(app, ["sops", "check", str(document), "--procedures", str(document)])
    assert done.exit_code == 0, done.output
    assert "SOP-42 Key ceremony: 5 of 5 rows covered." in done.output
    document.write_text(DOCUMENT.replace("wait(2h)", "wait(soon)"))
    wrong = CliRunner().invoke(app, ["sops", "check", str(document), "--procedures", str(document)])
    assert wrong.exit_code != 0


async def test_a_rehearsal_says_so_in_every_message(tmp_path: Path) -> None:
    sandbox = await open_sandbox(tmp_path, VirtualClock(SCRIPT_START), rehearse=True)
    try:
        await on_stage(sandbox, lambda _: None).play(
            "@oncall1 #ops: /incident declare P1 a drill\n@oncall1 in INC-1: ack"
        )
        said = [post for post in sandbox.room.posts if post.author == "sopwith"]
        assert len(said) > 3
        assert all(post.lines[0].startswith("REHEARSAL ") for post in said)
    finally:
        await sandbox.close()


async def test_rows_of_every_kind_are_really_waited_for(tmp_path: Path) -> None:
    document = tmp_path / "ours.md"
    document.write_text(
        "## SOP-42 — Watch\n\n| # | Action | Kind |\n|---|---|---|\n"
        "| 1 | The build holds | checks(nightly) |\n| 2 | Let it rest | wait(2h) |\n"
        "| 3 | Agreed | approval(1, reviewer) |\n"
    )
    sandbox = await open_sandbox(tmp_path, VirtualClock(SCRIPT_START), procedures=[document])
    core = sandbox.world.core
    try:
        play = on_stage(sandbox, lambda _: None).play
        await play("@maint #ops: /sop start SOP-42\n@maint in RUN-1: !start\n%clock +1h\n%state RUN-1 row-1 waiting")
        sha = core.git.branches()["main"]
        for conclusion, state in (("failure", "waiting"), ("success", "done")):
            check = CheckRun(core.state.next_id(), "nightly", sha, core.now(), None)
            core.state.checks.append(check)
            checks.finish(core, check, conclusion, core.now())
            await play(f"%clock +15m\n%state RUN-1 row-1 {state}")
        await play("%state RUN-1 row-2 waiting\n%clock +100m\n%state RUN-1 row-2 waiting\n%clock +30m")
        await play("%state RUN-1 row-2 done\n%state RUN-1 row-3 waiting\n@rev1 in RUN-1: approve\n%clock +1m")
        await play("%state RUN-1 run done")
    finally:
        await sandbox.close()


INSERTED = {
    "approval(1, reviewer)": "@rev1 in DEP-1: approve\n%clock +1m",
    "wait(2h)": "%clock +118m\n%state DEP-1 extra waiting\n%clock +16m",
}


@pytest.mark.parametrize("kind", INSERTED)
async def test_an_inserted_step_of_that_kind_is_really_waited_for(converse: Open, kind: str) -> None:
    extra = ExtraStep(sop="SOP-06", after="notes", id="extra", title="Extra", kind=kind)
    chat = await converse(sandbox_policy().model_copy(update={"inserted": (extra,)}))
    await chat.play(
        "@maint #maintainers: /deps update rocksdb 9.7.3\n@maint in DEP-1: !start\n%clock +1m\n"
        f"%state DEP-1 extra waiting\n%state DEP-1 breaking-changes pending\n{INSERTED[kind]}\n"
        "%state DEP-1 extra done\n%state DEP-1 breaking-changes waiting"
    )
