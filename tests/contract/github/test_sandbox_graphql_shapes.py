"""The sandbox's GraphQL is a part of GitHub's: the same types, and the bot's operations valid against both."""

import asyncio
import json

import pytest
from github import Github, GithubException
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_required_argument,
    is_required_input_field,
    parse,
    validate,
)

from adapters.sandbox.graphql_schema import SDL
from adapters.sandbox.people import token_of
from adapters.sandbox.world import SandboxWorld
from tests.contract.github.conftest import connect
from tests.contract.github.contract import SHAPES

_COMPOSITES = (GraphQLObjectType, GraphQLInterfaceType)
REPOSITORY = 'repository(owner: "acme", name: "skylark")'
FIELDS = "id number title body url createdAt author { login } category { name slug }"


@pytest.fixture(scope="module")
def theirs() -> GraphQLSchema:
    return build_schema((SHAPES / "github-graphql.graphql").read_text())


def test_every_type_we_serve_is_githubs(theirs: GraphQLSchema) -> None:
    ours = build_schema(SDL)
    assert differences(ours, theirs) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("reviewDecision: PullRequestReviewDecision", "reviewDecision: String"),
        ("type Ref implements Node { id: ID! name: String! }", "type Ref { id: ID! name: String }"),
        ("discussion(number: Int!)", "discussion(id: ID!)"),
        ("enum OrderDirection { ASC DESC }", "enum OrderDirection { ASC DESC UP }"),
        ("title: String!\n  body: String!\n}\ntype Create", "body: String!\n}\ntype Create"),
    ],
)
def test_a_deviating_schema_is_noticed(theirs: GraphQLSchema, old: str, new: str) -> None:
    assert old in SDL
    assert differences(build_schema(SDL.replace(old, new)), theirs) != []


async def test_a_discussion_is_opened_edited_commented_and_listed(world: SandboxWorld, theirs: GraphQLSchema) -> None:
    world.requests.keep_bodies = True
    with connect(world) as github:
        await asyncio.to_thread(_discuss, github)
    documents = [json.loads(e.request)["query"] for e in world.requests.entries if e.path == "/graphql"]
    assert len(documents) == 6
    for document in documents:
        assert validate(theirs, parse(document)) == []


