"""What the forge holds of a security response, and what the bot says when the forge refuses."""

from pathlib import Path

import pytest

from sops.kit.run import StepState
from tests.conversation.conftest import Open

SCRIPT = (Path(__file__).parent / "scripts" / "security-whole-path.sop").read_text(encoding="utf-8")
HOTFIX = "@rm in SEC-1: /hotfix"
YES = SCRIPT.index("@seclead in SEC-1: approve")
BEFORE_THE_HOTFIX = SCRIPT[: SCRIPT.index(HOTFIX)]
UNTIL_DISCLOSED = SCRIPT[SCRIPT.index(HOTFIX) : SCRIPT.index("%state SEC-1 cve skipped")]
FORBIDDEN = "Resource not accessible by integration"


@pytest.mark.parametrize("status", [403, 422])
async def test_a_refused_cve_is_a_conflict_and_the_disclosure_stays_promised(converse: Open, status: int) -> None:
    chat = await converse()
    chat.world.faults.answer("POST", "/cve$", status, message=FORBIDDEN)
    await chat.play(f"{BEFORE_THE_HOTFIX}\n@seclead in SEC-1: !set cve yes\n{UNTIL_DISCLOSED}")
    run = await chat.run("SEC-1")
    assert run.record("cve").state is StepState.FAILED
    assert FORBIDDEN in run.record("cve").note
    assert run.clocks["disclosure"].running
    assert "a CVE is requested" not in chat.text
    await chat.play('@seclead in SEC-1: !retry\n%expect "a CVE is requested"\n%state SEC-1 cve done')
    assert not (await chat.run("SEC-1")).clocks["disclosure"].running


async def test_a_cve_whose_answer_was_lost_is_asked_for_once(converse: Open) -> None:
    chat = await converse()
    chat.world.faults.drop_after("POST", "/cve$")
    await chat.play(f"{BEFORE_THE_HOTFIX}\n@seclead in SEC-1: !set cve yes\n{UNTIL_DISCLOSED}\n%clock +5m")
    assert chat.world.requests.count("POST", "/cve$") == 2
    assert (await chat.run("SEC-1")).record("cve").state is StepState.DONE
    assert "differs" not in await chat.say("seclead", "in SEC-1", "status")


async def test_a_refused_fork_is_a_conflict_and_not_waited_for(converse: Open) -> None:
    chat = await converse()
    chat.world.faults.answer("POST", "/forks$", 403, message=FORBIDDEN)
    assessed = SCRIPT[: SCRIPT.index("%wait SEC-1 fix")]
    await chat.play(f"{assessed}\n%state SEC-1 private-fork failed\n%state SEC-1 fork-ready pending")
    assert FORBIDDEN in (await chat.run("SEC-1")).record("private-fork").note
    await chat.play("@seclead in SEC-1: !retry\n%wait SEC-1 fix\n%state SEC-1 fork-ready done")
