"""A real Matrix homeserver for tests: Synapse on 127.0.0.1 in a temporary folder, and people with ordinary clients.

It runs in an environment of its own (`make synapse`), since its dependencies are many and none of ours.
"""

import hashlib
import hmac
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

PYTHON = Path(__file__).parents[2] / ".venv-synapse" / "bin" / "python"
SERVER = "sopwith.test"
START_SECONDS = 60.0
_MODULE = "synapse.app.homeserver"
PASSWORD = "only for tests"

#: Rate limits would slow the tests down; a cached sync answer shows the past to a client that asks twice.
_SETTINGS = """\
server_name: {server}
pid_file: {folder}/synapse.pid
listeners:
  - {{port: {port}, type: http, tls: false, bind_addresses: ["127.0.0.1"], resources: [{{names: [client, media]}}]}}
database: {{name: sqlite3, args: {{database: {folder}/synapse.db}}}}
media_store_path: {folder}/media
log_config: {folder}/log.yaml
signing_key_path: {folder}/signing.key
registration_shared_secret: "{secret}"
macaroon_secret_key: "{secret}"
form_secret: "{secret}"
report_stats: false
trusted_key_servers: []
caches: {{sync_response_cache_duration: 0s}}
presence: {{enabled: false}}
bcrypt_rounds: 4
rc_message: &free {{per_second: 100000, burst_count: 100000}}
rc_registration: *free
rc_registration_token_validity: *free
rc_login: {{address: *free, account: *free, failed_attempts: *free}}
rc_admin_redaction: *free
rc_joins: {{local: *free, remote: *free}}
rc_joins_per_room: *free
rc_invites: {{per_room: *free, per_user: *free, per_issuer: *free}}
rc_room_creation: *free
"""
_LOG = """\
version: 1
formatters: {{plain: {{format: "%(asctime)s %(levelname)s %(name)s %(message)s"}}}}
handlers: {{file: {{class: logging.FileHandler, filename: {folder}/log, formatter: plain}}}}
root: {{level: WARNING, handlers: [file]}}
disable_existing_loggers: false
"""


class NoSynapse(Exception):
    """There is no Synapse here; `make synapse` sets one up."""


@dataclass(frozen=True)
class Client:
    """An ordinary account, as a person's program would use it. `device` is where it is logged in."""

    url: str
    user: str
    token: str
    device: str
    _http: httpx.Client = field(repr=False)
    _numbers: "count[int]" = field(default_factory=count, repr=False)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """One request of the client API; fails unless the homeserver says yes."""
        answer = self._ask(method, path, body, query)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def refused(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
        """One request that must be refused; the homeserver's word for why."""
        answer = self._ask(method, path, body, {})
        assert answer.is_client_error, answer.text
        return str(answer.json()["errcode"])

    def create_room(self, name: str, invite: Sequence[str] = (), **options: Any) -> str:
        """A room, private unless `options` say otherwise; returns its id."""
        wanted = {"preset": "private_chat", "name": name, "invite": list(invite), **options}
        return str(self.ask("POST", "createRoom", wanted)["room_id"])

    def join(self, room: str) -> None:
        self.ask("POST", f"join/{quote(room)}")

    def send(self, room: str, content: Mapping[str, Any], kind: str = "m.room.message") -> str:
        """Send an event; returns its id."""
        path = f"rooms/{quote(room)}/send/{kind}/{self.device}-{next(self._numbers)}"
        return str(self.ask("PUT", path, content)["event_id"])

    def say(self, room: str, text: str, thread: str | None = None, **more: Any) -> str:
        """A typed message, in a thread if that is named by its root."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text, **more}
        if thread is not None:
            falling_back = {"is_falling_back": True, "m.in_reply_to": {"event_id": thread}}
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread, **falling_back}
        return self.send(room, content)

    def edit(self, room: str, event: str, text: str) -> str:
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event}
        return self.send(room, {**new, "body": f"* {text}", "m.new_content": new, "m.relates_to": relation})

    def react(self, room: str, event: str, key: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        return self.send(room, {"m.relates_to": relation}, "m.reaction")

    def redact(self, room: str, event: str) -> str:
        path = f"rooms/{quote(room)}/redact/{quote(event)}/{self.device}-{next(self._numbers)}"
        return str(self.ask("PUT", path, {})["event_id"])

    def put_state(self, room: str, kind: str, content: Mapping[str, Any]) -> None:
        self.ask("PUT", f"rooms/{quote(room)}/state/{kind}/", content)

    def event(self, room: str, event: str) -> dict[str, Any]:
        return self.ask("GET", f"rooms/{quote(room)}/event/{quote(event)}")

    def messages(self, room: str, start: str | None = None) -> tuple[list[dict[str, Any]], str]:
        """Every event since `start` (of all time without), oldest first, and where to go on from."""
        found: list[dict[str, Any]] = []
        while True:
            where = {"from": start} if start else {}
            page = self.ask("GET", f"rooms/{quote(room)}/messages", dir="f", limit=200, **where)
            found += page["chunk"]
            if "end" not in page:
                return found, start or page["start"]
            start = page["end"]

    def download(self, mxc: str) -> bytes:
        """A file's content."""
        path = f"{self.url}/_matrix/client/v1/media/download/{mxc.removeprefix('mxc://')}"
        return self._http.get(path, headers={"Authorization": f"Bearer {self.token}"}).raise_for_status().content

    def unread(self, room: str) -> dict[str, int]:
        """What this person's programs count as unread there: all of it, and what calls for them."""
        found = self.ask("GET", "sync", timeout=0)["rooms"]["join"][room]["unread_notifications"]
        return {"all": found["notification_count"], "calling": found["highlight_count"]}

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, Any]) -> httpx.Response:
        return self._http.request(
            method,
            f"{self.url}/_matrix/client/v3/{path}",
            json=None if method == "GET" else dict(body or {}),
            params=dict(query),
            headers={"Authorization": f"Bearer {self.token}"},
        )


