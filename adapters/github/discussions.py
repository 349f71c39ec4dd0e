"""Discussions, which only GraphQL knows: blocking calls, made in a thread."""

from collections.abc import Iterator
from dataclasses import dataclass

from github.Repository import Repository

from adapters.github import convert
from adapters.github.fields import Json, Odd, each, text
from sops.kit.errors import FarEndRefused
from sops.kit.world import Discussion

_FIELDS = "id number title body url author { login } category { name }"

_CATEGORIES = """
query($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    id
    page: discussionCategories(first: 100, after: $after) {
      pageInfo { endCursor hasNextPage }
      nodes { id name }
    }
  }
}
"""

_DISCUSSIONS = f"""
query($owner: String!, $name: String!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    page: discussions(first: 100, after: $after, orderBy: {{field: CREATED_AT, direction: DESC}}) {{
      pageInfo {{ endCursor hasNextPage }}
      nodes {{ {_FIELDS} }}
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Category:
    """A discussion category, with the repository's node id that opening a discussion also needs."""

    repository_id: str
    id: str
    name: str


def categories(repo: Repository, full_name: str) -> list[Category]:
    return [
        Category(text(repository, "id"), text(node, "id"), text(node, "name"))
        for repository, node in _nodes(repo, full_name, _CATEGORIES)
        if isinstance(node, dict) and isinstance(node.get("id"), str) and isinstance(node.get("name"), str)
    ]


def category(repo: Repository, full_name: str, name: str) -> Category:
    """By name, whatever its case. Raises FarEndRefused when there is none."""
    known = categories(repo, full_name)
    for candidate in known:
        if candidate.name.casefold() == name.casefold():
            return candidate
    names = ", ".join(candidate.name for candidate in known) or "none; are discussions turned on?"
    raise FarEndRefused(f"{full_name} has no discussion category “{name}” (there are: {names})")


def own(repo: Repository, full_name: str, login: str) -> list[Discussion]:
    """Newest first."""
    nodes = (node for _, node in _nodes(repo, full_name, _DISCUSSIONS))
    found = each(nodes, convert.discussion, "a discussion")
    return [discussion for discussion in found if discussion.author.casefold() == login.casefold()]


def open_one(repo: Repository, where: Category, title: str, body: str) -> Discussion:
    wanted = {"repositoryId": where.repository_id, "categoryId": where.id, "title": title, "body": body}
    _, answer = repo.requester.graphql_named_mutation("createDiscussion", wanted, f"discussion {{ {_FIELDS} }}")
    return convert.discussion(answer["discussion"])


def edit(repo: Repository, discussion_id: str, body: str) -> None:
    _, answer = repo.requester.graphql_named_mutation(
        "updateDiscussion", {"discussionId": discussion_id, "body": body}, "discussion { id }"
    )
    if answer["discussion"]["id"] != discussion_id:
        raise ValueError(f"another discussion was edited: {answer['discussion']['id']}")


def _nodes(repo: Repository, full_name: str, query: str) -> Iterator[tuple[Json, Json]]:
    """(repository, node) for each node of every page."""
    owner, name = full_name.split("/")
    after: str | None = None
    while True:
        _, answer = repo.requester.graphql_query(query, {"owner": owner, "name": name, "after": after})
        repository = answer["data"]["repository"]
        page = repository["page"]
        nodes = page["nodes"]
        if not isinstance(nodes, list):
            raise Odd("nodes are no list")
        yield from ((repository, node) for node in nodes if node is not None)
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
