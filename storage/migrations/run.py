"""Runs Alembic on a connection whose transaction the caller holds."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def known(revision: str) -> bool:
    """Whether this build has that revision."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def newest() -> str | None:
    """The revision all others lead to."""
    return _scripts().get_current_head()


def upgrade(connection: Connection) -> None:
    """Apply every revision the database lacks, in the connection's transaction."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration())