class Synapse:
    """One homeserver, which may be stopped and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._secret = secrets.token_hex(16)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(timeout=30)
        self._names = count(1)
        self._people: dict[str, Client] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns once it answers; fails with its log if it does not."""
        told = {"server": SERVER, "folder": self._folder, "port": self._port, "secret": self._secret}
        (self._folder / "homeserver.yaml").write_text(_SETTINGS.format(**told))
        (self._folder / "log.yaml").write_text(_LOG.format(**told))
        command = [str(PYTHON), "-m", _MODULE, "-c", "homeserver.yaml"]
        if not (self._folder / "signing.key").exists():
            subprocess.run([*command, "--generate-keys"], cwd=self._folder, check=True, capture_output=True)
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=output, stderr=subprocess.STDOUT)
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"Synapse did not start: {(self._folder / 'output').read_text()}")
            time.sleep(0.05)  # it gives no other sign that it is up

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()
        self._http.close()

    def account(self, name: str, *, admin: bool = False) -> Client:
        """A new account, made as an administrator would; a number keeps its name apart from those of other tests."""
        address = f"{self.url}/_synapse/admin/v1/register"
        nonce = self._http.get(address).json()["nonce"]
        user = f"{re.sub('[^a-z0-9._=-]', '', name.lower())}-{next(self._names)}"
        signed = "\0".join((nonce, user, PASSWORD, "admin" if admin else "notadmin")).encode()
        mac = hmac.new(self._secret.encode(), signed, hashlib.sha1).hexdigest()
        wanted = {"nonce": nonce, "username": user, "password": PASSWORD, "admin": admin, "mac": mac}
        made = self._http.post(address, json=wanted).raise_for_status().json()
        return Client(self.url, made["user_id"], made["access_token"], made["device_id"], self._http)

    def person(self, name: str) -> Client:
        """Somebody who plays in many tests, always with the same account."""
        if name not in self._people:
            self._people[name] = self.account(name)
        return self._people[name]

    def _answers(self) -> bool:
        try:
            return self._http.get(f"{self.url}/health").is_success
        except httpx.TransportError:
            return False


@contextmanager
def synapse() -> Iterator[Synapse]:
    """Raises NoSynapse where it is not set up."""
    if not PYTHON.exists():
        raise NoSynapse("no Synapse here: make synapse")
    folder = Path(tempfile.mkdtemp(prefix="sopwith-synapse-"))
    server = Synapse(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
