"""Of what the forge takes in a while something is kept for incidents, hotfixes, rollbacks and security responses."""

import pytest

from adapters.github.pace import WritePace
from sops import ALL
from sops.kit.errors import FarEndError
from sops.kit.model import Sop
from sops.kit.urgency import asking_for, urgent
from tests.unit.runs import NOW, a_run_of

URGENT = {"SOP-02", "SOP-04", "SOP-05", "SOP-08"}


async def nothing() -> None:
    return None


@pytest.mark.parametrize("sop", ALL, ids=lambda sop: sop.id)
def test_what_whoever_is_on_call_steers_is_urgent(sop: Sop) -> None:
    run = a_run_of(sop, leaders=(sop.owner, *sop.leaders))
    with asking_for(run):
        assert urgent() is (run.sop in URGENT)
    assert not urgent()


async def test_twenty_releases_never_starve_a_rollback() -> None:
    pace = WritePace(0.0, now=lambda: NOW)
    release, rollback = (a_run_of(sop, leaders=(sop.owner, *sop.leaders)) for sop in (ALL[0], _rollback()))
    with asking_for(release):
        for _ in range(60):
            await pace.run(nothing)
        with pytest.raises(FarEndError, match=r"60 writes in 1 min.*, but for what is kept") as away:
            await pace.run(nothing)
    assert away.value.retry_after == 60.0
    with asking_for(rollback):
        for _ in range(20):
            await pace.run(nothing)
        with pytest.raises(FarEndError, match="80 writes in 1 min, which is all it takes;"):
            await pace.run(nothing)


def _rollback() -> Sop:
    return next(sop for sop in ALL if sop.id == "SOP-04")
