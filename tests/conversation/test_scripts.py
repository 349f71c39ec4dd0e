"""Every script of `scripts/` is a story that must come true, line by line."""

from pathlib import Path

import pytest

from bot.demo.play import Failed
from tests.conversation.conftest import Conversation

SCRIPTS = Path(__file__).parent / "scripts"
#: The stories that must be there; one that is renamed or lost is noticed. A new one is added here.
STORIES = {
    "approved-before-an-outage",
    "approved-too-long-ago",
    "asked-in-a-channel",
    "cleanup-touched",
    "cleanup-untouched",
    "deps-back-to-an-older-one",
    "deps-conflicts-with-develop",
    "deps-red-check",
    "deps-whole-path",
    "downtime",
    "far-end-silent",
    "freeze",
    "grace-stopped-by-a-word",
    "half-asleep",
    "half-asleep-never-silence",
    "hotfix-back-port-conflict",
    "hotfix-back-port-left-out",
    "hotfix-candidate-comes-first",
    "hotfix-held-and-cancelled",
    "hotfix-in-incident",
    "hotfix-late",
    "hotfix-p0",
    "hotfix-p1-two-yeses",
    "hotfix-red-check",
    "hotfix-security-neutral",
    "hotfix-severity",
    "hotfix-then-release",
    "hotfix-with-candidate-on-main",
    "hotfix-wrong-version",
    "incident-action-items",
    "incident-by-rows",
    "incident-declared-twice",
    "incident-duplicate",
    "incident-false-alarm",
    "incident-given-back",
    "incident-handoff",
    "incident-never-silent",
    "incident-no-severity",
    "incident-nobody-alone",
    "incident-nobody-at-all",
    "incident-p0",
    "incident-renamed-without-end",
    "incident-p1",
    "incident-p3",
    "incident-p3-listed-daily",
    "incident-reopen",
    "incident-restricted-goes-on",
    "incident-restricted-hotfix",
    "incident-said-on-hold",
    "incident-second-thoughts",
    "incident-severity-change",
    "incident-snooze",
    "incident-taken-by-work",
    "incident-typed-at-night",
    "incident-undo",
    "late-and-told",
    "late-where-they-are",
    "latest-late-or-never",
    "latest-of-an-older-line",
    "onboard-issue-only",
    "onboard-late-review",
    "onboard-whole-path",
    "ordinary-talk",
    "override-in-a-p0",
    "rc-blocker-day-3",
    "rc-blocker-dismissed",
    "rc-branch-exists",
    "rc-cleanup",
    "rc-closed-by-mistake",
    "rc-conflicts-with-main",
    "rc-down-at-the-grace",
    "rc-happy-path",
    "rc-held-in-the-soak",
    "rc-hold-resume-cancel",
    "rc-merged-by-hand",
    "rc-of-an-older-line",
    "rc-push-within-the-grace",
    "rc-red-check",
    "rc-something-in-the-way",
    "rc-tag-exists",
    "rc-unpublished",
    "rc-version-tagged-by-hand",
    "rc-waive",
    "rc-waived-checks",
    "reject-on-hold",
    "rollback-beneath-a-patch",
    "rollback-image-only",
    "rollback-in-incident",
    "rollback-latest-moved",
    "rollback-of-a-candidate",
    "rollback-refused",
    "rollback-request-void",
    "rollback-retract-shared-digest",
    "rollback-somebody-pushes",
    "security-disclosure-moved",
    "security-held-until-the-day",
    "security-out-of-an-incident",
    "security-reported-twice",
    "security-whole-path",
    "security-words-that-agree",
    "stable-back-merge-conflict",
    "stable-cancelled",
    "stable-changed-since-soaked",
    "stable-debt-meanwhile",
    "stable-develop-goes-its-own-way",
    "stable-frozen-after-the-yes",
    "stable-milestone-open",
    "stable-milestone-waived",
    "stable-missing-archive",
    "stable-not-soaked",
    "stable-other-work-on-main",
    "stable-protected-develop",
    "stable-red-check",
    "stable-second-candidate",
    "stable-tag-exists",
    "stable-unmentioned",
    "stable-waived-soak",
    "stable-whole-path",
    "stable-without-a-candidate",
    "stable-wrong-and-missing",
    "stable-wrong-checksum",
    "status-against-what-is-so",
    "the-long-night",
    "two-runs-at-once",
    "undo-names-the-last",
}


def test_every_story_is_there() -> None:
    assert {path.stem for path in SCRIPTS.glob("*.sop")} >= STORIES


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.sop")))
async def test_the_story_comes_true(name: str, chat: Conversation) -> None:
    script = (SCRIPTS / name).read_text(encoding="utf-8")
    assert "%expect" in script
    assert "%state" in script
    await chat.play(script, name)
    assert "went wrong inside Sopwith" not in chat.text
    assert await chat.parked() == []
    await told_again(chat)


async def told_again(chat: Conversation) -> None:
    """Every run is told from the record alone, and it is the one that is stored."""
    store = chat.stage.bot.store  # type: ignore[attr-defined]  # the stage knows no storage
    found = await store.read(lambda tx: tx.ledger.audit())
    assert [f"{fault.run} {fault.seq}: {fault.what}" for fault in found.faults] == []
    assert (found.before, found.unread) == ((), ())
    assert found.runs
    for run in await store.read(lambda tx: tx.runs.all()):  # what was released is named by the record as well
        entries = await store.read(lambda tx, run=run: tx.ledger.entries(run.id))
        assert run.facts.get("digest", "") in str([entry.payload for entry in entries])


async def test_an_expectation_that_fails_names_its_line(chat: Conversation) -> None:
    with pytest.raises(Failed, match=r"story:3: %expect never said"):
        await chat.play("# one\n@guest #ops: /incident declare P1 smoke\n%expect never said", "story")
    with pytest.raises(Failed, match=r"story:2: %reject"):
        await chat.play("@guest #ops: /incident declare P1 more smoke\n%reject smoke", "story")
    with pytest.raises(Failed, match="INC-1 acknowledge is waiting, not done"):
        await chat.play("%state INC-1 acknowledge done")
