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

#: A release nobody made here, taken back.
BY_HAND = """
%forge write main src/broken.cpp "int broken;"
%forge tag v1.4.0 main
%clock +10m
"""
BEGUN = """
@rm #releases: /release rollback 1.4.0
@rm in RBK-1: !start
@rev1 in RBK-1: approve
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
%clock +7d
@rm #releases: /release stable 1.5.0
@rm in STB-2: !start
@rm in STB-2: !done soaked a week in staging, {STB-2 candidate.digest}
@rm in STB-2: !waive no-debt the fixes came with the back-merge of 1.4.0
@rm2 in STB-2: !waive no-debt the fixes came with the back-merge of 1.4.0
@rm in STB-2: !done changelog-review read twice
%wait STB-2 merge
@rev1 in STB-2: approve
@rev2 in STB-2: approve
%clock +1h
%state STB-2 run done
""",
        "later",
    )
    for version in ("v1.5.0-rc1", "v1.5.0"):
        assert chat.git("show", f"{version}:src/wal.cpp") == shipped
        assert chat.git("show", f"{version}:src/patches.hpp") == chat.git("show", "v1.4.0:src/patches.hpp")

    # Taken back as well, it does not go back to the release that was taken back before.
    await chat.play(
        """
@rm #releases: /release rollback 1.5.0 --to 1.4.0
%expect "1\\.4\\.0 was taken back itself; there are: 1\\.3\\.0"
@rm #releases: /release rollback 1.5.0
%expect "point latest at the image of 1\\.3\\.0"
@rm in RBK-2: !start
@rev3 in RBK-2: approve
%clock +31s
@rm in RBK-2: !set workaround stay on 1.3.0
%clock +1h
%state RBK-2 run done
""",
        "taken back too",
    )
    assert chat.git("diff", "--stat", "v1.3.0", "main").strip() == ""


NEXT = """
@rm #releases: /release rc 1.5.0
%reject "In the way"
@rm in REL-2: !start
%wait REL-2 merge
@rev1 in REL-2: approve
%wait REL-2 soak
"""


async def test_the_bot_brings_the_work_back_and_the_next_release_has_it(converse: Open) -> None:
    chat = await rolled_back(converse)
    shipped = chat.git("show", "v1.4.0:src/wal.cpp")
    await chat.play(
        """
@guest in RBK-1: !reland
%expect "release manager"
@rm in RBK-1: !reland
%expect "bringing the work of 1\\.4\\.0 back to develop, by a pull request"
%clock +1m
%state RBK-1 work-is-back waiting
@rm in RBK-1: !reland
%expect "It is on its way already"
@rm in RBK-1: todo
%expect "bring 1\\.4\\.0's work back"
""",
        "asked",
    )
    run = await chat.run("RBK-1")
    await chat.play(
        f"""
%forge merge {run.facts["reland.pr"]}
%expect "bring 1\\.4\\.0's work back .*met by sopwith"
%clock +1m
%state RBK-1 run done
@rm in RBK-1: !reland
%expect "Nothing of this rollback is owed"
""",
        "merged",
    )
    assert chat.git("show", "develop:src/wal.cpp") == shipped
    await chat.play(NEXT, "next")
    assert chat.git("show", "v1.5.0-rc1:src/wal.cpp") == shipped
    assert chat.git("show", "main:src/wal.cpp") == shipped


