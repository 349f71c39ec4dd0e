"""A Python project without an image: its release is an archive and a package, and a rollback touches no registry."""

import pytest
from pydantic import ValidationError

from adapters.sandbox import packages
from sops.kit.policy import Policy
from tests.conversation.conftest import Conversation, Open, seldom

PYPROJECT = """\
[project]
name = "skylark"
version = "1.3.0"
dependencies = []
"""
FILES = ({"path": "pyproject.toml", "kind": "toml", "at": "project.version"},)

RELEASE = """
@rm #releases: /release rc 1.4.0
%expect "wait for the pre-release v1\\.4\\.0-rc1 and skylark 1\\.4\\.0rc1 in the package index"
%reject "its image"
@rm in REL-1: !start
%wait REL-1 merge
@rev1 in REL-1: approve
%wait REL-1 soak
%expect "pre-release and skylark are out"
%clock +7d
%expect "Candidate v1\\.4\\.0-rc1 soaked\\."
@rm #releases: /release stable 1.4.0
@rm in STB-1: !start
@rm in STB-1: !done soaked a week in staging
@rm in STB-1: !done changelog-review read twice
%wait STB-1 merge
"""

OUT = """
@rev1 in STB-1: approve
@rev2 in STB-1: approve
%clock +1h
"""

ROLLBACK = """
@rm #releases: /release rollback 1.4.0 --image-only
%expect "This project has no image to roll back alone"
@rm #releases: /release rollback 1.4.0 --retract --republish
%reject "nothing tells the image"
@rm in RBK-1: !start
%reject "point latest|delete the image|start dockerhub"
@rev1 in RBK-1: approve
@rm in RBK-1: !set workaround Stay on 1.3.0.
%clock +1h
%state RBK-1 latest skipped
%state RBK-1 retract skipped
%state RBK-1 republish skipped
%state RBK-1 yank waiting
@rm in RBK-1: status
%expect "see skylark 1\\.4\\.0 yanked|skylark 1\\.4\\.0 is not yanked yet"
%forge yank 1.4.0
@rm in RBK-1: !done yank https://index.example/skylark/1.4.0
%state RBK-1 run done
@rm in RBK-1: plan
%expect "this project has no image"
"""


def without_image() -> Policy:
    return seldom(artefacts=("archive", "pypi"), package="skylark", version_files=FILES)


async def a_python_project(converse: Open) -> Conversation:
    """Released before as 1.3.0, with its version in `pyproject.toml` on both branches."""
    chat = await converse(without_image())
    work = chat.world
    work.write("develop", "pyproject.toml", PYPROJECT.rstrip("\n"))
    work.core.images.tags.clear()
    return chat


async def test_it_is_released_and_rolled_back(converse: Open) -> None:
    chat = await a_python_project(converse)
    await chat.play(RELEASE, "released")
    # Meanwhile somebody adds a dependency on develop: the back-merge keeps both.
    chat.world.write("develop", "docs/notes.md", "more")
    await chat.play(OUT + "%state STB-1 run done\n", "out")
    assert 'version = "1.4.0"' in chat.git("show", "v1.4.0:pyproject.toml")
    assert 'version = "1.4.0"' in chat.git("show", "develop:pyproject.toml")
    await chat.play(ROLLBACK, "rolled back")


async def test_the_release_waits_for_the_package(converse: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = await a_python_project(converse)
    await chat.play(RELEASE, "released")
    page = packages.index
    monkeypatch.setattr(packages, "index", lambda core: [v for v in page(core) if v != "1.4.0"])
    await chat.play(
        OUT
        + """
%state STB-1 artefacts waiting
@rm in STB-1: status
%expect "not there yet: skylark 1\\.4\\.0 in the package index"
""",
        "no package",
    )
    monkeypatch.undo()
    await chat.play("%clock +1h\n%state STB-1 artefacts done\n%state STB-1 run done", "package")


async def test_a_version_file_that_both_changed_keeps_both_changes(converse: Open) -> None:
    """Develop is at the next version already, with another dependency; only its version would conflict."""
    chat = await a_python_project(converse)
    await chat.play(RELEASE, "released")
    ahead = PYPROJECT.replace("1.3.0", "1.5.0-rc1").replace("[]", '["fmt"]')
    chat.world.rewrite("develop", "pyproject.toml", ahead)
    await chat.play("%clock +10m")  # what develop keeps is part of what is asked for
    await chat.play(OUT + "%state STB-1 back-merge done\n%state STB-1 run done\n", "out")
    assert not (await chat.run("STB-1")).obligations
    assert chat.git("show", "develop:pyproject.toml") == ahead


def test_a_package_that_is_waited_for_has_a_name() -> None:
    with pytest.raises(ValidationError, match="artefacts name pypi"):
        Policy(artefacts=("archive", "pypi"))


def test_artefacts_are_a_closed_set() -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"artefacts": ("image", "floppy")})
