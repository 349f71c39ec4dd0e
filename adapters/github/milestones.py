"""Milestones: blocking calls, made in a thread."""

from github.Repository import Repository

from adapters.github import convert
from adapters.github.fields import Json, number, text, text_or, whole_object
from adapters.github.listing import rows
from sops.kit.world import Issue, Milestone


def titled(repo: Repository, title: str) -> Milestone | None:
    """By its title, with or without a leading v; the newest of several. Raises Odd where that one cannot be read."""
    wanted = {title, f"v{title}", title.removeprefix("v")}
    listed = (whole_object(raw, "a milestone") for raw in rows(repo, "milestones", state="all"))
    found = [_milestone(raw) for raw in listed if text_or(raw, "title") in wanted]
    return max(found, key=lambda milestone: milestone.number, default=None)


def close(repo: Repository, which: int) -> None:
    milestone = repo.get_milestone(which)
    milestone.edit(milestone.title, state="closed")


def open_issues(repo: Repository, which: int) -> list[Issue]:
    listed = rows(repo, "issues", milestone=str(which), state="open")
    return convert.issues(listed)


def _milestone(raw: Json) -> Milestone:
    return Milestone(
        number=number(raw, "number"),
        title=text(raw, "title"),
        state=text(raw, "state"),
        open_issues=number(raw, "open_issues"),
        url=text_or(raw, "html_url"),
    )
