"""What real git and the registry find after a rollback, and how the work ships again."""

import subprocess
from dataclasses import replace
from pathlib import Path

from adapters.sandbox import project
from sops.kit.policy import Policy
from tests.conversation.conftest import Conversation, Open, seldom

SCRIPTS = Path(__file__).parent / "scripts"
SECOND = (SCRIPTS / "stable-second-candidate.sop").read_text(encoding="utf-8")

ROLLBACK = """
@rm #releases: /release rollback 1.4.0
@rm in RBK-1: !start
@rev1 in RBK-1: approve
@rm in RBK-1: !set workaround Stay on 1.3.0.
%clock +1h
%state RBK-1 run done
"""


async def rolled_back(converse: Open, before: str = "", policy: Policy | None = None) -> Conversation:
    chat = await converse(policy)
    await chat.play(SECOND, "released")
    if before == "unprotected":
        chat.world.core.rules = replace(chat.world.core.rules, protected=())
        (chat.world.git_path / "hooks" / "update").unlink()
    if before == "kept":
        chat.world.write("main", "docs/status.md", "All is well.")
    await chat.play(ROLLBACK, "rollback")
    return chat


async def test_two_candidates_and_the_release_are_all_undone(converse: Open) -> None:
    chat = await rolled_back(converse)
    assert chat.git("diff", "--name-only", "v1.3.0", "main") == ""
    assert "revert: roll back v1.4.0" in chat.git("log", "--format=%s", "-2", "main")
    images = chat.world.core.images.tags
    assert images["latest"] == images["1.3.0"]
    assert images["1.4.0"] != images["1.3.0"]
    assert chat.git("rev-parse", "v1.4.0^{commit}").strip() in chat.git("rev-list", "main")


async def test_an_unprotected_main_is_pushed_to(converse: Open) -> None:
    chat = await rolled_back(converse, "unprotected")
    assert chat.git("diff", "--name-only", "v1.3.0", "main") == ""
    assert chat.git("show", "-s", "--format=%s", "main").strip() == "revert: roll back v1.4.0"
    assert "push the revert to main" in chat.text


async def test_what_else_came_to_main_stays(converse: Open) -> None:
    chat = await rolled_back(converse, "kept")
    assert chat.git("diff", "--name-only", "v1.3.0", "main").split() == ["docs/status.md"]
    assert "what else came stays" in chat.text


async def test_the_image_can_be_built_again_instead(converse: Open) -> None:
    chat = await rolled_back(converse, policy=seldom(rollback_rebuilds=True))
    assert "dockerhub-publish-on-release.yml built 1.3.0 again" in chat.text
    assert "point latest" not in chat.text.split("RBK-1 needs", 1)[1].split("approve", 1)[0]
    images = chat.world.core.images.tags
    assert images["latest"] == images["1.3.0"]


async def test_the_work_is_really_back_in_a_later_release(converse: Open, tmp_path: Path) -> None:
    chat = await rolled_back(converse)
    shipped = chat.git("show", "v1.4.0:src/wal.cpp")

    # Without what is owed, nothing of the line begins.
    await chat.say("rm", "#releases", "/release rc 1.5.0")
    assert "RBK-1 owes: bring 1.4.0's work back" in chat.text
    await chat.say("rm", "in REL-2", "!cancel first the work")

    # As the obligation says: main's revert is recorded in develop without being taken.
    work = tmp_path / "work"
    git("clone", "-q", str(chat.world.git_path), str(work), at=tmp_path)
    git("switch", "-q", "develop", at=work)
    git("merge", "-q", "--no-edit", "origin/main^1", at=work)
    git("merge", "-q", "--no-edit", "-s", "ours", "origin/main", at=work)
    git("push", "-q", "origin", "develop", at=work)
    await chat.say("rm", "in RBK-1", "!done reland main merged into develop, the revert reverted")

    await chat.play(
        """
@rm #releases: /release rc 1.5.0
@rm in REL-3: !start
%wait REL-3 merge
@rev1 in REL-3: approve
%wait REL-3 soak
""",
        "later",
    )
    assert chat.git("show", "v1.5.0-rc1:src/wal.cpp") == shipped
    assert chat.git("show", "v1.5.0-rc1:src/patches.hpp") == chat.git("show", "v1.4.0:src/patches.hpp")


def git(*arguments: str, at: Path) -> str:
    who = ("-c", "user.name=maint", "-c", f"user.email=maint@{project.NAME}.example", "-c", "core.editor=true")
    done = subprocess.run(("git", *who, *arguments), cwd=at, check=True, capture_output=True, text=True)
    return done.stdout


async def test_a_python_package_is_yanked_by_people_and_seen_to_be(converse: Open) -> None:
    chat = await converse(seldom(package="skylark"))
    await chat.play(SECOND, "released")
    await chat.play(
        """
@rm #releases: /release rollback 1.4.0
%expect "see skylark 1.4.0 yanked"
@rm in RBK-1: !start
@rev1 in RBK-1: approve
@rm in RBK-1: !set workaround Stay on 1.3.0.
%clock +1h
%state RBK-1 yank waiting
@rm in RBK-1: !done yank it is done
%expect "skylark 1.4.0 is not yanked yet"
%forge yank 1.4.0
@rm in RBK-1: !done yank https://index.example/skylark/1.4.0
%state RBK-1 run done
""",
        "yank",
    )
