"""An organisation may leave out rows by its settings, with a reason everybody sees; not those others are built on."""

import pytest

from sops import ALL
from sops.kit.errors import ConfigurationError
from sops.kit.policy import Policy
from sops.kit.switched_off import check_switched_off
from tests.conversation.conftest import seldom

OURSELVES = "we write to our users ourselves"


async def test_a_step_that_is_switched_off_is_left_out_visibly(converse):
    chat = await converse(seldom(off={"SOP-03.announce": OURSELVES}))
    planned = await chat.say("rm", "#releases", "/release rc 1.4.0")
    assert f"announcement: left out by the settings ({OURSELVES})" in planned
    await chat.play("@rm in REL-1: !start\n%wait REL-1 merge")
    request = (await chat.run("REL-1")).requests[-1]
    assert "Call for testing" not in " ".join(request.effects)
    await chat.play("@rev1 in REL-1: approve\n%wait REL-1 soak\n%state REL-1 announce skipped")
    assert not chat.world.core.state.discussions
    assert OURSELVES in await chat.say("rm", "in REL-1", "status")


async def test_a_post_mortem_that_is_switched_off_is_not_waited_for(converse):
    chat = await converse(seldom(off={"SOP-08.post-mortem": "written elsewhere"}))
    await chat.play("@guest #ops: /incident declare P1 payments return 500\n@oncall1 in INC-1: ack")
    await chat.play(
        "@oncall1 in INC-1: !update known\n@oncall1 in INC-1: !triage all\n@oncall1 in INC-1: !mitigate off"
    )
    await chat.play("@oncall1 in INC-1: !fix 1.3.1\n@oncall1 in INC-1: !verify it works\n%clock +1m")
    await chat.play("%state INC-1 post-mortem-merged skipped\n@oncall1 in INC-1: !close\n%state INC-1 run done")
    assert not (await chat.run("INC-1")).clocks["post-mortem"].running


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("SOP-03.merge", "cannot be left out"),
        ("SOP-03.tag", "cannot be left out"),
        ("SOP-08.acknowledge", "cannot be left out"),
        ("SOP-03.anounce", "names 'SOP-03.anounce'; there are steps such as"),
    ],
)
def test_what_others_are_built_on_cannot_be_switched_off(name, why):
    with pytest.raises(ConfigurationError, match=why):
        check_switched_off(Policy(off={name: "we do not like it"}), ALL)


def test_a_step_is_switched_off_with_a_reason():
    with pytest.raises(ValueError, match="needs a reason"):
        Policy(off={"SOP-03.announce": " "})