async def test_of_a_candidate_the_work_comes_back_without_its_version(converse: Open) -> None:
    chat = await converse()
    await chat.play(
        """
%forge write develop src/new.cpp "int fresh;"
@rm #releases: /release rc 1.4.0
@rm in REL-1: !start
%wait REL-1 merge
@rev1 in REL-1: approve
%wait REL-1 soak
%forge entry develop "Something for later."
@rm #releases: /release rollback 1.4.0-rc1
@rm in RBK-1: !start
@rev2 in RBK-1: approve
@rm in RBK-1: !set workaround Stay on 1.3.0.
%clock +1h
%state RBK-1 run done
@rm in REL-1: !cancel it was taken back
@rm in RBK-1: !reland
%clock +1m
""",
        "candidate",
    )
    before = {name: chat.git("show", f"develop:{name}") for name in ("VERSION", "CHANGELOG.md", "CMakeLists.txt")}
    run = await chat.run("RBK-1")
    await chat.play(f"%forge merge {run.facts['reland.pr']}\n%state RBK-1 run done", "merged")
    assert not run.but(obligations=(await chat.run("RBK-1")).obligations).owing
    assert {name: chat.git("show", f"develop:{name}") for name in before} == before
    assert "fresh" in chat.git("show", "develop:src/new.cpp")
    await chat.play(NEXT, "next")
    assert "fresh" in chat.git("show", "main:src/new.cpp")


async def test_work_that_does_not_fit_develop_is_brought_back_by_people(converse: Open, tmp_path: Path) -> None:
    chat = await converse()
    await chat.play('%forge write develop src/broken.cpp "int other;"' + BY_HAND + BEGUN, "rolled back")
    await chat.play(
        """
@rm in RBK-1: !set workaround Stay on 1.3.0.
%clock +1h
%state RBK-1 run done
@rm in RBK-1: !reland
%clock +1m
%state RBK-1 work-back failed
""",
        "conflict",
    )
    assert "it does not fit develop by itself: the changes conflict in src/broken.cpp" in chat.text
    run, work = await chat.run("RBK-1"), tmp_path / "work"
    git("clone", "-q", "-b", "reland/1.4.0", str(chat.world.git_path), str(work), at=tmp_path)
    git("merge", "-q", "--no-edit", "-X", "theirs", run.facts["revert.cut.at"], at=work)
    git("merge", "-q", "--no-edit", "-s", "ours", run.facts["merge"], at=work)
    git("push", "-q", "origin", "HEAD", at=work)
    await chat.play("@rm in RBK-1: !retry\n%clock +1m\n%state RBK-1 work-is-back waiting", "by hand")
    run = await chat.run("RBK-1")
    await chat.play(f"%forge merge {run.facts['reland.pr']}\n%state RBK-1 run done", "merged")
    assert not (await chat.run("RBK-1")).owing


def brought_back_by_hand(chat: Conversation, folder: Path) -> None:
    """As the obligation says: main's revert is recorded in develop without being taken."""
    work = folder / "work"
    git("clone", "-q", "-b", "develop", str(chat.world.git_path), str(work), at=folder)
    git("merge", "-q", "--no-edit", "-s", "ours", "origin/main", at=work)
    git("push", "-q", "origin", "develop", at=work)


async def test_what_people_did_by_hand_is_seen(converse: Open, tmp_path: Path) -> None:
    chat = await rolled_back(converse)
    brought_back_by_hand(chat, tmp_path)
    await chat.play("@rm in RBK-1: !reland\n%clock +1m\n%state RBK-1 run done", "seen")
    run = await chat.run("RBK-1")
    assert not run.owing
    assert "reland.pr" not in run.facts
    assert run.record("work-back").note == "it is back already"
    await chat.play(NEXT.partition("@rm in")[0], "nothing in the way")


async def test_what_people_did_by_hand_is_seen_when_another_run_ends(converse: Open, tmp_path: Path) -> None:
    chat = await rolled_back(converse)
    brought_back_by_hand(chat, tmp_path)
    await chat.play(NEXT.partition("@rm in")[0] + "@rm in REL-2: !cancel later", "nothing in the way")
    assert not (await chat.run("RBK-1")).owing


