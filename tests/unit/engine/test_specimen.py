"""`/sop show`: what a procedure would do, in words without holes, by the settings of the house."""

import re

import pytest

from bot.engine.plan import outline, specimen
from sops import ALL
from sops.kit.model import Sop
from sops.kit.policy import Policy


def shown(sop: Sop, policy: Policy | None = None) -> list[str]:
    return [text for _, texts in outline(specimen(sop, policy)) for text in texts]


@pytest.mark.parametrize("sop", ALL, ids=[sop.id for sop in ALL])
def test_no_line_has_a_hole_where_a_name_belongs(sop: Sop) -> None:
    for text in shown(sop):
        assert not re.search(r"  |[-/] |[-/]$|None|\{|^ | $", text), text


def test_a_hotfix_is_a_patch_of_the_affected_release() -> None:
    (hotfix,) = (sop for sop in ALL if sop.id == "SOP-02")
    assert "cut hotfix/X.Y.Z-NAME from the affected release" in shown(hotfix)


def test_names_are_those_of_the_settings() -> None:
    (stable,) = (sop for sop in ALL if sop.id == "SOP-01")
    said = shown(stable, Policy(main="trunk", announcements="News"))
    assert "open a pull request release/vX.Y.0 → trunk" in said
    assert any(text.startswith("post in News:") for text in said)
