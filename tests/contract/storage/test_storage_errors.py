"""What the database says when it fails: the statement, never what was bound to it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.engine import engines, migration_engine, parse

SECRET = "an empty header skips the check"


def test_an_error_does_not_repeat_what_was_bound(url: str) -> None:
    pools = engines(parse(url))
    try:
        for engine in (pools.write, pools.read, migration_engine(parse(url))):
            with engine.connect() as connection, pytest.raises(DBAPIError) as problem:
                connection.execute(text("SELECT 1 FROM nowhere WHERE words = :words"), {"words": SECRET})
            assert SECRET not in str(problem.value)
            assert "nowhere" in str(problem.value)
    finally:
        pools.dispose()
