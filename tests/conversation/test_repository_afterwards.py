"""What real git finds in the repository after a candidate, and after the second one: no more, no less."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.sandbox import project_files
from tests.conversation.conftest import Conversation, conversations

SCRIPTS = Path(__file__).parent / "scripts"
BRANCH = "release/v1.4.0-rc1"
SEEDED = {"refs/heads/main", "refs/heads/develop", "refs/tags/v1.3.0"}


@pytest.fixture(scope="module")
async def first(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Conversation]:
    """After one candidate; only looked at."""
    async with conversations(tmp_path_factory.mktemp("first")) as begin:
        yield await played(await begin(), "rc-happy-path")


@pytest.fixture(scope="module")
async def second(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Conversation]:
    """After a blocker and the second candidate; only looked at."""
    async with conversations(tmp_path_factory.mktemp("second")) as begin:
        yield await played(await begin(), "rc-blocker-day-3")


async def played(chat: Conversation, name: str) -> Conversation:
    await chat.play((SCRIPTS / f"{name}.sop").read_text(encoding="utf-8"), name)
    return chat


def untouched_develop(chat: Conversation) -> str:
    """The tip of develop, which must be the seeded one still."""
    tip = chat.git("show", "-s", "--format=%H %s", "develop").strip()
    assert tip.endswith(" docs: changelog of the coming release")
    return tip.split()[0]


def parents(chat: Conversation, commit: str) -> list[str]:
    return chat.git("show", "-s", "--format=%P", commit).split()


def sha(chat: Conversation, revision: str) -> str:
    return chat.git("rev-parse", f"{revision}^{{commit}}").strip()


def verifies(chat: Conversation, tag: str, signers: Path) -> int:
    """git's exit code for the tag's signature, against that allowed-signers file."""
    config = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={signers}")
    command = ("git", *config, "-C", str(chat.world.git_path), "verify-tag", tag)
    return subprocess.run(command, check=False, capture_output=True).returncode


def strangers_in(folder: Path) -> Path:
    """An allowed-signers file that holds only a key nobody signed with."""
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")), check=True)
    signers = folder / "strangers"
    signers.write_text(f"x@skylark.example {(folder / 'key.pub').read_text()}")
    return signers


def signers_of(chat: Conversation) -> Path:
    """The demo key's allowed-signers file."""
    (found,) = (chat.home / "keys").rglob("allowed_signers")
    return found


def changelog(day: str, *, candidates: tuple[str, ...]) -> str:
    """The changelog as it must read: the seeded bytes, with each candidate's heading below [Unreleased]."""
    before = project_files.changelog(project_files.UNRELEASED)
    headings = "".join(f"\n## [{name}] - {day}\n" for name in candidates)
    return before.replace("## [Unreleased]\n", f"## [Unreleased]\n{headings}", 1)


async def test_the_repository_after_one_candidate(first: Conversation) -> None:
    develop_before, main_before = untouched_develop(first), sha(first, "v1.3.0")

    # The forge deletes the branch at the merge; nothing else came or moved.
    assert first.refs() == SEEDED | {"refs/tags/v1.4.0-rc1"}

    merge = sha(first, "main")
    (pull,) = first.world.core.state.pulls()
    assert pull.pull is not None
    assert pull.pull.merge_sha == merge
    assert parents(first, merge) == [main_before, pull.pull.head_sha]
    assert first.git("show", "-s", "--format=%s", merge).strip() == "Merge release candidate 1.4.0-rc1 (#41)"

    # One commit of ours on top of develop, touching three files and in each only what it must.
    assert parents(first, pull.pull.head_sha) == [develop_before]
    changed = first.git("diff", "--name-only", develop_before, merge).split()
    assert changed == ["CHANGELOG.md", "CMakeLists.txt", "VERSION"]
    assert first.git("show", "main:VERSION") == "1.4.0rc1\n"
    assert first.git("show", "main:CMakeLists.txt") == project_files.CMAKE.format(version="1.4.0")
    assert first.git("show", "main:CHANGELOG.md") == changelog("2026-04-20", candidates=("1.4.0-rc1",))
    assert first.git("diff", "--numstat", develop_before, merge).split("\n")[:3] == [
        "2\t0\tCHANGELOG.md",
        "1\t1\tCMakeLists.txt",
        "1\t1\tVERSION",
    ]


async def test_the_tag_is_signed_and_stands_on_the_merge(first: Conversation, tmp_path: Path) -> None:
    tag = "v1.4.0-rc1"
    assert first.git("cat-file", "-t", tag).strip() == "tag"
    assert sha(first, tag) == sha(first, "main")
    assert first.git("tag", "-l", "--format=%(contents:subject)", tag).strip() == "Release candidate v1.4.0-rc1"
    assert verifies(first, tag, signers_of(first)) == 0

    # The check can fail: nobody else's key, and no unsigned tag, passes it.
    assert verifies(first, tag, strangers_in(tmp_path)) != 0
    assert verifies(first, "v1.3.0", signers_of(first)) != 0