def _discuss(github: Github) -> None:
    requester = github.requester
    query = f"query {{ {REPOSITORY} {{ id discussionCategories(first: 25) {{ nodes {{ id name }} }} }} }}"
    found = requester.graphql_query(query, {})[1]["data"]["repository"]
    ids = {node["name"]: node["id"] for node in found["discussionCategories"]["nodes"]}
    assert list(ids) == ["General", "Announcements", "Ideas"]
    given = {"repositoryId": found["id"], "categoryId": ids["Announcements"], "title": "1.4.0-rc1", "body": "try it"}
    made = requester.graphql_named_mutation("createDiscussion", given, f"discussion {{ {FIELDS} }}")[1]["discussion"]
    assert made["category"]["slug"] == "announcements"
    assert made["author"]["login"] == "sopwith-bot"
    change = {"discussionId": made["id"], "body": "try it now"}
    requester.graphql_named_mutation("updateDiscussion", change, "discussion { body }")
    remark = {"discussionId": made["id"], "body": "soaking"}
    requester.graphql_named_mutation("addDiscussionComment", remark, "comment { id body }")
    listing = (
        f"query {{ {REPOSITORY} {{ discussions(first: 1, orderBy: {{field: CREATED_AT, direction: DESC}}) "
        f"{{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {FIELDS} "
        f"comments(last: 5) {{ nodes {{ body author {{ login }} }} }} }} }} }} }}"
    )
    page = requester.graphql_query(listing, {})[1]["data"]["repository"]["discussions"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (1, False)
    assert page["nodes"][0]["body"] == "try it now"
    assert page["nodes"][0]["comments"]["nodes"][0]["body"] == "soaking"
    with pytest.raises(GithubException):
        requester.graphql_named_mutation("updateDiscussion", {"discussionId": "D_0", "body": "x"}, "discussion { id }")


async def test_discussions_are_paged_by_cursor(world: SandboxWorld) -> None:
    def ask() -> list[str]:
        with connect(world) as github:
            given = {"repositoryId": "R_sandbox9001", "categoryId": "DIC_501", "body": "b"}
            for title in ("one", "two", "three"):
                github.requester.graphql_named_mutation(
                    "createDiscussion", {**given, "title": title}, "discussion { id }"
                )
            titles: list[str] = []
            after = None
            while True:
                query = (
                    f"query($after: String) {{ {REPOSITORY} {{ discussions(first: 2, after: $after) "
                    "{ pageInfo { hasNextPage endCursor } nodes { title } } } }"
                )
                answer = github.requester.graphql_query(query, {"after": after})[1]["data"]
                page = answer["repository"]["discussions"]
                titles += [node["title"] for node in page["nodes"]]
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    return titles

    assert await asyncio.to_thread(ask) == ["three", "two", "one"]


async def test_a_review_decision_follows_the_reviews(world: SandboxWorld) -> None:
    with connect(world, token_of("maint")) as github:
        repository = await asyncio.to_thread(github.get_repo, world.repository)
        pull = await asyncio.to_thread(repository.create_pull, "main", "develop", title="Release", body="")

        async def decision() -> object:
            query = f"query {{ {REPOSITORY} {{ pullRequest(number: {pull.number}) {{ state reviewDecision }} }} }}"
            answer = await asyncio.to_thread(github.requester.graphql_query, query, {})
            return answer[1]["data"]["repository"]["pullRequest"]["reviewDecision"]

        assert await decision() is None
        world.review(pull.number, "rev1", "request_changes")
        assert await decision() == "CHANGES_REQUESTED"
        world.review(pull.number, "rev1", "approve")
        assert await decision() == "APPROVED"


def differences(ours: GraphQLSchema, theirs: GraphQLSchema) -> list[str]:
    """Each way in which something we have is not as they have it, or lacks what they require."""
    found: list[str] = []
    for name, mine in ours.type_map.items():
        other = theirs.type_map.get(name)
        if isinstance(mine, _COMPOSITES) and isinstance(other, _COMPOSITES):
            found += _fields_differ(name, mine.fields, other.fields)
            if {i.name for i in mine.interfaces} != {i.name for i in other.interfaces}:
                found.append(f"{name} implements something else")
        elif isinstance(mine, GraphQLInputObjectType) and isinstance(other, GraphQLInputObjectType):
            found += _inputs_differ(name, mine.fields, other.fields)
        elif isinstance(mine, GraphQLEnumType) and isinstance(other, GraphQLEnumType):
            found += [f"{name} has other values"] if set(mine.values) != set(other.values) else []
        elif type(mine) is not type(other):
            found.append(f"{name} is another kind of type")
    return found


def _fields_differ(owner: str, mine: dict[str, GraphQLField], theirs: dict[str, GraphQLField]) -> list[str]:
    found = []
    for name, field in mine.items():
        if owner.startswith("__"):
            continue
        if name not in theirs or str(field.type) != str(theirs[name].type):
            found.append(f"{owner}.{name} differs")
        else:
            found += _inputs_differ(f"{owner}.{name}", field.args, theirs[name].args)
    return found


def _inputs_differ(
    owner: str,
    mine: dict[str, GraphQLArgument] | dict[str, GraphQLInputField],
    theirs: dict[str, GraphQLArgument] | dict[str, GraphQLInputField],
) -> list[str]:
    found = [
        f"{owner}({name}) differs"
        for name, given in mine.items()
        if name not in theirs or str(given.type) != str(theirs[name].type)
    ]
    missing = [name for name, given in theirs.items() if _is_required(given) and name not in mine]
    return found + [f"{owner}({name}) is required and missing" for name in missing]


def _is_required(given: GraphQLArgument | GraphQLInputField) -> bool:
    if isinstance(given, GraphQLArgument):
        return is_required_argument(given)
    return is_required_input_field(given)
