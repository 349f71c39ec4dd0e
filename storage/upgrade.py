"""Brings a database's tables up to this build, under a lock: any number of processes may start at once."""

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from sops.kit.errors import ConfigurationError
from storage.engine import migration_engine, parse
from storage.migrations import HEAD

_REVISION = text("SELECT version_num FROM alembic_version")
#: Any number will do, as long as every build uses the same.
_LOCK = text("SELECT pg_advisory_xact_lock(7396801550)")


def migrate(url: str) -> None:
    """Create or upgrade the tables; returns at once where they are current.

    Raises ConfigurationError when the database cannot be opened, or belongs to a newer build than this.
    """
    parsed = parse(url)
    engine = migration_engine(parsed)
    try:
        with engine.connect() as connection:
            if is_current(connection):
                return
            connection.rollback()
            with connection.begin():
                _upgrade(connection)
    except OperationalError as error:
        shown = parsed.render_as_string(hide_password=True)
        raise ConfigurationError(f"storage.url: {shown} cannot be opened: {error.orig}") from error
    finally:
        engine.dispose()


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of this build."""
    return revision(connection) == HEAD


def revision(connection: Connection) -> str | None:
    """Which tables the database has, None if it has none of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(_REVISION).scalar()


def _upgrade(connection: Connection) -> None:
    """In the transaction that holds the lock, because somebody else may have been faster."""
    from storage.migrations.run import upgrade  # noqa: PLC0415  # Alembic is slow to import, and rarely needed

    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    found = revision(connection)
    if found == HEAD:
        return
    check_known(found)
    upgrade(connection)
    if connection.dialect.name == "sqlite":
        _check_references(connection)


def check_known(found: str | None) -> None:
    """Raises ConfigurationError where the tables are those of a newer build than this."""
    from storage.migrations.run import known  # noqa: PLC0415  # Alembic is slow to import, and rarely needed

    if found is not None and not known(found):
        raise ConfigurationError(
            f"storage.url: the database is at revision {found}, this build knows only up to {HEAD};"
            " a newer Sopwith has used it. Run that version, or restore a backup from before."
        )


def _check_references(connection: Connection) -> None:
    """Foreign keys were not enforced while tables were rebuilt."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise ConfigurationError(f"storage.url: the upgrade would break references of table {broken[0]}; undone.")
