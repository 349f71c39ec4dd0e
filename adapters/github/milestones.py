"""Milestones: blocking calls, made in a thread."""

from github.Repository import Repository

from adapters.github import convert
from adapters.github.listing import Json, rows
from sops.kit.world import Issue, Milestone


def titled(repo: Repository, title: str) -> Milestone | None:
    """By its title, with or without a leading v; the newest of several."""
    wanted = {title, f"v{title}", title.removeprefix("v")}
    found = [_milestone(raw) for raw in rows(repo, "milestones", state="all") if raw["title"] in wanted]
    return max(found, key=lambda milestone: milestone.number, default=None)


def close(repo: Repository, number: int) -> None:
    milestone = repo.get_milestone(number)
    milestone.edit(milestone.title, state="closed")


def open_issues(repo: Repository, number: int) -> list[Issue]:
    listed = rows(repo, "issues", milestone=str(number), state="open")
    return [convert.issue(raw) for raw in listed if not convert.is_pull_request(raw)]


def _milestone(raw: Json) -> Milestone:
    return Milestone(
        number=int(raw["number"]),
        title=str(raw["title"]),
        state=str(raw["state"]),
        open_issues=int(raw["open_issues"]),
        url=str(raw["html_url"]),
    )
