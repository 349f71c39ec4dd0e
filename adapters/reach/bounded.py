"""httpx for far ends that may send anything: no answer is held beyond a limit, and none is unpacked."""

import ssl
from collections.abc import AsyncIterator

import httpx

from adapters.reach.headers import number_of


class TooLarge(httpx.RequestError):
    """The answer is larger than is allowed here, or packed, so that nobody knows how large it is."""


class Bounded(httpx.AsyncBaseTransport):
    """`largest` is in bytes, of one answer's body."""

    def __init__(self, largest: int, verify: ssl.SSLContext | bool = True) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=verify)
        self._largest = largest

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, whose body ends with TooLarge where it goes beyond the limit."""
        request.headers["Accept-Encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity" or _length(response) > self._largest:
            await response.aclose()
            raise TooLarge("the answer is packed or too large", request=request)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Counted(response, self._largest, request),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response, largest: int, request: httpx.Request) -> None:
        self._response, self._largest, self._request = response, largest, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        got = 0
        async for chunk in self._response.aiter_raw():
            got += len(chunk)
            if got > self._largest:
                raise TooLarge("the answer is too large", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


def _length(response: httpx.Response) -> int:
    return number_of(response.headers.get("Content-Length"), 19) or 0  # digits of 2**63
