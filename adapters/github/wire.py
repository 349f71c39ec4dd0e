"""HTTP to GitHub: each request through the breaker, in the call's time, its answer bounded. Reads are tried again.

PyGithub's own connections set a time for each read of a socket only, take answers of any size, and each thread sleeps
through a rate limit by itself; so its requests are made here.
"""

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError

from adapters.github.limits import budget_of, note_limits, note_words
from adapters.reach.breaker import Breaker
from adapters.reach.deadline import current
from adapters.reach.headers import FAILED, seconds_of
from adapters.reach.threads import OutOfTime

T = TypeVar("T")
Take = Callable[[requests.Response, Iterator[bytes]], T]
_HOPS = 4
CHUNK = 65536
CONNECTING = 10.0  # seconds
SHORT = 2.0  # seconds of Retry-After that a read waits for by itself
_READS = ("GET", "HEAD")
_TOO_MANY = 429


class TooMuch(Exception):
    """The answer is larger than is allowed here."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        super().__init__(largest)


class Wire:
    """`silence` is how many seconds GitHub may say nothing, `largest` the bytes of an answer's body.

    A read that is dropped, or fails at GitHub, is tried again after each of `waits` (seconds). `plain` is the address
    that is read to learn whether GitHub fails at everything, where the breaker wants to know.
    """

    def __init__(
        self,
        breaker: Breaker,
        *,
        silence: float,
        largest: int,
        waits: Sequence[float],
        sleep: Callable[[float], None] = time.sleep,
        plain: str = "",
    ) -> None:
        self.breaker = breaker
        self._plain = plain
        self._silence = silence
        self._largest = largest
        self._waits = tuple(waits)
        self._sleep = sleep
        self._session = requests.Session()
        self._session.auth = lambda request: request  # else requests looks into .netrc
        self._session.mount("http://", _Holding())
        self._session.mount("https://", _Holding())

    def ask(self, method: str, url: str, headers: Mapping[str, str], data: Any = None) -> requests.Response:
        """The whole answer, whatever it says; nothing is followed."""

        def whole(response: requests.Response) -> requests.Response:
            content = b"".join(_body(response, self._largest))
            response._content = content  # read here, where it is bounded; later readers find it
            note_words(self.breaker, response, content)
            return response

        return self._tried(method, url, headers, data, whole)

    def read(self, url: str, headers: Mapping[str, str], take: Take[T]) -> T:
        """What `take` makes of the answer and its bytes, as they come, wherever GitHub sends us for them.

        Nobody else hears our token. Raises TooManyRedirects where we are sent on and on.
        """
        for _ in range(_HOPS):
            found = self._tried("GET", url, headers, None, partial(_elsewhere_or, take))
            if not isinstance(found, _Elsewhere):
                return found
            there = urljoin(url, found.address)
            if _origin(there) != _origin(url):
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            url = there
        raise requests.TooManyRedirects("GitHub sends us on and on")

    def close(self) -> None:
        self._session.close()

    def _tried(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: Any,
        take: Callable[[requests.Response], T],
    ) -> T:
        for wait in self._waits if method in _READS else ():
            try:
                with self._sent(method, url, headers, data) as response:
                    pause = _pause(response)
                    if pause is None or current().remaining <= max(wait, pause):
                        return take(response)
            except requests.RequestException as error:
                if not _dropped(error) or current().remaining <= wait:
                    raise
                pause = 0.0
            self._sleep(max(wait, pause))
        with self._sent(method, url, headers, data) as response:
            return take(response)

    @contextmanager
    def _sent(self, method: str, url: str, headers: Mapping[str, str], data: Any) -> Iterator[requests.Response]:
        """The answer, its body still to come. What it says of limits holds for everybody from then on."""
        deadline = current()
        if deadline.over:
            raise OutOfTime
        if self.breaker.admit(budget_of(url)):
            if self._plain:
                self._ask_plainly(headers)
            self.breaker.admit(budget_of(url))
        with self._response(method, url, headers, data) as response:
            yield response

    def _ask_plainly(self, headers: Mapping[str, str]) -> None:
        """Whatever comes of it is told to the breaker, and to nobody else."""
        with (
            suppress(requests.RequestException, OutOfTime),
            self._response("GET", self._plain, headers, None, probe=True),
        ):
            pass

    @contextmanager
    def _response(
        self, method: str, url: str, headers: Mapping[str, str], data: Any, *, probe: bool = False
    ) -> Iterator[requests.Response]:
        """One request that was let through, and its answer."""
        deadline, sockets = current(), _Sockets()
        timeout = (min(CONNECTING, deadline.remaining), min(self._silence, deadline.remaining))
        with deadline.holding(sockets.cut), sockets.used():
            try:
                with self.breaker.sending(requests.RequestException):
                    response = self._session.request(
                        method, url, headers=headers, data=data, timeout=timeout, stream=True, allow_redirects=False
                    )
                    note_limits(self.breaker, url, response)
                with response:
                    yield response
                    if deadline.was_cut:  # what looks like the answer's end may be ours
                        raise OutOfTime
            except (requests.RequestException, OutOfTime) as error:
                late = deadline.over or isinstance(error, requests.Timeout)
                self.breaker.failed("no answer in time" if late else "no complete answer", probe=probe)
                if deadline.over:
                    raise OutOfTime from error
                raise
        if response.status_code >= FAILED:
            self.breaker.failed(f"status {response.status_code}", probe=probe)
        else:
            self.breaker.answered()


@dataclass(frozen=True)
class _Elsewhere:
    address: str


def _elsewhere_or(take: Take[T], response: requests.Response) -> T | _Elsewhere:
    if response.is_redirect:
        return _Elsewhere(response.headers["Location"])
    return take(response, _body(response, None))


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _body(response: requests.Response, largest: int | None) -> Iterator[bytes]:
    """The body, unpacked, as it comes. Raises TooMuch beyond `largest` bytes."""
    got = 0
    for chunk in response.iter_content(CHUNK):
        got += len(chunk)
        if largest is not None and got > largest:
            raise TooMuch(largest)
        yield chunk


def _pause(response: requests.Response) -> float | None:
    """How long to wait before the same read is tried again; None where that is not to be done by itself."""
    named = seconds_of(response.headers.get("Retry-After"))
    again = response.status_code >= FAILED or (response.status_code == _TOO_MANY and named is not None)
    seconds = named or 0.0
    return seconds if again and seconds <= SHORT else None


def _dropped(error: requests.RequestException) -> bool:
    """The connection broke, as it does now and then. A silence is none: who was silent once will be again."""
    cause = error.args[0] if error.args else None
    broken = isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError)
    return broken and not isinstance(error, requests.Timeout) and not isinstance(cause, ReadTimeoutError)


class _Sockets:
    """The sockets one request waits on, so that another thread can end that."""

    def __init__(self) -> None:
        self._open: list[socket.socket] = []

    def hold(self, there: socket.socket) -> None:
        self._open.append(there)

    def cut(self) -> None:
        for each in tuple(self._open):
            with suppress(OSError):  # closed already
                socket.socket.shutdown(each, socket.SHUT_RDWR)  # not TLS's own, which would wait for an answer

    @contextmanager
    def used(self) -> Iterator[None]:
        before = _sockets.set(self)
        try:
            yield
        finally:
            _sockets.reset(before)


_sockets: ContextVar[_Sockets | None] = ContextVar("sockets", default=None)


def _hold(there: socket.socket | None) -> None:
    sockets = _sockets.get()
    if sockets is not None and there is not None:
        sockets.hold(there)


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        there = super()._new_conn()
        _hold(there)
        return there

    def request(self, *arguments: Any, **named: Any) -> None:
        _hold(self.sock)
        super().request(*arguments, **named)


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        there = super()._new_conn()
        _hold(there)  # until TLS stands; it then has a socket of its own
        return there

    def connect(self) -> None:
        super().connect()
        _hold(self.sock)

    def request(self, *arguments: Any, **named: Any) -> None:
        _hold(self.sock)
        super().request(*arguments, **named)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Holding(HTTPAdapter):
    """Its connections are held by the request that uses them."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
