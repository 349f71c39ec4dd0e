"""What real git, and the forge, hold after a hotfix: the right commit under the tag, and no word too early."""

from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox import project_files, pulls
from adapters.sandbox.core import Core
from sops.kit.conversation import Place
from sops.kit.model import Role, Sop
from sops.kit.policy import Policy
from sops.kit.run import RunState, pinned
from storage import SqlStore
from tests.conversation.conftest import Conversation, Open, seldom

SCRIPTS = Path(__file__).parent / "scripts"
TEXT = "A crash during a flush no longer loses the last segment."


async def played(chat: Conversation, name: str) -> Conversation:
    await chat.play((SCRIPTS / f"{name}.sop").read_text(encoding="utf-8"), name)
    return chat


RESPONSE = """
@guest #security: /security report an empty header skips the check
@seclead in SEC-1: !done acknowledge
@seclead in SEC-1: !set cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N
@seclead in SEC-1: !set affected < 1.3.1
@seclead in SEC-1: !done assess an empty header is enough
%wait SEC-1 fix
@seclead in SEC-1: !done fix 0a1b2c3, tried
@seclead in SEC-1: !set disclosure 2026-04-20
@seclead in SEC-1: !done disclosure-date
"""


async def up_to_the_yes(chat: Conversation, *, secret: bool = False) -> None:
    """A P0 hotfix whose request for approval is out; begun for a security response, if it is secret."""
    branch = "hotfix/1.3.1-maintenance" if secret else "hotfix/1.3.1-wal-corruption"
    begun = f"{RESPONSE}@rm in SEC-1: /hotfix" if secret else "@rm #releases: /hotfix"
    await chat.play(
        f"{begun} 1.3.1 P0 wal-corruption{' --security' if secret else ''}\n@rm in FIX-1: !start\n"
        f"%forge push {branch} oncall1\n@oncall1 in FIX-1: !done fix by hand\n"
        f"@rm in FIX-1: !set changelog {TEXT}\n%wait FIX-1 merge"
    )


def sha(chat: Conversation, revision: str) -> str:
    return chat.git("rev-parse", f"{revision}^{{commit}}").strip()


def parents(chat: Conversation, commit: str) -> list[str]:
    return chat.git("show", "-s", "--format=%P", commit).split()


def holds(chat: Conversation, descendant: str, ancestor: str) -> bool:
    return sha(chat, ancestor) in chat.git("rev-list", descendant).split()


def section(kind: str = "Fixed") -> str:
    """The seeded changelog of 1.3.0 with the patch's section, and nothing else changed."""
    before = project_files.changelog("")
    return before.replace("## [1.3.0]", f"## [1.3.1] - 2026-04-20\n\n### {kind}\n\n- {TEXT}\n\n## [1.3.0]", 1)


def test_the_seeded_changelog_holds_the_release_once() -> None:
    assert project_files.changelog("").count("## [1.3.0]") == 1


async def test_the_tag_stands_on_the_merge_where_main_holds_nothing_else(chat: Conversation) -> None:
    released = sha(chat, "v1.3.0")
    await played(chat, "hotfix-p0")
    merge = sha(chat, "v1.3.1")
    assert merge == sha(chat, "main")
    assert chat.git("cat-file", "-t", "v1.3.1").strip() == "tag"
    pull = next(each for each in chat.world.core.state.pulls() if each.number == 41)
    assert pull.pull is not None
    assert parents(chat, merge) == [released, pull.pull.head_sha]
    assert chat.git("show", "-s", "--format=%s", merge).strip() == "Merge hotfix 1.3.1 (#41)"
    assert chat.git("show", "v1.3.1:VERSION") == "1.3.1\n"
    assert chat.git("show", "v1.3.1:CMakeLists.txt") == project_files.CMAKE.format(version="1.3.1")
    assert chat.git("show", "v1.3.1:CHANGELOG.md") == section()
    changed = chat.git("diff", "--name-only", "v1.3.0", "v1.3.1").split()
    assert changed == ["CHANGELOG.md", "CMakeLists.txt", "VERSION", "src/patches.hpp"]


async def test_the_pull_request_is_expedited_and_reviewers_are_asked(chat: Conversation) -> None:
    await up_to_the_yes(chat)
    (found,) = chat.world.core.state.pulls()
    assert found.title == "Hotfix 1.3.1"
    assert list(found.labels) == ["expedited"]
    assert found.pull is not None
    assert sorted(found.pull.requested) == ["rev1", "rev2", "rev3"]


