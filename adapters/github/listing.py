"""Whole listings as plain JSON objects."""

from collections.abc import Mapping
from typing import Any

from github.GithubObject import NonCompletableGithubObject
from github.PaginatedList import PaginatedList
from github.Repository import Repository

Json = Mapping[str, Any]


class _Row(NonCompletableGithubObject):
    """One element, as it came. PyGithub's own classes fetch an element again for each field a listing leaves out,
    and a plain issue leaves out exactly the field that tells it from a pull request."""

    def _initAttributes(self) -> None:  # noqa: N802  # PyGithub's name
        pass

    def _useAttributes(self, attributes: dict[str, Any]) -> None:  # noqa: N802  # PyGithub's name
        pass


def rows(repo: Repository, path: str, *, item: str = "items", **parameters: str) -> list[Json]:
    """Every element of every page of `path` below the repository; `item` names the list inside an object."""
    pages = PaginatedList(_Row, repo.requester, f"{repo.url}/{path}", {**parameters, "per_page": "100"}, list_item=item)
    return [row.raw_data for row in pages]
