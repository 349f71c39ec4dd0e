"""The keys of encrypted rooms as they lie on disk: those that were kept without a passphrase get one."""

from pathlib import Path

import vodozemac
from nio.store import SqliteStore
from peewee import PeeweeException

from sops.kit.errors import ConfigurationError

_ENDING = ".db"


def encrypt(folder: Path, user: str, key: str) -> int:
    """Put every key in `folder` under the passphrase `key`; returns how many files hold keys. Blocks.

    Of one file all are changed or none. Raises ConfigurationError where there are none, or they are under a
    passphrase already.
    """
    found = sorted(folder.glob(f"*{_ENDING}"))
    if not found:
        raise ConfigurationError(f"matrix.store: there are no keys in {folder}.")
    for file in found:
        device = file.name.removesuffix(_ENDING).removeprefix(f"{user}_")
        _encrypt(SqliteStore(user, device, str(folder), database_name=file.name), key)
    return len(found)


def _encrypt(store: SqliteStore, key: str) -> None:
    try:
        account = store.load_account()
        if account is None:
            raise ConfigurationError(f"matrix.store: {store.database_path} holds no keys of {store.user_id}.")
        sessions, group_sessions = store.load_sessions(), store.load_inbound_group_sessions()
        store.pickle_key = key
        with store.database.atomic():
            store.save_account(account)
            for sender, known in sessions.items():
                for session in known:
                    store.save_session(sender, session)
            for session in group_sessions:
                store.save_inbound_group_session(session)
    except (vodozemac.PickleException, vodozemac.LibolmPickleException) as problem:
        raise ConfigurationError(
            f"matrix.store: the keys in {store.database_path} have a passphrase already."
        ) from problem
    except PeeweeException as problem:
        raise ConfigurationError(
            f"matrix.store: {store.database_path} cannot be changed ({type(problem).__name__}): {problem}"
        ) from problem
    finally:
        store.database.close()