async def test_the_fix_its_entry_and_its_history_go_to_develop_and_the_fix_keeps_its_author(
    chat: Conversation,
) -> None:
    before = sha(chat, "develop")
    await played(chat, "hotfix-p0")
    assert chat.git("diff", "--name-only", before, "develop").split() == ["CHANGELOG.md", "src/patches.hpp"]
    picked = chat.git("log", "--format=%an|%s", "--grep=cherry picked from", f"{before}..develop").strip()
    assert picked == "Oona Calder|fix: a patch by oncall1"
    assert chat.git("show", "develop:VERSION") == "1.3.0\n"
    assert holds(chat, "develop", "v1.3.1^2")
    old, new = (chat.git("show", f"{at}:CHANGELOG.md") for at in (before, "develop"))
    entry = f"## [1.3.1] - 2026-04-20\n\n### Fixed\n\n- {TEXT}\n\n## [1.3.0]"
    assert new == old.replace("## [1.3.0]", entry, 1)


async def test_where_develop_lacks_the_patched_release_only_the_entry_comes(chat: Conversation) -> None:
    tree = chat.git("rev-parse", "develop^{tree}").strip()
    lone = chat.git("-c", "user.name=m", "-c", "user.email=m@example.org", "commit-tree", tree, "-m", "anew").strip()
    chat.git("update-ref", "refs/heads/develop", lone)
    await up_to_the_yes(chat)
    await chat.play("@rev1 in FIX-1: approve\n%wait FIX-1 back-port-merged")
    assert "## [1.3.1] - 2026-04-20" in chat.git("show", "back-port/1.3.1:CHANGELOG.md")
    assert not holds(chat, "back-port/1.3.1", "v1.3.0")
    assert chat.git("log", "--format=%s", f"{lone}..back-port/1.3.1").split("\n")[:2] == [
        "Record 1.3.1 in develop",
        "fix: a patch by oncall1",
    ]


async def test_a_candidate_on_main_is_not_in_the_hotfix(chat: Conversation) -> None:
    await played(chat, "hotfix-with-candidate-on-main")
    assert not holds(chat, "v1.3.1", "v1.4.0-rc1")
    head = sha(chat, "hotfix/1.3.1-wal-corruption")
    # The hotfix did not touch main; people merged it there afterwards.
    assert parents(chat, "main~1") == [sha(chat, "v1.4.0-rc1"), head]
    assert sha(chat, "v1.3.1") == head
    assert chat.git("diff", "--name-only", "v1.3.0", "v1.3.1").split() == [
        "CHANGELOG.md",
        "CMakeLists.txt",
        "VERSION",
        "src/patches.hpp",
    ]
    run = await chat.run("FIX-1")
    assert [(debt.id, debt.blocks, debt.open) for debt in run.obligations] == [("main-ward", "SOP-01", False)]
    assert (await chat.run("REL-1")).state is RunState.ACTIVE


async def test_a_second_hotfix_of_the_line_is_merged_as_usual(chat: Conversation) -> None:
    await played(chat, "hotfix-p0")
    await chat.play(
        "@rm #releases: /hotfix 1.3.2 P0 wal-again\n@rm in FIX-2: !start\n"
        "%forge push hotfix/1.3.2-wal-again oncall1\n@oncall1 in FIX-2: !done fix by hand\n"
        "@rm in FIX-2: !set changelog Again.\n%wait FIX-2 merge\n"
        '%expect "1 merge PR #\\d+ into main"\n@rev1 in FIX-2: approve\n%wait FIX-2 back-port-merged'
    )
    assert sha(chat, "v1.3.2") == sha(chat, "main")
    assert parents(chat, "main")[0] == sha(chat, "v1.3.1")