async def test_a_revert_that_develop_took_does_not_count_as_the_work(converse: Open, tmp_path: Path) -> None:
    chat = await rolled_back(converse)
    work = tmp_path / "work"
    git("clone", "-q", "-b", "develop", str(chat.world.git_path), str(work), at=tmp_path)
    git("merge", "-q", "--no-edit", "-X", "theirs", "origin/main", at=work)
    git("push", "-q", "origin", "develop", at=work)
    await chat.say("rm", "#releases", "/release rc 1.5.0")
    assert "RBK-1 owes: bring 1.4.0's work back" in chat.text
    await chat.play("@rm in RBK-1: !reland\n%clock +1m\n%state RBK-1 work-is-back waiting", "asked")
    run = await chat.run("RBK-1")
    assert run.owing
    await chat.play(f"%forge merge {run.facts['reland.pr']}\n%state RBK-1 run done", "merged")
    assert not (await chat.run("RBK-1")).owing
    assert chat.git("show", "develop:src/wal.cpp") == chat.git("show", "v1.4.0:src/wal.cpp")


def git(*arguments: str, at: Path) -> str:
    who = ("-c", "user.name=maint", "-c", f"user.email=maint@{project.NAME}.example", "-c", "core.editor=true")
    done = subprocess.run(("git", *who, *arguments), cwd=at, check=True, capture_output=True, text=True)
    return done.stdout


async def test_the_notice_leaves_the_rest_of_the_text_alone(converse: Open) -> None:
    chat = await converse()
    await chat.play(SECOND, "released")
    before = text_of(chat, "v1.4.0")
    await chat.play(ROLLBACK, "rollback")
    notice = "⚠️ RETRACTED: please use 1.3.0 instead.\n\n"
    assert text_of(chat, "v1.4.0") == notice + before
    assert "RETRACTED" not in text_of(chat, "v1.3.0")


def text_of(chat: Conversation, tag: str) -> str:
    return next(release.body for release in chat.world.core.state.releases if release.tag == tag)


async def test_a_workaround_told_later_stands_in_the_announcement(converse: Open) -> None:
    chat = await converse()
    await chat.play(BY_HAND + BEGUN + "%clock +20m\n%state RBK-1 workaround waiting", "announced")
    (early,) = [talk.body for talk in chat.world.core.state.discussions.values() if "1.4.0" in talk.title]
    assert "Stay on 1.3.0." not in early
    await chat.play(
        "@rm in RBK-1: !set workaround Stay on 1.3.0.\n@rm in RBK-1: !done workaround\n%state RBK-1 workaround done",
        "told",
    )
    (late,) = [talk.body for talk in chat.world.core.state.discussions.values() if "1.4.0" in talk.title]
    assert "Stay on 1.3.0." in late


async def test_what_does_not_revert_by_itself_is_done_by_people_and_compared(converse: Open, tmp_path: Path) -> None:
    """What came afterwards rests on what is taken back, so git cannot take it back alone."""
    chat = await converse()
    await chat.play(BY_HAND, "released")
    chat.world.rewrite("main", "src/broken.cpp", "int broken = 2;\n")
    await chat.play(BEGUN + "%clock +5m\n%state RBK-1 revert failed", "conflict")
    assert "reverting does not work by itself: the changes conflict in src/broken.cpp" in chat.text
    assert "do it on rollback/1.4.0, then !retry" in chat.text

    work = tmp_path / "work"
    git("clone", "-q", "-b", "rollback/1.4.0", str(chat.world.git_path), str(work), at=tmp_path)
    git("rm", "-q", "src/broken.cpp", at=work)
    (work / "src" / "extra.cpp").write_text("int extra;\n")
    pushed(work, "take it back, and more")
    await chat.play("@rm in RBK-1: !retry\n%state RBK-1 revert failed", "too much")
    assert "rollback/1.4.0 still differs from v1.3.0 in src/extra.cpp" in chat.text

    git("rm", "-q", "src/extra.cpp", at=work)
    pushed(work, "and no more")
    await chat.play("@rm in RBK-1: !retry\n%clock +1h\n%state RBK-1 hand-made waiting", "by hand")
    assert "People wrote in the revert" in chat.text
    assert "It is exactly as v1.3.0." in chat.text
    assert "merge PR #" in chat.text
    assert chat.git("diff", "--name-only", "v1.3.0", "main") != ""
    await chat.play("@rev2 in RBK-1: approve\n%clock +1h\n%state RBK-1 revert-merge done", "agreed")
    assert chat.git("diff", "--name-only", "v1.3.0", "main") == ""


