"""What the world in memory has none of: milestones, workflows, other repositories, images by the list."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sops.kit.world import Advisory, Issue, Milestone, PullRequest, Release, WorkflowRun


class QuietForge:
    """The rest of `Forge`, where there is nothing to see and nothing to do."""

    async def edit_pull_request(self, number: int, *, body: str) -> None:
        raise NotImplementedError(number, body)

    async def milestone(self, _title: str) -> Milestone | None:
        return None

    async def close_milestone(self, _number: int) -> None:
        return None

    async def milestone_issues(self, _number: int) -> Sequence[Issue]:
        return ()

    async def merged_pull_requests(self, _base: str, _since: datetime) -> Sequence[PullRequest]:
        return ()

    async def request_reviewers(self, _number: int, _logins: Sequence[str]) -> None:
        return None

    async def add_labels(self, _number: int, _labels: Sequence[str]) -> None:
        return None

    async def remove_label(self, _number: int, _label: str) -> None:
        return None

    async def releases(self) -> Sequence[Release]:
        return ()

    async def upstream_releases(self, _repository: str) -> Sequence[Release]:
        return ()

    async def mark_latest(self, release_id: int) -> None:
        raise NotImplementedError(release_id)

    async def create_release(self, *, tag: str, title: str, body: str, prerelease: bool, latest: bool) -> Release:
        raise NotImplementedError(tag, title, body, prerelease, latest)

    async def edit_release(self, _release_id: int, *, body: str) -> None:
        raise NotImplementedError(body)

    async def dispatch(self, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> int | None:
        raise NotImplementedError(workflow, ref, inputs)

    async def workflow_runs(self, _workflow: str, **_since: datetime) -> Sequence[WorkflowRun]:
        return ()

    async def advisories(self) -> Sequence[Advisory]:
        return ()

    async def open_advisory(self, *, summary: str, description: str, severity: str) -> Advisory:
        raise NotImplementedError(summary, description, severity)

    async def accept_advisory(self, _ghsa: str) -> None:
        raise NotImplementedError

    async def score_advisory(self, _ghsa: str, *, vector: str, affected: str) -> None:
        raise NotImplementedError(vector, affected)

    async def publish_advisory(self, _ghsa: str, *, vector: str, affected: str, patched: str, cve: str = "") -> None:
        raise NotImplementedError(vector, affected, patched)

    async def open_private_fork(self, _ghsa: str) -> None:
        raise NotImplementedError

    async def request_cve(self, _ghsa: str) -> None:
        raise NotImplementedError

    async def workflow_run(self, _run_id: int) -> WorkflowRun | None:
        return None
