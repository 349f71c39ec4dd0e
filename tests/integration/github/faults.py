"""A far end that answers by script, and badly on demand: real sockets, real time-outs, real dropped connections."""

import json
import socket
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; `path` still quoted."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """`body` is bytes, or anything JSON can hold."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Drop:
    """Reads the request and closes the connection without a word."""


class Hang:
    """Reads the request and says nothing until the test is over."""


@dataclass(frozen=True)
class Half:
    """Promises more bytes than it sends."""

    answer: Answer


@dataclass(frozen=True)
class Trickle:
    """Sends a byte now and then for as long as it is listened to: of its head, or of a body after a whole head."""

    head: bool = False


@dataclass(frozen=True)
class Endless:
    """A body without an end, as fast as it is read; with `packed`, zeros that were packed a thousand to one.

    With `promised` it says beforehand how many bytes will come.
    """

    packed: bool = False
    promised: int = 0


Script = Answer | Drop | Hang | Half | Trickle | Endless | Callable[[Seen], Answer]


class FaultServer:
    """`on(method, path, …)` scripts the answers in order; the last one is repeated. What is not scripted is 418."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.sent = 0  # bytes of what has no end
        self.gone = threading.Event()  # whoever was sent what has no end has gone away
        self._scripts: dict[tuple[str, str], list[Script]] = defaultdict(list)
        self._over = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, method: str, path: str, *scripts: Script) -> None:
        self._scripts[method, path] = list(scripts)

    def count(self, method: str, path: str | None = None) -> int:
        return sum(seen.method == method and path in (None, seen.path) for seen in self.seen)

    def last(self, method: str) -> Seen:
        return [seen for seen in self.seen if seen.method == method][-1]

    @contextmanager
    def running(self) -> Iterator["FaultServer"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()

    def _next(self, seen: Seen) -> Script:
        self.seen.append(seen)
        scripts = self._scripts.get((seen.method, seen.path), [])
        if not scripts:
            return Answer(418, {"message": f"not scripted: {seen.method} {seen.path}"})
        return scripts.pop(0) if len(scripts) > 1 else scripts[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                url = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, url.path, dict(parse_qsl(url.query)), headers, self.rfile.read(length))
                script = server._next(seen)
                if isinstance(script, Drop | Hang):
                    if isinstance(script, Hang):
                        server._over.wait(30)
                    self._hang_up()
                elif isinstance(script, Trickle):
                    self._trickle(script)
                elif isinstance(script, Endless):
                    self._go_on(script)
                elif isinstance(script, Half):
                    self._send(script.answer, extra=100)
                    self._hang_up()
                else:
                    self._send(script if isinstance(script, Answer) else script(seen))

            do_GET = do_POST = do_PUT = do_PATCH = do_HEAD = do_DELETE = _serve  # noqa: N815  # http.server's names

            def _send(self, answer: Answer, extra: int = 0) -> None:
                head = f"HTTP/1.1 {answer.status} Scripted\r\n"
                headers = {"Content-Length": str(len(answer.payload) + extra), **answer.headers}
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                self.wfile.write(f"{head}{lines}\r\n".encode() + answer.payload)

            def _trickle(self, script: Trickle) -> None:
                head = b"HTTP/1.1 200 Scripted\r\n" + (b"X: " if script.head else b"Content-Length: 1000000\r\n\r\n")
                self._until_gone(head, b"1", pause=0.02)

            def _go_on(self, script: Endless) -> None:
                named = f"Content-Length: {script.promised}\r\n" if script.promised else ""
                named += "Content-Encoding: gzip\r\n" if script.packed else ""
                head = f"HTTP/1.1 200 Scripted\r\nContent-Type: application/json\r\n{named}Connection: close\r\n\r\n"
                packer = zlib.compressobj(6, zlib.DEFLATED, 31)
                first = packer.compress(bytes(8 * 1024**2)) if script.packed else b""
                more = packer.compress(bytes(8 * 1024**2)) if script.packed else b"[" * 65536
                self._until_gone(head.encode() + first, more)

            def _until_gone(self, first: bytes, more: bytes, pause: float = 0.0) -> None:
                self.close_connection = True
                try:
                    self.wfile.write(first)
                    while not server._over.wait(pause):
                        self.wfile.write(more)
                        server.sent += len(more)
                except OSError:
                    server.gone.set()

            def _hang_up(self) -> None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
                pass

        return Handler


def a_closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
