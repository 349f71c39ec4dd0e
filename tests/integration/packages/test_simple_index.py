"""The package index's page: what it says of a version, and what it says when it says nothing."""

import pytest

from adapters.packages import SimpleIndex
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused
from tests.integration.github.faults import Answer, Endless, FaultServer, Hang, Script, Trickle

PAGE = "/simple/widget/"
FILES = [
    {"filename": "widget-1.4.0.tar.gz", "yanked": "broken"},
    {"filename": "widget-1.4.0-py3-none-any.whl", "yanked": True},
    {"filename": "widget-1.4.0.post1.tar.gz", "yanked": False},
    {"filename": "widget-1.3.0.tar.gz", "yanked": False},
    {"filename": "widget-1.2.0.tar.gz", "yanked": True},
    {"filename": "widget-1.2.0-py3-none-any.whl"},
]


@pytest.mark.parametrize(("version", "yanked"), [("1.4.0", True), ("1.3.0", False), ("1.2.0", False), ("9.9.9", None)])
async def test_a_version_is_yanked_when_all_its_files_are(version: str, yanked: bool | None) -> None:
    with FaultServer().running() as server:
        server.on("GET", PAGE, Answer(200, {"files": FILES}))
        assert await asked(server, version) is yanked


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(500), FarEndError),
        (Answer(429), FarEndError),
        (Answer(403), FarEndRefused),
        (Answer(200, b"<html>"), FarEndError),
        (Answer(200, {"nothing": []}), FarEndError),
    ],
)
async def test_what_is_no_answer_is_an_error(answer: Answer, error: type[Exception]) -> None:
    with FaultServer().running() as server:
        server.on("GET", PAGE, answer)
        with pytest.raises(error):
            await asked(server, "1.4.0")


async def test_a_project_nobody_published_has_no_version() -> None:
    with FaultServer().running() as server:
        server.on("GET", PAGE, Answer(404))
        assert await asked(server, "1.4.0") is None


@pytest.mark.parametrize("page", ["ftp://index.example/x", "https://me:secret@index.example/x", "nonsense"])
def test_an_address_that_is_none_is_refused(page: str) -> None:
    with pytest.raises(ConfigurationError):
        SimpleIndex(page)


@pytest.mark.parametrize(
    ("script", "error", "reason"),
    [
        (Hang(), FarEndError, "did not answer in time"),
        (Trickle(), FarEndError, "did not answer in time"),
        (Endless(), FarEndRefused, "larger than allowed here"),
        (Endless(packed=True), FarEndRefused, "larger than allowed here"),
        (Answer(200, b"[" * 500_000), FarEndError, "no JSON"),
    ],
)
async def test_a_page_without_end_comes_to_one(script: Script, error: type[Exception], reason: str) -> None:
    with FaultServer().running() as server:
        server.on("GET", PAGE, script)
        index = SimpleIndex(f"{server.url}{PAGE}", seconds=lambda: 0.5 if error is FarEndError else 30.0)
        try:
            with pytest.raises(error, match=reason):
                await index.yanked("1.4.0")
        finally:
            await index.close()


async def asked(server: FaultServer, version: str) -> bool | None:
    index = SimpleIndex(f"{server.url}{PAGE}")
    try:
        return await index.yanked(version)
    finally:
        await index.close()
