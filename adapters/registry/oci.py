"""`OciRegistry`: manifests of one image, byte for byte."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache

import httpx
from pydantic import SecretStr

from adapters.reach.answered import note
from adapters.reach.bounded import Bounded, TooLarge
from adapters.reach.breaker import Breaker
from adapters.reach.deadline import Seconds
from adapters.reach.threads import OutOfTime
from adapters.reach.within import within
from adapters.registry.auth import Credentials, RegistryAuth
from adapters.registry.errors import answered, is_temporary, late, unanswered
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused, OutcomeUnknown
from sops.kit.patterns import Pattern
from sops.kit.world import Manifest

ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""All we can retag. Without the OCI types a registry answers 404 for an OCI image."""

# The grammar of the OCI distribution specification.
_IMAGE = Pattern(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = Pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_MOST_PAGES = 1000
CALL_SECONDS = 60.0
LARGEST = 4 * 1024**2  # bytes of a manifest that registries promise to take
_DIGEST = Pattern(r"sha256:[0-9a-f]{64}")


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust, read once: reading it takes longer than everything else at a start."""
    return httpx.create_ssl_context()


class OciRegistry:
    """`image` at the registry `base_url`. Reads are tried once more after each of `waits` (seconds); writes never.

    `seconds` is what a call may take with all its tries, `timeout` how long the registry may be silent in it; `largest`
    is in bytes, of an answer.
    `realm_hosts` are the hosts (`host`, or `host:port` where it is not 443), beside the registry's own, that may be
    asked for a token.
    Raises ConfigurationError for an image name or address that cannot be one.
    """

    def __init__(
        self,
        base_url: str,
        image: str,
        *,
        username: str | None = None,
        password: SecretStr | None = None,
        realm_hosts: frozenset[str] = frozenset(),
        timeout: float = 15.0,
        seconds: Seconds = lambda: CALL_SECONDS,
        largest: int = LARGEST,
        waits: Sequence[float] = (0.5, 2.0),
        breaker: Breaker | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        url = httpx.URL(base_url)
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ConfigurationError("the registry's address must be http(s)://host without credentials in it")
        if not _IMAGE.fullmatch(image):
            raise ConfigurationError(f"{image!r} is not an image name")
        credentials = Credentials(username, password) if username and password else None
        self._image = image
        self._seconds = seconds
        self.breaker = breaker or Breaker("registry", "the image registry", probed=True)
        self._waits = tuple(waits)
        self._sleep = sleep
        self._client = httpx.AsyncClient(
            base_url=url,
            auth=RegistryAuth(url, image, credentials, realm_hosts),
            timeout=timeout,
            follow_redirects=False,
            transport=Bounded(largest, _trusted()),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def manifest(self, reference: str) -> Manifest | None:
        """By tag or digest; its bytes have its digest. Raises FarEndError where they do not."""
        if not (_TAG.fullmatch(reference) or _DIGEST.fullmatch(reference)):
            raise FarEndRefused(f"{reference!r} is neither a tag nor a sha256 digest")
        what = f"reading the manifest {self._image}:{reference}"
        async with self._in_time(what):
            response = await self._read(self._path(reference), what)
            if response.status_code == 404:
                return None
            if response.status_code != 200:
                raise answered(response, what, write=False)
            return _checked(response, reference, what)

    async def put(self, tag: str, manifest: Manifest) -> None:
        """Point `tag` at exactly these bytes. Raises FarEndRefused, sending nothing, if they lack their digest."""
        what = f"tagging {self._image}:{tag}"
        if not _TAG.fullmatch(tag):
            raise FarEndRefused(f"{tag!r} is not a tag")
        if _digest(manifest.body) != manifest.digest:
            raise FarEndRefused(f"{what}: the manifest's bytes do not have the digest {manifest.digest}")
        async with self._in_time(what, write=True):
            response = await self._write(self._path(tag), manifest, what)
            if response.status_code not in (200, 201, 202):
                raise answered(response, what, write=True)
            stored = response.headers.get("Docker-Content-Digest", manifest.digest)
            if stored != manifest.digest:
                raise OutcomeUnknown(f"{what}: the registry reports the digest {stored}, not {manifest.digest}")

    async def tags(self) -> Sequence[str]:
        """All pages of them, sorted. Raises FarEndError where the next page is elsewhere or the list has no end."""
        what = f"listing the tags of {self._image}"
        async with self._in_time(what):
            return await self._tags(what)

    async def _tags(self, what: str) -> Sequence[str]:
        path, found = f"/v2/{self._image}/tags/list", set[str]()
        for _ in range(_MOST_PAGES):
            response = await self._read(path, what)
            if response.status_code == 404:
                return ()
            if response.status_code != 200:
                raise answered(response, what, write=False)
            found.update(_listed_tags(response, what))
            following = response.links.get("next", {}).get("url")
            if following is None:
                return sorted(found)
            path = self._page(response, following, what)
        raise FarEndError(f"{what}: the registry's list has no end")

    async def delete(self, digest: str) -> None:
        """Delete the manifest and so every tag on it. Raises FarEndRefused where the registry does not allow that."""
        what = f"deleting the manifest {self._image}@{digest}"
        if not _DIGEST.fullmatch(digest):
            raise FarEndRefused(f"{digest!r} is not a sha256 digest")
        async with self._in_time(what, write=True):
            try:
                response = await self._asked("DELETE", self._path(digest))
            except httpx.RequestError as error:
                raise unanswered(error, what, write=True) from error
            if response.status_code in (403, 405):
                raise FarEndRefused(f"{what}: the registry does not allow deletion to this account")
            if response.status_code not in (200, 202, 204, 404):
                raise answered(response, what, write=True)

    @asynccontextmanager
    async def _in_time(self, what: str, *, write: bool = False) -> AsyncIterator[None]:
        """A call's total time, with all its tries and pages. Raises what its end means."""
        with self.breaker.named():
            try:
                async with within(self._seconds()):
                    yield
            except OutOfTime as error:
                self.breaker.failed("no answer in time")
                raise late(what, write=write) from error
            finally:
                await self.breaker.tell()

    def _page(self, response: httpx.Response, following: str, what: str) -> str:
        """The next page's path. A registry may name only itself: the token goes there."""
        there = response.url.join(following)
        if (there.scheme, there.host, there.port) != (response.url.scheme, response.url.host, response.url.port):
            raise FarEndError(f"{what}: the registry sends us to another host")
        return there.raw_path.decode("ascii")

    def _path(self, reference: str) -> str:
        return f"/v2/{self._image}/manifests/{reference}"

    async def _read(self, path: str, what: str) -> httpx.Response:
        """The first answer that is not a failure, or the last one."""
        for wait in self._waits:
            try:
                response = await self._asked("GET", path, {"Accept": ACCEPT})
            except httpx.RequestError as error:
                if isinstance(error, TooLarge | httpx.TimeoutException):  # it would be so again
                    raise unanswered(error, what, write=False) from error
                await self._sleep(wait)
                continue
            if not is_temporary(response):
                return response
            await self._sleep(wait)
        try:
            return await self._asked("GET", path, {"Accept": ACCEPT})
        except httpx.RequestError as error:
            raise unanswered(error, what, write=False) from error

    async def _write(self, path: str, manifest: Manifest, what: str) -> httpx.Response:
        headers = {"Content-Type": manifest.media_type, "Accept": ACCEPT}
        try:
            return await self._asked("PUT", path, headers, manifest.body)
        except httpx.RequestError as error:
            raise unanswered(error, what, write=True) from error

    async def _asked(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        """One request, through the breaker; it learns how that went."""
        if self.breaker.admit():
            with suppress(httpx.RequestError):
                await self._sent("GET", "/v2/", probe=True)
            self.breaker.admit()
        return await self._sent(method, path, headers, content)

    async def _sent(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        probe: bool = False,
    ) -> httpx.Response:
        try:
            with self.breaker.sending(httpx.RequestError):
                response = await self._client.request(method, path, headers=headers, content=content)
        except TooLarge:
            self.breaker.answered()
            raise
        except httpx.RequestError as error:
            late = isinstance(error, httpx.TimeoutException)
            self.breaker.failed("no answer in time" if late else "no complete answer", probe=probe)
            raise
        note(self.breaker, response, probe=probe)
        return response


def _checked(response: httpx.Response, reference: str, what: str) -> Manifest:
    body, digest = response.content, _digest(response.content)
    claimed = {response.headers.get("Docker-Content-Digest", digest), digest}
    if _DIGEST.fullmatch(reference):
        claimed.add(reference)
    if len(claimed) > 1:
        raise FarEndError(f"{what}: the registry's bytes do not have their digest")
    media_type = response.headers.get("Content-Type", "").strip()
    if not media_type:
        raise FarEndError(f"{what}: the registry does not say what kind of manifest it is")
    return Manifest(digest, media_type, body)


def _listed_tags(response: httpx.Response, what: str) -> list[str]:
    try:
        tags = response.json()["tags"] or []  # null where every tag was deleted
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise FarEndError(f"{what}: the registry does not answer with a list") from error
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise FarEndError(f"{what}: the registry does not answer with a list of tags")
    return tags


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
