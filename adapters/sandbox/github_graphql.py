"""The forge's GraphQL interface, as far as REST does not reach: discussions, and a review decision."""

import json
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from adapters.sandbox import discussions, pulls
from adapters.sandbox.api import WEB, Call, Json, Reply, stamp
from adapters.sandbox.connection import connection
from adapters.sandbox.core import Core
from adapters.sandbox.graphql_schema import SDL
from adapters.sandbox.people import PEOPLE
from adapters.sandbox.project import FULL_NAME, MAIN, NAME, OWNER
from adapters.sandbox.refusal import Refusal
from adapters.sandbox.shapes_repository import NODE_ID
from adapters.sandbox.state import CATEGORIES, Category, Comment, Discussion, Issue, Pull

_HOST = "https://forge.example"


class GraphQl:
    """Answers operations against one world. The objects are dictionaries; a callable in one is a field with
    arguments, called by the executor with them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._schema: GraphQLSchema | None = None

    def answer(self, call: Call) -> Reply:
        """Always status 200 where the request could be read, with errors inside, as the forge does."""
        query, variables = call.body.get("query"), call.body.get("variables") or {}
        if not isinstance(query, str) or not isinstance(variables, dict):
            raise Refusal(400, "A query attribute must be specified and must be a string.")
        if self._schema is None:
            self._schema = build_schema(SDL)
        result = graphql_sync(self._schema, query, root_value=self._root(call.by.login), variable_values=variables)
        body: Json = {"data": result.data}
        if result.errors:
            body["errors"] = [_error(error) for error in result.errors]
        return Reply(200, body)

    def _root(self, login: str) -> Json:
        """Queries and mutations share one root value; their names do not overlap."""
        return {
            "viewer": actor(login),
            "repository": self._repository,
            "createDiscussion": lambda info, input: self._create(login, input),  # noqa: A006 - GraphQL's name
            "updateDiscussion": lambda info, input: self._update(input),  # noqa: A006
            "addDiscussionComment": lambda info, input: self._comment(login, input),  # noqa: A006
        }

    def _repository(self, info: object, owner: str, name: str, **_: object) -> Json:
        if (owner, name) != (OWNER, NAME):
            raise _unresolved(f"a Repository with the name '{owner}/{name}'")
        core = self._core
        return {
            "__typename": "Repository",
            "id": NODE_ID,
            "name": NAME,
            "nameWithOwner": FULL_NAME,
            "isPrivate": False,
            "defaultBranchRef": {"id": f"REF_{MAIN}", "name": MAIN},
            "discussionCategories": lambda info, **page: connection("discussionCategories", CATEGORIES, category, page),
            "discussions": self._discussions,
            "discussion": lambda info, number: discussion(discussions.by_number(core, number)),
            "pullRequest": lambda info, number: self._pull_request(number),
        }

    def _discussions(self, info: object, **arguments: Any) -> Json:
        found = list(self._core.state.discussions.values())
        if arguments.get("categoryId"):
            found = [item for item in found if _category_id(item) == arguments["categoryId"]]
        order = arguments.get("orderBy") or {"field": "UPDATED_AT", "direction": "DESC"}
        key = "created_at" if order["field"] == "CREATED_AT" else "updated_at"
        found.sort(key=lambda item: (getattr(item, key), item.number), reverse=order["direction"] == "DESC")
        return connection("discussions", found, discussion, arguments)

    def _pull_request(self, number: int) -> Json:
        issue = self._core.state.issues.get(number)
        if issue is None or issue.pull is None:
            raise _unresolved(f"a PullRequest with the number of {number}")
        return pull_request(self._core, issue, issue.pull)

    def _create(self, login: str, given: Json) -> Json:
        if given["repositoryId"] != NODE_ID:
            raise _no_node(given["repositoryId"])
        chosen = next((item for item in CATEGORIES if _node_id(item) == given["categoryId"]), None)
        if chosen is None:
            raise _no_node(given["categoryId"])
        made = discussions.create(self._core, given["title"], given["body"], login, chosen)
        return _payload(given, {"discussion": discussion(made)})

    def _update(self, given: Json) -> Json:
        item = self._by_node_id(given["discussionId"])
        discussions.edit(self._core, item, title=given.get("title"), body=given.get("body"))
        return _payload(given, {"discussion": discussion(item)})

    def _comment(self, login: str, given: Json) -> Json:
        item = self._by_node_id(given["discussionId"])
        made = discussions.add_comment(self._core, item, login, given["body"])
        return _payload(given, {"comment": comment(item, made)})

    def _by_node_id(self, node_id: str) -> Discussion:
        for item in self._core.state.discussions.values():
            if f"D_{item.id}" == node_id:
                return item
        raise _no_node(node_id)


def actor(login: str) -> Json:
    person = PEOPLE[login]
    return {
        "__typename": "Bot" if person.is_bot else "User",
        "id": f"U_{person.id}",
        "login": login,
        "name": person.name,
        "url": f"{_HOST}/{login}",
    }


def category(item: Category) -> Json:
    return {"id": _node_id(item), "name": item.name, "slug": item.slug, "isAnswerable": item.is_answerable}


def discussion(item: Discussion | None) -> Json | None:
    if item is None:
        return None
    chosen = next(known for known in CATEGORIES if known.slug == item.category)
    return {
        "__typename": "Discussion",
        "id": f"D_{item.id}",
        "number": item.number,
        "title": item.title,
        "body": item.body,
        "url": f"{WEB}/discussions/{item.number}",
        "author": actor(item.author),
        "category": category(chosen),
        "closed": False,
        "locked": False,
        "createdAt": stamp(item.created_at),
        "updatedAt": stamp(item.updated_at),
        "comments": lambda info, **page: connection(
            "comments", item.comments, lambda given: comment(item, given), page
        ),
    }


def comment(item: Discussion, given: Comment) -> Json:
    return {
        "id": f"DC_{given.id}",
        "body": given.body,
        "author": actor(given.author),
        "createdAt": stamp(given.created_at),
        "url": f"{WEB}/discussions/{item.number}#discussioncomment-{given.id}",
    }


def pull_request(core: Core, issue: Issue, pull: Pull) -> Json:
    merged = pull.merge_sha is not None
    conflict = issue.state == "open" and not pulls.mergeable(core, pull)
    return {
        "id": f"PR_{pull.id}",
        "number": issue.number,
        "title": issue.title,
        "url": f"{WEB}/pull/{issue.number}",
        "state": "MERGED" if merged else issue.state.upper(),
        "merged": merged,
        "mergeable": "CONFLICTING" if conflict else "MERGEABLE" if issue.state == "open" else "UNKNOWN",
        "headRefName": pull.head_ref,
        "headRefOid": pull.head_sha,
        "baseRefName": pull.base_ref,
        "reviewDecision": pulls.decision(core, pull),
    }


def _node_id(item: Category) -> str:
    return f"DIC_{item.id}"


def _category_id(item: Discussion) -> str:
    return next(_node_id(known) for known in CATEGORIES if known.slug == item.category)


def _payload(given: Json, made: Json) -> Json:
    return {"clientMutationId": given.get("clientMutationId"), **made}


def _unresolved(what: str) -> GraphQLError:
    return GraphQLError(f"Could not resolve to {what}.", extensions={"type": "NOT_FOUND"})


def _no_node(node_id: str) -> GraphQLError:
    return _unresolved(f"a node with the global id of {json.dumps(node_id)}")


def _error(error: GraphQLError) -> Json:
    """The forge puts the kind of an error beside its message, not into extensions."""
    shape: Json = {"message": error.message, "path": error.path}
    if error.locations:
        shape["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.extensions:
        shape.update(error.extensions)
    return shape