async def test_exactly_one_of_everything_after_one_candidate(first: Conversation) -> None:
    state = first.world.core.state
    assert [pull.title for pull in state.pulls()] == ["Release candidate 1.4.0-rc1"]
    assert [talk.title for talk in state.discussions.values()] == ["Call for testing: 1.4.0-rc1"]
    assert sorted(release.tag for release in state.releases) == ["v1.3.0", "v1.4.0-rc1"]
    assert [release.prerelease for release in state.releases if release.tag == "v1.4.0-rc1"] == [True]
    assert [issue for issue in state.issues.values() if issue.author == "sopwith-bot" and issue.pull is None] == []
    assert [comment for issue in state.issues.values() for comment in issue.comments] == []
    run = await first.run("REL-1")
    assert run.facts["digest"] in first.text
    assert run.facts["tag.sha"] == first.git("rev-parse", "v1.4.0-rc1").strip()


async def test_the_repository_after_the_second_candidate(second: Conversation) -> None:

    assert second.refs() == SEEDED | {"refs/tags/v1.4.0-rc1", "refs/tags/v1.4.0-rc2"}
    assert untouched_develop(second)  # the back-port is owed, not done behind anybody's back
    one_pull, two_pull = second.world.core.state.pulls()
    assert one_pull.pull is not None
    assert two_pull.pull is not None
    one, two = sha(second, "v1.4.0-rc1"), sha(second, "v1.4.0-rc2")
    assert (one, two) == (one_pull.pull.merge_sha, two_pull.pull.merge_sha)
    assert two == sha(second, "main")
    assert parents(second, two) == [one, two_pull.pull.head_sha]
    assert [verifies(second, tag, signers_of(second)) for tag in ("v1.4.0-rc1", "v1.4.0-rc2")] == [0, 0]

    # On top of the first candidate's head: the fix, then the second candidate's version and heading.
    bump = two_pull.pull.head_sha
    (fix,) = parents(second, bump)
    assert parents(second, fix) == [one_pull.pull.head_sha]
    assert second.git("show", "-s", "--format=%s", fix).strip() == "fix: a patch by oncall1"
    assert second.git("diff", "--name-only", fix, bump).split() == ["CHANGELOG.md", "VERSION"]
    assert second.git("show", "main:VERSION") == "1.4.0rc2\n"
    assert second.git("show", "main:CMakeLists.txt") == project_files.CMAKE.format(version="1.4.0")
    wanted = changelog("2026-04-20", candidates=("1.4.0-rc1",))
    wanted = wanted.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [1.4.0-rc2] - 2026-04-23\n", 1)
    assert second.git("show", "main:CHANGELOG.md") == wanted

    state = second.world.core.state
    assert [pull.title for pull in state.pulls()] == ["Release candidate 1.4.0-rc1", "Release candidate 1.4.0-rc2"]
    assert [talk.title for talk in state.discussions.values()] == [
        "Call for testing: 1.4.0-rc1",
        "Call for testing: 1.4.0-rc2",
    ]
    assert sorted(release.tag for release in state.releases) == ["v1.3.0", "v1.4.0-rc1", "v1.4.0-rc2"]


async def test_the_first_candidate_stays_in_the_history(second: Conversation) -> None:
    run = await second.run("REL-1")
    assert [past.number for past in run.past] == [1]
    before = run.past[0]
    assert before.facts["tag"] == "v1.4.0-rc1"
    assert before.records["soak"].state.value == "done"
    assert run.facts["tag"] == "v1.4.0-rc2"
    assert before.facts["pr"] != run.facts["pr"]
    (debt,) = run.obligations
    assert debt.open
    assert debt.blocks == "SOP-01"


@pytest.mark.parametrize("name", ["rc-branch-exists", "rc-hold-resume-cancel"])
async def test_what_ends_early_leaves_main_and_develop_alone(name: str, chat: Conversation) -> None:
    before = sha(chat, "main"), sha(chat, "develop")
    await played(chat, name)
    assert (sha(chat, "main"), sha(chat, "develop")) == before
    assert {ref for ref in chat.refs() if ref.startswith("refs/tags/")} == {"refs/tags/v1.3.0"}


async def test_the_forge_after_an_incident(chat: Conversation) -> None:
    await played(chat, "incident-p1")
    state = chat.world.core.state
    ours = [issue for issue in state.issues.values() if issue.author == "sopwith-bot"]
    assert [(issue.title, issue.state, issue.pull is not None) for issue in ours] == [
        ("Incident INC-1 (P1): payments return 500", "closed", False),
        ("alert when the WAL grows", "closed", False),
        ("renew tokens by themselves", "open", False),
        ("Post-mortem of INC-1: payments return 500", "closed", True),
    ]
    assert [issue.assignees for issue in ours[1:3]] == [["oncall2"], ["rm"]]
    assert "Due: 2026-05-15" in (ours[1].body or "")
    (talk,) = state.discussions.values()
    assert "Payments by card fail; transfers work." in talk.body
    assert "We are looking into" not in talk.body

    document = chat.git("show", "develop:docs/incidents/2026-04-23-payments-return-500.md")
    for wanted in (
        "# INC-1: payments return 500",
        "- Severity: P1",
        "- Declared: 2026-04-23 10:02 CEST by guest",
        "- Commanders: oncall1",
        "2026-04-23 15:02 CEST — oncall1: acknowledged and took command",
        "2026-04-23 16:02 CEST — oncall1: mitigated: traffic moved to node 3",
        "WAL archiving stopped when the token expired",
        "one payment in three failed for 40 minutes",
        "- alert when the WAL grows (oncall2, by 2026-05-15)",
        "- renew tokens by themselves (rm)",
    ):
        assert wanted in document
    assert "ack, looking" not in document
    assert chat.git("diff", "--name-only", "develop^1", "develop").split() == [
        "docs/incidents/2026-04-23-payments-return-500.md"
    ]
