"""A far end that is away, hangs, or says no."""

import socket

import pytest

from adapters.git import GitMirror
from adapters.reach.breaker import Breaker, Temper
from sops.kit.errors import FarEndError, FarEndRefused, HeadMoved, OutcomeUnknown
from tests.integration.git.conftest import Mirrors
from tests.integration.git.world import FixedClock, Remote

VERSION = {"VERSION": b"1.4.0\n"}


async def test_a_repository_that_is_not_there_may_be_there_later(mirrors: Mirrors, remote: Remote) -> None:
    mirror = mirrors(url=f"{remote.url}-missing")
    for ask in (mirror.branch("main"), mirror.tag("v1"), mirror.describe("a" * 40), mirror.verify_tag("v1")):
        with pytest.raises(FarEndError, match="does not appear to be a git repository"):
            await ask


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/x.git", "ssh://git@127.0.0.1:1/x.git"])
async def test_a_host_that_does_not_answer_may_answer_later(mirrors: Mirrors, url: str) -> None:
    with pytest.raises(FarEndError, match="cannot be read"):
        await mirrors(url=url).branch("main")


@pytest.mark.parametrize("scheme", ["https", "ssh"])
async def test_a_remote_that_takes_the_connection_and_says_nothing_is_ended_with_all_it_started(
    mirrors: Mirrors, scheme: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = mirrors(url=f"{scheme}://git@127.0.0.1:{silent.getsockname()[1]}/x.git", timeout=0.5)
        with pytest.raises(FarEndError, match="did not answer in time") as raised:
            await mirror.branch("main")
        assert type(raised.value) is FarEndError
        connection, _ = silent.accept()
        connection.settimeout(20)
        while connection.recv(4096):  # ends because whoever talked is gone
            pass
        connection.close()


async def test_a_remote_that_keeps_failing_is_asked_no_more_and_the_mirror_goes_on(
    mirrors: Mirrors, remote: Remote
) -> None:
    head = remote.sha("main")
    breaker = Breaker("git", "the git remote", FixedClock(), Temper(failures=2))
    mirror = mirrors(breaker=breaker)
    assert await mirror.read(head, "VERSION") is not None
    for _ in range(2):
        breaker.failed("no answer in time")
    with pytest.raises(FarEndError, match="keeps failing") as away:
        await mirror.branch("main")
    assert away.value.retry_after == 30
    with pytest.raises(FarEndError, match="nothing was sent") as kept:
        await mirror.commit("main", expected=head, files=VERSION, message="m")
    assert not isinstance(kept.value, OutcomeUnknown)
    assert remote.sha("main") == head
    assert (await mirror.describe(head)).sha == head


async def test_an_answer_of_git_beyond_its_measure_is_refused(mirrors: Mirrors, remote: Remote) -> None:
    mirror = mirrors(largest=100_000)
    made = await mirror.commit("main", expected=remote.sha("main"), files={"big": b"x" * 200_000}, message="big")
    with pytest.raises(FarEndRefused, match="larger than the 100000 bytes"):
        await mirror.read(made, "big")
    assert await mirror.read(made, "VERSION") is not None


async def test_a_push_to_a_remote_that_went_away_has_an_unknown_outcome(mirror: GitMirror, remote: Remote) -> None:
    head = remote.sha("main")
    await mirror.describe(head)
    remote.path.rename(remote.path.with_name("away"))
    with pytest.raises(OutcomeUnknown):
        await mirror.create_branch("hotfix", head)
    with pytest.raises(OutcomeUnknown):
        await mirror.commit("main", expected=head, files=VERSION, message="m")
    with pytest.raises(OutcomeUnknown):
        await mirror.push_signed_tag("v1.4.0", at=head, message="m")


async def test_a_push_that_hangs_before_it_counts_has_an_unknown_outcome(mirrors: Mirrors, remote: Remote) -> None:
    head = remote.sha("main")
    mirror = mirrors(timeout=1.0)
    remote.hook("pre-receive", "exec sleep 60")
    with pytest.raises(OutcomeUnknown, match="did not answer in time"):
        await mirror.commit("main", expected=head, files=VERSION, message="m")
    assert await mirror.branch("main") == head


async def test_a_push_that_arrives_but_is_not_confirmed_has_an_unknown_outcome_and_the_probe_sees_it(
    mirrors: Mirrors, remote: Remote
) -> None:
    head = remote.sha("main")
    mirror = mirrors(timeout=1.0)
    remote.hook("post-receive", "exec sleep 60")
    with pytest.raises(OutcomeUnknown):
        await mirror.commit("main", expected=head, files=VERSION, message="m")
    arrived = await mirror.branch("main")
    assert arrived is not None
    assert arrived != head
    assert await mirror.read(arrived, "VERSION") == b"1.4.0\n"


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
async def test_the_remotes_refusal_is_given_with_its_reason(mirror: GitMirror, remote: Remote, hook: str) -> None:
    head = remote.sha("main")
    remote.hook(hook, r"printf 'GH006: \033[31mProtected\033[0m branch\n' >&2; exit 1")
    before = remote.refs()
    for act in (
        mirror.commit("main", expected=head, files=VERSION, message="m"),
        mirror.create_branch("hotfix", head),
        mirror.delete_branch("develop", expected=head),
        mirror.push_signed_tag("v1.4.0", at=head, message="m"),
    ):
        with pytest.raises(FarEndRefused, match=r"hook declined.*GH006: Protected branch") as refusal:
            await act
        assert not isinstance(refusal.value, HeadMoved)
    assert remote.refs() == before


async def test_the_remotes_current_branch_is_not_deleted(mirror: GitMirror, remote: Remote) -> None:
    with pytest.raises(FarEndRefused, match="deletion of the current branch prohibited"):
        await mirror.delete_branch("main", expected=remote.sha("main"))


async def test_a_branch_that_moves_while_the_push_is_under_way_counts_as_moved(
    mirror: GitMirror, remote: Remote
) -> None:
    head = remote.sha("main")
    theirs = remote.add_commit("develop", "theirs")
    # The lease was checked when this hook runs. Without its quarantine variables git lets a hook move refs.
    remote.hook("pre-receive", f"unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main {theirs}")
    with pytest.raises(HeadMoved):
        await mirror.commit("main", expected=head, files=VERSION, message="m")
    assert remote.sha("main") == theirs


async def test_a_branch_locked_at_the_remote_is_worth_another_try(mirror: GitMirror, remote: Remote) -> None:
    head = remote.sha("main")
    lock = remote.path / "refs" / "heads" / "main.lock"
    lock.write_bytes(b"")
    with pytest.raises(FarEndError) as failure:
        await mirror.commit("main", expected=head, files=VERSION, message="m")
    assert not isinstance(failure.value, OutcomeUnknown)
    lock.unlink()
    made = await mirror.commit("main", expected=head, files=VERSION, message="m")
    assert remote.sha("main") == made
