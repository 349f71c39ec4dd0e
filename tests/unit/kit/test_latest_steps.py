"""`latest` after a release: foreseen, looked at for ten minutes, told once, put right only where somebody said so."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sops.hotfix import HOTFIX
from sops.kit.action import Conflict, Done, Todo, World
from sops.kit.gate import Met, Waiting
from sops.kit.latest_steps import BECOMES, PUT, TOLD, LatestForeseen, LatestStands, PutLatest
from sops.kit.policy import Policy
from sops.kit.publishing import PublishRelease
from sops.kit.run import Run, RunState, StepRecord, StepState
from sops.kit.world import Manifest, Release
from sops.rollback import ROLLBACK
from tests.unit.runs import NOW, a_run_of


@dataclass
class Far:
    """Releases by tag, the badge, and an image whose tags are their digests."""

    tags: list[str] = field(default_factory=lambda: ["v1.3.0", "v1.3.1", "v1.4.0", "v1.5.0-rc1"])
    releases: list[str] = field(default_factory=lambda: ["v1.3.0", "v1.3.1", "v1.4.0"])
    badge: str = "v1.4.0"
    images: dict[str, str] = field(
        default_factory=lambda: {"1.3.0": "d130", "1.3.1": "d131", "1.4.0": "d140", "latest": "d140"}
    )
    back: list[str] = field(default_factory=list)
    now: Any = NOW
    made: list[bool] = field(default_factory=list)

    @property
    def world(self) -> World:
        async def tags() -> list[Any]:
            return [SimpleNamespace(name=name) for name in self.tags]

        async def of_version(version: str) -> list[Run]:
            return [taken_back(version)] if version in self.back else []

        async def manifest(name: str) -> Manifest | None:
            digest = self.images.get(name, name if name in self.images.values() else "")
            return Manifest(digest, "", b"") if digest else None

        async def put(name: str, found: Manifest) -> None:
            self.images[name] = found.digest

        async def by_tag(tag: str) -> Release | None:
            number = self.tags.index(tag) if tag in self.releases else None
            return None if number is None else Release(number, tag, "", "", False, "-" in tag, NOW, (), "")

        async def mark(number: int) -> None:
            self.badge = self.tags[number]

        async def badge() -> Release | None:
            return await by_tag(self.badge)

        async def create(*, latest: bool, **_rest: Any) -> None:
            self.made.append(latest)

        async def read(_commit: str, _path: str) -> bytes:
            return b"## [Unreleased]\n\n## [1.3.1] - 2026-04-20\n\n### Fixed\n\n- It.\n"

        forge = {"release_by_tag": by_tag, "latest_release": badge, "mark_latest": mark, "create_release": create}
        return cast(
            "World",
            SimpleNamespace(
                now=self.now,
                git=SimpleNamespace(tags=tags, read=read),
                forge=SimpleNamespace(**forge),
                registry=SimpleNamespace(manifest=manifest, put=put),
                runs=SimpleNamespace(of_version=of_version),
            ),
        )


def taken_back(version: str) -> Run:
    run = a_run_of(ROLLBACK, version=version, state=RunState.ACTIVE)
    return run.but(records={**run.records, "approve": StepRecord(state=StepState.DONE)})


def a_patch(version: str = "1.3.1", digest: str = "d131", **facts: Any) -> Run:
    known = {"published.at": NOW.isoformat(), "digest": digest, BECOMES: "1.4.0", **facts}
    return a_run_of(HOTFIX, title=f"{version} wal", version=version).with_facts(known)


async def look(far: Far, run: Run, minutes: int = 0) -> Met | Waiting:
    far.now = NOW + timedelta(minutes=minutes)
    return await LatestStands().check(run, far.world)


@pytest.mark.parametrize(
    ("version", "back", "releases", "wanted"),
    [
        ("1.3.1", [], ["v1.4.0"], "1.4.0"),
        ("1.3.1", ["1.4.0"], ["v1.4.0"], "1.3.1"),
        ("1.3.1", [], [], "1.3.1"),  # v1.4.0 is tagged, and not released
        ("1.4.1", [], ["v1.4.0"], "1.4.1"),
        ("1.3.1", ["1.3.1"], ["v1.4.0"], "1.4.0"),
        ("1.4.1", ["1.4.0", "1.4.1", "1.3.1"], ["v1.3.0"], "1.3.0"),
        ("1.3.0", ["1.4.0", "1.3.1", "1.3.0"], [], ""),
    ],
)
async def test_the_yes_is_told_what_latest_becomes(
    version: str, back: list[str], releases: list[str], wanted: str
) -> None:
    found = await LatestForeseen().check(a_patch(version), Far(back=back, releases=releases).world)
    assert isinstance(found, Met)
    assert found.facts == {BECOMES: wanted}


async def test_where_it_must_stay_it_is_looked_at_for_ten_minutes() -> None:
    far = Far()
    assert isinstance(await look(far, a_patch(), 0), Waiting)
    assert isinstance(await look(far, a_patch(), 9), Waiting)
    assert isinstance(await look(far, a_patch(), 10), Met)


async def test_where_it_moves_it_is_seen_at_once_and_waited_for_as_long() -> None:
    far, run = Far(badge="v1.4.0"), a_patch("1.4.1", "d141", **{BECOMES: "1.4.1"})
    far.tags.append("v1.4.1")
    far.releases.append("v1.4.1")
    far.images["1.4.1"] = "d141"
    early = await look(far, run, 9)
    assert isinstance(early, Waiting)
    assert (early.news, early.note[-4:]) == ((), " yet")
    late = await look(far, run, 10)
    assert isinstance(late, Waiting)
    assert [news.about["wanted"] for news in late.news] == ["1.4.1"]
    far.badge, far.images["latest"] = "v1.4.1", "d141"
    assert isinstance(await look(far, run, 0), Met)


@pytest.mark.parametrize(
    ("badge", "images", "said"),
    [
        ("v1.3.1", {}, ["the forge's latest release is v1.3.1, not 1.4.0"]),
        ("", {}, ["the forge's latest release is none, not 1.4.0"]),
        ("v1.4.0", {"latest": "d131"}, ["the image's latest is 1.3.1, not 1.4.0"]),
        ("v1.4.0", {"1.3": "d130"}, ["the image's 1.3 is d130, not 1.3.1"]),
        (
            "v1.3.0",
            {"latest": "d1"},
            ["the image's latest is d1, not 1.4.0", "the forge's latest release is v1.3.0, not 1.4.0"],
        ),
    ],
)
async def test_what_is_astray_is_told_once_and_put_right_by_one_word(
    badge: str, images: dict[str, str], said: list[str]
) -> None:
    far = Far(badge=badge)
    far.images |= images
    run = a_patch()
    found = await look(far, run)
    assert isinstance(found, Waiting)
    assert [news.about["found"] for news in found.news] == [said]
    told = run.with_facts(found.facts)
    again = await look(far, told, 30)
    assert isinstance(again, Waiting)
    assert again.news == ()
    assert isinstance(await PutLatest().probe(told, far.world), Conflict)  # nobody said so
    assert isinstance(await look(far, told.with_facts({PUT: "1.3.1"})), Waiting)  # nor for that version
    chosen = told.with_facts({PUT: "1.4.0"})
    assert isinstance(await look(far, chosen), Met)
    assert isinstance(await PutLatest().probe(chosen, far.world), Todo)
    await PutLatest().perform(chosen, far.world)
    assert (far.badge, far.images["latest"], far.images.get("1.3", "d131")) == ("v1.4.0", "d140", "d131")
    assert isinstance(await PutLatest().probe(chosen, far.world), Done)
    assert TOLD in found.facts


async def test_a_project_without_an_image_has_the_badge_alone() -> None:
    far = Far(badge="v1.3.1", images={"latest": "d131"})
    run = a_patch()
    run = run.but(policy=Policy(artefacts=("archive",)))
    found = await look(far, run)
    assert isinstance(found, Waiting)
    assert found.note == "the forge's latest release is v1.3.1, not 1.4.0"


async def test_a_tag_the_image_never_had_is_not_made() -> None:
    far = Far()
    del far.images["latest"]
    assert isinstance(await look(far, a_patch(), 10), Met)


@pytest.mark.parametrize(
    ("version", "pre", "says"), [("1.3.1", False, False), ("1.4.1", False, True), ("1.4.1", True, False)]
)
async def test_a_release_the_bot_publishes_says_itself_whether_it_is_the_latest(
    version: str, pre: bool, says: bool
) -> None:
    far = Far()
    run = a_patch(version, released="c" * 40)
    action = PublishRelease("v{version}", "1.3.1", pre=pre, at="released")
    await action.perform(run, far.world)
    assert far.made == [says]


@pytest.mark.parametrize(
    ("becomes", "said"),
    [
        ("1.4.0", "see that latest stays 1.4.0; put right where somebody says so"),
        ("1.3.1", "see that latest becomes 1.3.1; put right where somebody says so"),
        (None, "see whose latest is; put right where somebody says so"),
    ],
)
def test_the_request_says_what_it_becomes(becomes: str | None, said: str) -> None:
    assert PutLatest().says(a_patch(**{BECOMES: becomes})) == said
