"""Discussions and their comments."""

from adapters.sandbox.core import Core
from adapters.sandbox.state import Category, Comment, Discussion


def create(core: Core, title: str, body: str, author: str, category: Category) -> Discussion:
    now = core.now()
    state = core.state
    made = Discussion(state.next_id(), state.next_number(), title, body, author, category.slug, now, now)
    state.discussions[made.number] = made
    return made


def by_number(core: Core, number: int) -> Discussion | None:
    return core.state.discussions.get(number)


def edit(core: Core, item: Discussion, *, title: str | None, body: str | None) -> None:
    item.title = item.title if title is None else title
    item.body = item.body if body is None else body
    item.updated_at = core.now()


def add_comment(core: Core, item: Discussion, author: str, body: str) -> Comment:
    now = core.now()
    made = Comment(core.state.next_id(), author, body, now, now)
    item.comments.append(made)
    item.updated_at = now
    return made
