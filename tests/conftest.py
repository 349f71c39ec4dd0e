"""Two kinds of tests are too long for the gate and run only when asked for; and the servers of a session."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

import pytest
from hypothesis import settings

from tests.postgres import NoPostgres, PostgresServer, postgres_server
from tests.standins.synapse import NoSynapse, Synapse, synapse

settings.register_profile("untimed", deadline=None)  # no test's outcome hangs on how busy the machine is
settings.load_profile("untimed")

KINDS = {
    "chaos": "every crash point as a real SIGKILL; runs with --run-chaos",
    "bench": "measures speed; runs with --run-bench",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    for kind in KINDS:
        parser.addoption(f"--run-{kind}", action="store_true", help=f"also run the tests marked {kind}")


def pytest_configure(config: pytest.Config) -> None:
    for kind, what in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {what}")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: each test waits now and then, for a disk, for git, for a homeserver."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unwanted = [kind for kind in KINDS if not config.getoption(f"--run-{kind}")]
    left_out = [item for item in items if any(item.get_closest_marker(kind) for kind in unwanted)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def homeserver() -> Iterator[Synapse]:
    """Skips visibly where Synapse is not set up, but fails where CI promised it."""
    with suppress(NoSynapse), synapse() as server:
        yield server
        return
    _lacking("Synapse is not set up on this machine: make synapse")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Skips visibly without PostgreSQL, but fails where CI promised one."""
    with suppress(NoPostgres), postgres_server() as server:
        yield server
        return
    _lacking("no PostgreSQL binaries on this machine")


def _lacking(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
