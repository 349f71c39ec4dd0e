"""How a registry asks who we are: `Basic`, or `Bearer` with a token from the realm it names.

The realm comes from outside and is where the password would be sent, so it must be a host we know; and the token is
asked for our own image only, whatever scope the registry names.
"""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused
from sops.kit.patterns import Pattern

_PARAMETER = Pattern(r'([A-Za-z]+)="([^"]*)"')


@dataclass(frozen=True)
class Credentials:
    username: str
    password: SecretStr

    def basic(self) -> httpx.BasicAuth:
        return httpx.BasicAuth(self.username, self.password.get_secret_value())


class RegistryAuth(httpx.Auth):
    """Answers one challenge per request; tokens are kept per scope until the registry no longer takes them.

    Raises FarEndRefused when the realm is not allowed or refuses us, FarEndError when it fails. Nothing has been
    changed at the registry by then: a request it challenges is a request it did not carry out.
    """

    requires_response_body = True

    def __init__(
        self, registry: httpx.URL, image: str, credentials: Credentials | None, realm_hosts: frozenset[str]
    ) -> None:
        self._registry = registry
        self._image = image
        self._credentials = credentials
        self._allowed_at = {_named(host) for host in realm_hosts} | {_at(registry)}
        self._authorizations: dict[str, str] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        scope = self._scope(request)
        if known := self._authorizations.get(scope):
            request.headers["Authorization"] = known
        response = yield request
        if response.status_code != 401:
            return
        challenge = response.headers.get("WWW-Authenticate", "")
        if challenge.lower().startswith("bearer "):
            answer = yield self._token_request(challenge, scope)
            self._authorizations[scope] = f"Bearer {_token(answer)}"
        elif challenge.lower().startswith("basic") and self._credentials:
            self._authorizations[scope] = _basic_header(self._credentials)
        else:
            return
        request.headers["Authorization"] = self._authorizations[scope]
        yield request

    def _scope(self, request: httpx.Request) -> str:
        actions = {"GET": "pull", "HEAD": "pull", "DELETE": "pull,delete"}.get(request.method, "pull,push")
        return f"repository:{self._image}:{actions}"

    def _token_request(self, challenge: str, scope: str) -> httpx.Request:
        named = {name.lower(): value for name, value in _PARAMETER.findall(challenge)}
        realm = self._allowed(named.get("realm", ""))
        wanted = {"scope": scope} | ({"service": named["service"]} if "service" in named else {})
        try:
            asking = httpx.Request("GET", realm.copy_merge_params(wanted))
        except httpx.InvalidURL as error:
            raise FarEndRefused("the registry asks for a token in a way that makes no URL") from error
        if self._credentials:
            asking.headers["Authorization"] = _basic_header(self._credentials)
        return asking

    def _allowed(self, realm: str) -> httpx.URL:
        try:
            url = httpx.URL(realm)
        except httpx.InvalidURL as error:
            raise FarEndRefused("the registry names a token realm that is not a URL") from error
        if _at(url) not in self._allowed_at:
            where = f"{_at(url)[0]}:{_at(url)[1]}"
            raise FarEndRefused(
                f"the registry wants a token from {where!r}, which is not an allowed realm host; if it is yours, name "
                "it in registry_realms"
            )
        if url.userinfo or url.scheme not in ("https", self._registry.scheme):
            raise FarEndRefused(f"the registry's token realm at {url.host!r} is not a plain https URL")
        return url


def _at(url: httpx.URL) -> tuple[str, int | None]:
    """Host and port: whoever listens at another port of a host may be somebody else."""
    return url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)


def _named(host: str) -> tuple[str, int | None]:
    """As the settings name it. Raises ConfigurationError for what is no host."""
    with suppress(httpx.InvalidURL):
        url = httpx.URL(f"https://{host}")
        if url.host and not url.userinfo and url.raw_path == b"/" and "/" not in host:
            return _at(url)
    raise ConfigurationError(f"registry_realms: {host!r} is neither a host nor host:port")


def _basic_header(credentials: Credentials) -> str:
    request = next(credentials.basic().auth_flow(httpx.Request("GET", "https://realm.invalid")))
    return request.headers["Authorization"]


def _token(answer: httpx.Response) -> str:
    if answer.status_code == 429 or answer.status_code >= 500:
        raise FarEndError(f"the registry's token realm fails ({answer.status_code}); nothing happened")
    if answer.status_code != 200:
        raise FarEndRefused(f"the registry's token realm refuses these credentials ({answer.status_code})")
    try:
        body = answer.json()
        token = body.get("token") or body.get("access_token")
    except (ValueError, AttributeError, RecursionError) as error:
        raise FarEndError("the registry's token realm does not answer with JSON") from error
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise FarEndError("the registry's token realm answers without a token")
    return token
