"""A procedure somebody wrote for themselves."""

from sops.kit.gate import SignedOff
from sops.kit.model import Role, Sop, Step

TEA = Sop(
    "SOP-77",
    "Tea",
    command="sop start SOP-77",
    prefix="TEA",
    owner=Role.MAINTAINER,
    starters=(Role.MAINTAINER,),
    steps=(Step("brew", row="1", title="brew", when=SignedOff(Role.ANYONE, ask="the tea is made")),),
)