async def test_other_work_merged_in_the_same_moment_is_not_released(
    chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await up_to_the_yes(chat)
    plain = pulls.merge

    def after_somebody_else(core: Core, number: int, **more: Any) -> str:
        tip = core.git.branches()["main"]
        other = core.git.commit_file(tip, "src/other.hpp", b"// other\n", core.signature("maint"), "feat: other work")
        core.git.move_refs([("refs/heads/main", other, tip)])
        return plain(core, number, **more)

    monkeypatch.setattr(pulls, "merge", after_somebody_else)
    await chat.play(
        "@rev1 in FIX-1: approve\n%clock +1m\n"
        '%expect "The merge [0-9a-f]{7} brought other work of main along"\n'
        '%expect "the tag goes on the approved head [0-9a-f]{7}, by the same yes"\n'
        "%wait FIX-1 back-port-merged"
    )
    assert not chat.git("ls-tree", "v1.3.1", "src/other.hpp")
    assert (await chat.run("FIX-1")).obligations == ()  # the merge brought it to main already


async def test_a_security_hotfix_says_nothing_before_it_is_out(chat: Conversation) -> None:
    await up_to_the_yes(chat, secret=True)
    (found,) = chat.world.core.state.pulls()
    assert list(found.labels) == []
    shown = [found.title, found.body or "", *chat.refs(), chat.git("log", "--all", "--format=%B")]
    assert [text for text in shown if "wal-corruption" in text or "security" in text.lower()] == []
    assert "wal-corruption" not in (await chat.run("FIX-1")).model_dump_json()
    head = "hotfix/1.3.1-maintenance"
    assert chat.git("show", f"{head}:CHANGELOG.md") == section()


async def test_a_line_the_security_policy_lacks_is_added_once_it_is_out(chat: Conversation) -> None:
    core = chat.world.core
    tip = core.git.branches()["main"]
    old = project_files.SECURITY.replace("| 1.3.x   | :white_check_mark: |\n", "").encode()
    without = core.git.commit_file(tip, "SECURITY.md", old, core.signature("maint"), "docs: policy")
    core.git.move_refs([("refs/heads/main", without, tip)])
    await up_to_the_yes(chat, secret=True)
    assert "supported-versions" not in " ".join(chat.refs())
    await chat.play(
        "@rev1 in FIX-1: approve\n%wait FIX-1 back-port-merged\n@seclead in SEC-1: approve\n"
        "%wait SEC-1 security-table-merged"
    )
    branch = "supported-versions/1.3.1"
    assert chat.git("show", f"{branch}:SECURITY.md") == project_files.SECURITY
    assert parents(chat, branch) == [without]
    titles = [each.title for each in core.state.pulls()]
    assert "Supported versions after 1.3.1" in titles
    await chat.play(  # what is disclosed is no secret any more: another hotfix for it goes on in public
        "@rm in SEC-1: /hotfix 1.3.2 P0 second-header --security\n@rm in FIX-2: !start\n"
        "%forge push hotfix/1.3.2-maintenance oncall1\n@oncall1 in FIX-2: !done fix by hand\n"
        f"@rm in FIX-2: !set changelog {TEXT}\n%wait FIX-2 merge\n@rev1 in FIX-2: approve\n"
        "%wait FIX-2 security-table-merged"
    )
    assert "Supported versions after 1.3.2" in [each.title for each in core.state.pulls()]
    assert f"### Security\n\n- {TEXT}" in chat.git("show", "v1.3.2:CHANGELOG.md")


async def test_a_freeze_does_not_stop_a_hotfix_but_is_named_in_the_request(chat: Conversation) -> None:
    freeze = Sop("FREEZE", "Release freeze", "release freeze", "FRZ", Role.RELEASE_MANAGER, ())
    place = Place(platform="console", channel="#releases")
    run = pinned(
        freeze,
        run_id="f" * 32,
        name="FRZ-1",
        title="the holidays",
        starter="rm2",
        place=place,
        at=chat.world.clock.now(),
        policy=Policy(),
    ).but(state=RunState.HELD)
    store = SqlStore(chat.sandbox.storage)
    await store.open()
    try:
        await store.transact(lambda tx: tx.runs.add(run))
    finally:
        await store.close()
    await up_to_the_yes(chat)
    await chat.play('%clock +1m\n@rm in FIX-1: status\n%expect "request"')
    request = (await chat.run("FIX-1")).requests[-1]
    assert request.effects[0].endswith(", although releases are frozen: the holidays")
    await chat.play("@rev1 in FIX-1: approve\n%wait FIX-1 back-port-merged")
    assert sha(chat, "v1.3.1") == sha(chat, "main")


async def test_the_settings_may_name_fewer_checks_for_a_hotfix(converse: Open) -> None:
    chat = await converse(seldom(hotfix_checks=("edition-community", "sanitizers")))
    await chat.play(
        "@rm #releases: /hotfix 1.3.1 P0 wal-corruption\n@rm in FIX-1: !start\n"
        "%forge push hotfix/1.3.1-wal-corruption oncall1\n@oncall1 in FIX-1: !done fix by hand\n"
        f"@rm in FIX-1: !set changelog {TEXT}\n%clock +10m\n%state FIX-1 checks waiting\n"
        '@rm in FIX-1: status\n%expect "not reported yet on [0-9a-f]{7}: sanitizers"'
    )


async def test_the_changelog_says_what_was_typed_and_is_reworded_in_its_place(chat: Conversation) -> None:
    await played(chat, "changelog-set-again")
    said = chat.git("log", "-p", "--format=", "v1.3.0..v1.3.1", "--", "CHANGELOG.md").splitlines()
    entries = [line for line in said if line.startswith(("+- ", "-- "))]
    first = "- <!channel> The @first text ## [9.9.9] with `ticks`."
    assert entries == [f"-{first}", "+- The second, @correct text.", f"+{first}"]
