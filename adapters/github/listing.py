"""Whole listings as plain JSON objects."""

from itertools import islice
from typing import Any

from github.GithubObject import NonCompletableGithubObject
from github.PaginatedList import PaginatedList
from github.Repository import Repository

from adapters.github.fields import Json
from sops.kit.errors import FarEndRefused

MOST = 20_000


class _Row(NonCompletableGithubObject):
    """One element, as it came. PyGithub's own classes fetch an element again for each field a listing leaves out,
    and a plain issue leaves out exactly the field that tells it from a pull request."""

    def _initAttributes(self) -> None:  # noqa: N802  # PyGithub's name
        pass

    def _useAttributes(self, attributes: dict[str, Any]) -> None:  # noqa: N802  # PyGithub's name
        pass


def rows(repo: Repository, path: str, *, item: str = "items", **parameters: str) -> list[Json]:
    """Every element of every page of `path` below the repository; `item` names the list inside an object.

    An element may be anything: see `adapters.github.fields`. Raises ValueError where there is no list.
    """
    pages = PaginatedList(_Row, repo.requester, f"{repo.url}/{path}", {**parameters, "per_page": "100"}, list_item=item)
    found: list[Json] = [row.raw_data for row in islice(pages, MOST + 1)]
    if any(isinstance(row, str) for row in found):  # what PyGithub makes of an object, or a text, in a list's place
        raise ValueError("GitHub's answer is no list")
    if len(found) > MOST:
        raise FarEndRefused(f"GitHub lists more than the {MOST} entries allowed here")
    return found
