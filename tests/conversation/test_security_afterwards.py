"""What the forge holds of a security response, and what the bot says when the forge refuses."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sops.kit.approvals import RequestState
from sops.kit.policy import DAY, HOUR
from sops.kit.run import StepState
from tests.conversation.conftest import Open

SCRIPT = (Path(__file__).parent / "scripts" / "security-whole-path.sop").read_text(encoding="utf-8")
HOTFIX = "@rm in SEC-1: /hotfix"
YES = SCRIPT.index("@seclead in SEC-1: approve")
BEFORE_THE_HOTFIX = SCRIPT[: SCRIPT.index(HOTFIX)]
UNTIL_DISCLOSED = SCRIPT[SCRIPT.index(HOTFIX) : SCRIPT.index("%state SEC-1 cve skipped")]
CANDIDATE_ON_MAIN = """
@rm #releases: /release rc 1.4.0
@rm in REL-1: !start
%wait REL-1 merge
@rev1 in REL-1: approve
%wait REL-1 soak
"""
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


async def test_what_may_have_happened_is_not_left_out(converse: Open) -> None:
    chat = await converse()
    chat.world.faults.drop_after("POST", "/cve$")
    disclosed = UNTIL_DISCLOSED.replace('%clock +1m\n%expect "the embargo', '%clock +15s\n%expect "the embargo')
    await chat.play(f"{BEFORE_THE_HOTFIX}\n@seclead in SEC-1: !set cve yes\n{disclosed}")
    assert (await chat.run("SEC-1")).record("cve").intent
    assert "nobody can tell yet whether it is" in await chat.say("seclead", "in SEC-1", "!waive cve never mind")
    await chat.play("%clock +5m\n%state SEC-1 cve done")


async def test_a_refused_fork_is_a_conflict_and_not_waited_for(converse: Open) -> None:
    chat = await converse()
    chat.world.faults.answer("POST", "/forks$", 403, message=FORBIDDEN)
    assessed = SCRIPT[: SCRIPT.index("%wait SEC-1 fix")]
    await chat.play(f"{assessed}\n%state SEC-1 private-fork failed\n%state SEC-1 fork-ready pending")
    assert FORBIDDEN in (await chat.run("SEC-1")).record("private-fork").note
    await chat.play("@seclead in SEC-1: !retry\n%wait SEC-1 fix\n%state SEC-1 fork-ready done")


LOW = "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:L/A:N"
NEWER = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(("vector", "rating"), [(LOW, "medium"), (NEWER, "critical")])
async def test_what_is_published_is_the_last_score_and_range(converse: Open, vector: str, rating: str) -> None:
    chat = await converse()
    again = f"@seclead in SEC-1: !set cvss {vector}\n@seclead in SEC-1: !set affected >= 1.2.0, < 1.3.1\n"
    begun, rest = UNTIL_DISCLOSED.split("@rm in FIX-1: !start\n")
    await chat.play(f"{BEFORE_THE_HOTFIX}\n{begun}@rm in FIX-1: !start\n{again}{rest}")
    [advisory] = chat.world.core.state.advisories.values()
    assert (advisory.state, advisory.vector, advisory.severity) == ("published", vector, rating)
    [hole] = advisory.vulnerabilities
    assert (hole["vulnerable_version_range"], hole["patched_versions"]) == (">= 1.2.0, < 1.3.1", "1.3.1")


async def test_an_advisory_somebody_published_with_an_older_score_is_corrected(converse: Open) -> None:
    chat = await converse()
    await chat.play(f"{BEFORE_THE_HOTFIX}\n@seclead in SEC-1: !set cvss {NEWER}\n")
    [advisory] = chat.world.core.state.advisories.values()
    advisory.state, advisory.published_at = "published", chat.world.clock.now()
    await chat.play(UNTIL_DISCLOSED)
    assert (advisory.vector, advisory.vulnerabilities[0]["patched_versions"]) == (NEWER, "1.3.1")


async def test_another_score_counts_the_time_for_the_patch_anew_from_the_report(converse: Open) -> None:
    chat = await converse()
    await chat.play(f"{BEFORE_THE_HOTFIX}\n%clock +1h\n")
    before = (await chat.run("SEC-1")).clocks["fix"]
    await chat.say("seclead", "in SEC-1", f"!set cvss {LOW}")
    run = await chat.run("SEC-1")
    assert run.clocks["fix"].started_at == before.started_at == run.created_at
    assert (before.due_at - run.created_at, run.clocks["fix"].due_at - run.created_at) == (2 * DAY, 7 * DAY)
    await chat.say("seclead", "in SEC-1", f"!set cvss {NEWER}")
    assert (await chat.run("SEC-1")).clocks["fix"].due_at == before.due_at


async def test_the_hour_for_the_advisory_counts_from_the_push(converse: Open) -> None:
    chat = await converse()
    chat.world.publish_after(90)
    merged = UNTIL_DISCLOSED[: UNTIL_DISCLOSED.index("%wait FIX-1 back-port-merged")]
    await chat.play(f"{BEFORE_THE_HOTFIX}\n{merged}\n%wait FIX-1 artefacts\n%clock +1m\n%state FIX-1 artefacts waiting")
    pushed = datetime.fromisoformat((await chat.run("FIX-1")).facts["revealed.at"])
    assert pushed == datetime(2026, 4, 21, 16, tzinfo=UTC)
    clock = (await chat.run("SEC-1")).clocks["publish"]
    assert clock.running
    assert (clock.started_at, clock.due_at) == (pushed, pushed + HOUR)
    await chat.play('%clock +61m\n%expect "the advisory is not published, the time \\(1 h\\) is over"')
    await chat.play(f"%clock +30m\n%state SEC-1 hotfix done\n{SCRIPT[YES:].splitlines()[0]}\n%clock +1m")
    clock = (await chat.run("SEC-1")).clocks["publish"]
    assert (clock.running, clock.started_at) == (False, pushed)


async def test_where_only_the_hotfix_itself_is_released_it_counts_from_the_push_too(converse: Open) -> None:
    chat = await converse()
    before = BEFORE_THE_HOTFIX.replace('%expect "No run is open"', "")
    await chat.play(f"{CANDIDATE_ON_MAIN}\n{before}\n{UNTIL_DISCLOSED}")
    assert (await chat.run("FIX-1")).facts["released"] == (await chat.run("FIX-1")).facts["head"]
    assert (await chat.run("SEC-1")).clocks["publish"].started_at == datetime(2026, 4, 21, 16, tzinfo=UTC)


ASKED = SCRIPT[:YES]  # the yes to the advisory is asked for


async def test_the_text_of_the_advisory_is_shown_and_bound(converse: Open) -> None:
    chat = await converse()
    await chat.play(ASKED)
    [advisory] = chat.world.core.state.advisories.values()
    [first] = [request for request in (await chat.run("SEC-1")).requests if request.live]
    assert [text for _, text in first.subject["texts"]] == [f"{advisory.summary}\n\n{advisory.description}"]
    advisory.description = "The proof of concept: curl -H Token:"
    await chat.play('%clock +1h\n%expect "Request .* is void: a text it would publish changed"')
    again = (await chat.run("SEC-1")).requests[-1]
    assert "proof of concept" in again.subject["texts"][0][1]
    assert any("proof of concept" in line for post in chat.room.posts for line in post.lines)
    await chat.play('@seclead in SEC-1: approve\n%clock +1m\n%expect "the embargo is over"')


async def test_an_advisory_edited_between_yes_and_deed_is_not_published(converse: Open) -> None:
    chat = await converse()
    await chat.play(ASKED)
    [advisory] = chat.world.core.state.advisories.values()
    chat.world.faults.answer("PATCH", "/security-advisories/[^/]+$", 503)
    await chat.play("@seclead in SEC-1: approve\n%clock +10s")
    assert (await chat.run("SEC-1")).requests[-1].state is RequestState.CONSUMED
    advisory.summary = "Tokens can be forged"
    await chat.play('%clock +15m\n%expect "the advisory was edited since its request"')
    assert advisory.state == "draft"
    await chat.play(
        '@seclead in SEC-1: !retry\n%expect "SEC-1 needs 1 yes"\n@seclead in SEC-1: approve\n'
        '%clock +1m\n%expect "the embargo is over"'
    )


async def test_a_number_it_has_already_is_published_and_no_other_asked_for(converse: Open) -> None:
    chat = await converse()
    number = "@seclead in SEC-1: !set cve CVE-2026-12345"
    await chat.play(f"{BEFORE_THE_HOTFIX}\n{number}\n{UNTIL_DISCLOSED}\n%state SEC-1 cve skipped")
    [advisory] = chat.world.core.state.advisories.values()
    assert (advisory.state, advisory.cve) == ("published", "CVE-2026-12345")
    assert chat.world.requests.count("POST", "/cve$") == 0


async def test_the_private_fork_is_waited_for_and_no_longer(converse: Open) -> None:
    chat = await converse()
    await chat.play(SCRIPT[: SCRIPT.index("%wait SEC-1 fix")])
    await chat.play("%state SEC-1 private-fork done\n%state SEC-1 fork-ready waiting\n%clock +3m")
    await chat.play(
        "%state SEC-1 fork-ready waiting\n%clock +3m\n%state SEC-1 fork-ready done\n%state SEC-1 fix waiting"
    )


async def test_the_agreed_day_is_reminded_of_in_private(converse: Open) -> None:
    chat = await converse()
    await chat.play(f'{BEFORE_THE_HOTFIX}\n%clock +47h\n%expect "SEC-1: the disclosure agreed on"')
    told = [post for post in chat.room.posts if any("the disclosure agreed on" in line for line in post.lines)]
    assert {post.channel for post in told} == {"#security"}


async def test_the_post_mortem_and_the_changelogs_security_entry_say_what_people_said(converse: Open) -> None:
    chat = await converse()
    await chat.play(SCRIPT[: SCRIPT.index("%forge merge 43")])
    [pull] = [issue.pull for issue in chat.world.core.state.pulls() if issue.number == 43]
    assert pull is not None
    branch = pull.head_ref
    [path] = [name for name in chat.git("diff", "--name-only", "develop", branch).split() if name != "CHANGELOG.md"]
    run = await chat.run("SEC-1")
    assert path == f"docs/security/2026-04-20-{run.facts['ghsa'].lower()}.md"
    text = chat.git("show", f"{branch}:{path}")
    assert "An empty header counted as a valid one." in text
    assert "- Commanders: seclead\n" in text
    assert "Affected: \\< 1.3.1" in text
    assert "Headers are parsed by one function with a test for each shape." in text
    entry = f"The token check also holds for an empty header. ({run.facts['ghsa']}, fixed in 1.3.1)"
    log = chat.git("show", f"{branch}:CHANGELOG.md")
    assert entry in log.partition("## [Unreleased]")[2].partition("\n## ")[0].partition("### Security")[2]


async def test_a_held_response_goes_on_where_it_was_and_a_cancelled_one_ends(converse: Open) -> None:
    chat = await converse()
    await chat.play(SCRIPT[: SCRIPT.index("%wait SEC-1 fix")])
    await chat.play(
        "@seclead in SEC-1: !hold the reporter is on the phone\n%clock +20m\n%state SEC-1 fork-ready waiting\n"
        "@seclead in SEC-1: !resume\n%state SEC-1 fork-ready done\n"
        "@seclead in SEC-1: !cancel it cannot be reached\n%state SEC-1 run cancelled\n%clock +8d"
    )
    assert not [name for name, clock in (await chat.run("SEC-1")).clocks.items() if clock.running]
    assert chat.stored()["unhandled"] == 0