async def test_a_revert_made_by_hand_goes_through_a_pull_request_where_main_would_take_it(
    converse: Open, tmp_path: Path
) -> None:
    chat = await converse()
    chat.world.core.rules = replace(chat.world.core.rules, protected=())
    (chat.world.git_path / "hooks" / "update").unlink()
    await chat.play(BY_HAND, "released")
    chat.world.rewrite("main", "src/broken.cpp", "int broken = 2;\n")
    await chat.play(BEGUN + "%clock +5m\n%state RBK-1 revert failed", "conflict")
    work = tmp_path / "work"
    git("clone", "-q", "-b", "rollback/1.4.0", str(chat.world.git_path), str(work), at=tmp_path)
    git("rm", "-q", "src/broken.cpp", at=work)
    pushed(work, "take it back")
    await chat.play("@rm in RBK-1: !retry\n%clock +1h\n%state RBK-1 hand-made waiting", "by hand")
    await chat.play("@rev2 in RBK-1: approve\n%clock +1h\n%state RBK-1 revert-merge done", "agreed")
    await chat.play("%state RBK-1 revert-push skipped")


async def test_a_main_that_moved_meanwhile_is_left_to_people(converse: Open, tmp_path: Path) -> None:
    chat = await converse(seldom(effects_of={"SOP-04.revert-push": "people"}))
    chat.world.core.rules = replace(chat.world.core.rules, protected=())
    (chat.world.git_path / "hooks" / "update").unlink()
    await chat.play(BY_HAND + BEGUN + "%clock +20m\n%state RBK-1 revert done", "reverted")
    moved = chat.world.write("main", "docs/status.md", "All is well.")
    await chat.play("%clock +20m\n%state RBK-1 revert-push failed", "moved")
    assert f"main moved to {moved[:7]} meanwhile" in chat.text

    work = tmp_path / "work"
    git("clone", "-q", "-b", "main", str(chat.world.git_path), str(work), at=tmp_path)
    git("merge", "-q", "--no-edit", "origin/rollback/1.4.0", at=work)
    git("push", "-q", "origin", "main", at=work)
    await chat.play("@rm in RBK-1: !retry\n%clock +1m\n%state RBK-1 revert-push done", "merged")
    assert chat.git("diff", "--name-only", "v1.3.0", "main").split() == ["docs/status.md"]


async def test_a_latest_that_somebody_moved_after_the_yes_is_not_moved_again(converse: Open) -> None:
    chat = await converse(seldom(effects_of={"SOP-04.latest": "people"}))
    await chat.play("%forge write main src/fix.cpp int\n%forge tag v1.2.9 main\n%clock +10m", "another")
    await chat.play(BY_HAND + BEGUN + "%clock +1m\n%state RBK-1 latest running", "asked")
    await chat.play(
        """
%forge image share 1.2.9 latest
%clock +20m
%state RBK-1 latest failed
@rm in RBK-1: status
%expect "latest is sha256:[0-9a-f]{64} by now"
%forge image share 1.3.0 latest
@rm in RBK-1: !retry
%state RBK-1 latest done
""",
        "moved",
    )


async def test_an_earlier_release_without_an_image_is_nothing_to_point_at(converse: Open) -> None:
    chat = await converse()
    await chat.play(
        BY_HAND
        + "%forge image missing 1.3.0\n"
        + BEGUN
        + """
%clock +1m
%state RBK-1 latest failed
@rm in RBK-1: status
%expect "the registry has no image of 1\\.3\\.0"
""",
        "no image",
    )
    images = chat.world.core.images.tags
    assert images["latest"] == images["1.4.0"]


def pushed(work: Path, message: str) -> None:
    git("add", "-A", at=work)
    git("commit", "-q", "-m", message, at=work)
    git("push", "-q", "origin", "HEAD", at=work)


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
