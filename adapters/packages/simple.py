"""`SimpleIndex`: one project's page of a Python package index, in its JSON form (PEP 691, yanking by PEP 592)."""

from collections.abc import Mapping
from typing import Any

import httpx

from adapters.reach.answered import note, retry_after
from adapters.reach.bounded import Bounded, TooLarge
from adapters.reach.breaker import Breaker
from adapters.reach.deadline import Seconds
from adapters.reach.threads import OutOfTime
from adapters.reach.within import within
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused
from sops.kit.patterns import Pattern, escape

LARGEST = 8 * 1024**2  # bytes
ACCEPT = "application/vnd.pypi.simple.v1+json"


class SimpleIndex:
    """`page` is the address of the project's page. Reads only, and without credentials. `seconds` is what a call may
    take, `timeout` how long the index may be silent in it; `largest` is in bytes, of the page.

    Raises ConfigurationError for an address that cannot be one.
    """

    def __init__(
        self,
        page: str,
        *,
        timeout: float = 15.0,
        seconds: Seconds = lambda: 60.0,
        largest: int = LARGEST,
        breaker: Breaker | None = None,
    ) -> None:
        url = httpx.URL(page)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ConfigurationError("the package's page must be http(s)://host/… without credentials in it")
        self._page = url
        self._timeout = timeout
        self._seconds = seconds
        self._largest = largest
        self.breaker = breaker or Breaker("packages", "the package index")
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def yanked(self, version: str) -> bool | None:
        """Every file of the version is yanked; None when the index has none of it."""
        with self.breaker.named():
            return await self._yanked(version)

    async def _yanked(self, version: str) -> bool | None:
        try:
            response = await self._page_now()
        finally:
            await self.breaker.tell()
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            failed = f"reading the package's page: status {response.status_code}"
            if response.status_code >= 429:
                raise FarEndError(failed, retry_after=retry_after(response), said=str(response.status_code))
            raise FarEndRefused(failed)
        files = [each for each in _files(response) if _is_of(str(each.get("filename", "")), version)]
        return all(bool(each.get("yanked")) for each in files) if files else None

    async def _page_now(self) -> httpx.Response:
        self.breaker.admit()
        try:
            async with within(self._seconds()):
                with self.breaker.sending(httpx.RequestError):
                    response = await self._opened().get(self._page, headers={"Accept": ACCEPT})
        except TooLarge as error:
            self.breaker.answered()
            raise FarEndRefused("reading the package's page: it is larger than allowed here, or packed") from error
        except (OutOfTime, httpx.TimeoutException) as error:
            self.breaker.failed("no answer in time")
            late = "reading the package's page: the index did not answer in time"
            raise FarEndError(late, said="no answer in time") from error
        except httpx.RequestError as error:
            self.breaker.failed("no complete answer")
            raise FarEndError(f"reading the package's page: no answer ({type(error).__name__})") from error
        note(self.breaker, response)
        return response

    def _opened(self) -> httpx.AsyncClient:
        """Made when first needed: reading the machine's certificates is most of a bot's start."""
        if self._client is None:
            transport = Bounded(self._largest)
            self._client = httpx.AsyncClient(timeout=self._timeout, follow_redirects=False, transport=transport)
        return self._client


def _files(response: httpx.Response) -> list[Mapping[str, Any]]:
    try:
        found = response.json()["files"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise FarEndError("reading the package's page: it is no JSON of a package index") from error
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _is_of(filename: str, version: str) -> bool:
    """`skylark-1.4.0.tar.gz`, `skylark-1.4.0-py3-none-any.whl`."""
    return Pattern(rf"-{escape(version)}(?:-|\.tar\.gz$|\.zip$)").search(filename) is not None
