"""What is kept and logged of an unexpected failure: never what it was at work on."""

import json

import pytest
import structlog

from bot.engine.caught import caught
from sops.kit.errors import FarEndError

SECRET = "an empty header skips the check"


async def wrong_value() -> None:
    raise ValueError(SECRET)


async def wrong_value_underneath() -> None:
    try:
        await wrong_value()
    except ValueError as problem:
        raise LookupError(SECRET) from problem


async def ours() -> None:
    raise FarEndError("GitHub cannot be reached")


@pytest.mark.parametrize(("work", "kind"), [(wrong_value, "ValueError"), (wrong_value_underneath, "LookupError")])
async def test_a_stranger_is_kept_by_its_kind_and_logged_with_its_place(work, kind: str):
    with structlog.testing.capture_logs() as logged:
        assert await caught(work(), run="5eed") == kind
    [entry] = logged
    assert (entry["log_level"], entry["run"]) == ("error", "5eed")
    assert "test_caught.py" in entry["trace"]
    assert "in wrong_value" in entry["trace"]
    assert SECRET not in json.dumps(logged)


async def test_our_own_say_their_sentence():
    with structlog.testing.capture_logs() as logged:
        assert await caught(ours()) == "FarEndError: GitHub cannot be reached"
    assert "GitHub cannot be reached" in logged[0]["problem"]


async def test_what_goes_well_is_nothing():
    async def well() -> None:
        return None

    with structlog.testing.capture_logs() as logged:
        assert await caught(well()) is None
    assert logged == []
