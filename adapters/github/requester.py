"""PyGithub's requester, with our own HTTP below it."""

import threading
from collections.abc import ItemsView
from typing import Any

import requests
from github import Auth
from github.Requester import Requester

from adapters.github.wire import Wire

USER_AGENT = "sopwith"


def requester(wire: Wire, token: str, base_url: str, api_version: str) -> Requester:
    """Asks GitHub at `base_url` through `wire`, and repeats nothing by itself."""

    class Plain(_Connection):
        protocol, standard = "http", 80

        def __init__(self, host: str, port: int | None = None, **_: Any) -> None:
            super().__init__(wire, host, port)

    class Secure(Plain):
        protocol, standard = "https", 443

    class Ours(Requester):
        # PyGithub lets connections be chosen for the whole process only; these are the names of its choice.
        _Requester__httpConnectionClass = Plain
        _Requester__httpsConnectionClass = Secure

    return Ours(
        auth=Auth.Token(token),
        base_url=base_url,
        timeout=15,
        user_agent=USER_AGENT,
        per_page=100,
        verify=True,
        retry=None,
        pool_size=None,
        lazy=True,
        api_version=api_version,
    )


class _Connection:
    """What PyGithub takes for one of its connections."""

    protocol, standard = "http", 80

    def __init__(self, wire: Wire, host: str, port: int | None) -> None:
        self.host = host
        self._wire = wire
        self._asked = threading.local()  # PyGithub shares one connection among all threads
        self._there = f"{self.protocol}://{host}:{port or self.standard}"

    def request(self, verb: str, url: str, input: Any, headers: dict[str, str], stream: bool = False) -> None:  # noqa: A002  # PyGithub's name
        self._asked.what = (verb, f"{self._there}{url}", headers, input)

    def getresponse(self) -> "_Response":
        return _Response(self._wire.ask(*self._asked.what))

    def close(self) -> None:
        """The wire is closed by whoever made it."""


class _Response:
    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self._response = response

    def getheaders(self) -> ItemsView[str, str]:
        return self._response.headers.items()

    def read(self) -> str:
        """JSON is UTF-8, whatever else the answer calls itself."""
        return self._response.content.decode("utf-8", "replace")
