"""Tags are listed page by page from the registry itself; a manifest is deleted by its digest, once."""

import pytest

from sops.kit.errors import FarEndError, FarEndRefused, OutcomeUnknown
from tests.integration.github.faults import Answer, Drop, FaultServer, Seen
from tests.integration.registry.conftest import OpenRegistry

LIST = "/v2/acme/widget/tags/list"
DIGEST = f"sha256:{'a' * 64}"
MANIFEST = f"/v2/acme/widget/manifests/{DIGEST}"


async def test_every_page_of_tags_is_read(server: FaultServer, open_registry: OpenRegistry) -> None:
    def answer(seen: Seen) -> Answer:
        if seen.query.get("last") == "b":
            return Answer(200, {"tags": ["a"]})
        return Answer(200, {"tags": ["c", "b"]}, {"Link": f'<{LIST}?last=b>; rel="next"'})

    server.on("GET", LIST, answer)
    assert list(await open_registry().tags()) == ["a", "b", "c"]


@pytest.mark.parametrize("answer", [Answer(404, {"errors": []}), Answer(200, {"tags": None})])
async def test_an_image_without_tags_has_none(server: FaultServer, open_registry: OpenRegistry, answer: Answer) -> None:
    server.on("GET", LIST, answer)
    assert list(await open_registry().tags()) == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {"tags": []}, {"Link": '<https://elsewhere.invalid/x>; rel="next"'}),
        Answer(200, {"tags": "abc"}),
        Answer(200, b"no json"),
        Answer(500),
    ],
)
async def test_what_is_no_list_of_tags_is_an_error(
    server: FaultServer, open_registry: OpenRegistry, answer: Answer
) -> None:
    server.on("GET", LIST, answer)
    with pytest.raises(FarEndError):
        await open_registry().tags()


@pytest.mark.parametrize("status", [202, 404])
async def test_a_manifest_is_deleted_or_gone_already(
    server: FaultServer, open_registry: OpenRegistry, status: int
) -> None:
    server.on("DELETE", MANIFEST, Answer(status))
    await open_registry().delete(DIGEST)
    assert server.count("DELETE") == 1


@pytest.mark.parametrize("status", [403, 405])
async def test_a_registry_may_not_allow_deletion(server: FaultServer, open_registry: OpenRegistry, status: int) -> None:
    server.on("DELETE", MANIFEST, Answer(status))
    with pytest.raises(FarEndRefused, match="does not allow deletion"):
        await open_registry().delete(DIGEST)


async def test_a_deletion_without_an_answer_may_have_happened(server: FaultServer, open_registry: OpenRegistry) -> None:
    server.on("DELETE", MANIFEST, Drop())
    with pytest.raises(OutcomeUnknown):
        await open_registry().delete(DIGEST)
    assert server.count("DELETE") == 1


async def test_a_tag_is_not_deleted(server: FaultServer, open_registry: OpenRegistry) -> None:
    with pytest.raises(FarEndRefused, match="not a sha256 digest"):
        await open_registry().delete("latest")
    assert server.seen == []
