"""From HTTP to a handler and back: log, faults, tokens, routes. Everything runs on the server's one thread."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Router
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from adapters.sandbox import github_rest, packages, registry, rest_releases, upstream
from adapters.sandbox.api import Call, Json, Reply, Route
from adapters.sandbox.core import Core
from adapters.sandbox.faults import Exchange, Fault, Faults, Harm, RequestLog, Silence
from adapters.sandbox.github_graphql import GraphQl
from adapters.sandbox.observation import catch_up
from adapters.sandbox.people import PEOPLE, WORKFLOW, Person, by_token
from adapters.sandbox.project import NAME, OWNER
from adapters.sandbox.refusal import Refusal, not_found

GRAPHQL = Route("POST", "/graphql", lambda core, call: GraphQl(core).answer(call))
_TOKEN_WORDS = ("token", "bearer")


class Dispatcher:
    """An ASGI application. `drop` breaks off the connection of a client address."""

    def __init__(
        self,
        core: Core,
        faults: Faults,
        silence: Silence,
        log: RequestLog,
        drop: Callable[[tuple[str, int] | None], None],
        *,
        registry_asks_for_token: bool,
    ) -> None:
        self._core, self._faults, self._log, self._drop = core, faults, log, drop
        self._silence = silence
        self._registry_asks = registry_asks_for_token
        self._graphql = GraphQl(core)
        self._router = Router(list(self._routes()), redirect_slashes=False, default=self._nowhere)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if not _is_here(request):
            await PlainTextResponse("This server answers on this machine alone.", 421)(scope, receive, send)
            return
        body = await request.body()
        path = request.url.path
        if self._silence.meets(path):
            await _say_nothing(receive)
            return
        fault = self._faults.take(request.method, path, body)
        if fault is not None and fault.harm is not Harm.DROP_AFTER:
            await self._harm(fault, request, body, send)
            return
        scope["sandbox.body"] = body
        scope["sandbox.silent"] = fault is not None
        await self._router(scope, receive, send)
        if fault is not None:
            self._drop(scope["client"])

    async def _harm(self, fault: Fault, request: Request, body: bytes, send: Send) -> None:
        """Answer with the error, or break off."""
        dropped = fault.harm is Harm.DROP
        status = 0 if dropped else fault.status
        self._log.entries.append(Exchange(request.method, request.url.path, "", status))
        if dropped:
            self._drop(request.scope["client"])
        else:
            reply = github_rest.refusal(Refusal(fault.status, fault.message))
            await _response(reply, fault.headers)(request.scope, request.receive, send)

    def _routes(self) -> Iterator[HttpRoute]:
        for route in github_rest.routes():
            yield self._http_route(route, self._forge)
        yield self._http_route(GRAPHQL, self._forge_graphql)
        yield self._http_route(registry.TOKEN_ROUTE, self._open)
        for route in packages.ROUTES:
            yield self._http_route(route, self._open)
        for route in registry.ROUTES:
            yield self._http_route(route, self._registry)

    def _http_route(self, route: Route, answer: Callable[[Route, Request], Reply]) -> HttpRoute:
        path = route.path
        for name in route.deep:
            path = path.replace(f"{{{name}}}", f"{{{name}:path}}")

        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope)
            reply = self._guarded(answer, route, request)
            response = _response(reply)
            self._note(route, request, response, reply)
            if not scope["sandbox.silent"]:
                await response(scope, receive, send)

        # starlette takes a plain ASGI callable only as an object that is no function.
        return _ExactRoute(path, _Endpoint(endpoint), methods=[route.method])

    async def _nowhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """No route takes this method and path."""
        self._log.entries.append(Exchange(scope["method"], scope["path"], "", 404))
        if not scope["sandbox.silent"]:
            await _response(github_rest.refusal(not_found()))(scope, receive, send)

    def _guarded(self, answer: Callable[[Route, Request], Reply], route: Route, request: Request) -> Reply:
        try:
            with self._core.changing():
                catch_up(self._core)
                reply = answer(route, request)
                catch_up(self._core)
                return reply
        except Refusal as no:
            return github_rest.refusal(no)

    def _forge(self, route: Route, request: Request) -> Reply:
        person = _authenticated(request)
        params = request.path_params
        core, call = self._core, _call(request, person, _json_body(request))
        if "owner" in params and (params["owner"], params["repo"]) != (OWNER, NAME) and not _is_upstream(route, params):
            beside = self._core.beside.get(f"{params['owner']}/{params['repo']}")
            if beside is None or person.role == "read":
                raise not_found()
            core = beside
        return route.handler(core, call)

    def _forge_graphql(self, route: Route, request: Request) -> Reply:
        return self._graphql.answer(_call(request, _authenticated(request), _json_body(request)))

    def _registry(self, route: Route, request: Request) -> Reply:
        call = _call(request, PEOPLE[WORKFLOW], {})
        refusal = registry.challenge(self._core, call) if self._registry_asks else None
        return refusal or route.handler(self._core, call)

    def _open(self, route: Route, request: Request) -> Reply:
        return route.handler(self._core, _call(request, PEOPLE[WORKFLOW], {}))

    def _note(self, route: Route, request: Request, response: Response, reply: Reply) -> None:
        status = 0 if request.scope["sandbox.silent"] else reply.status
        entry = Exchange(request.method, request.url.path, route.path, status)
        if self._log.keep_bodies:
            entry = Exchange(
                request.method,
                request.url.path,
                route.path,
                status,
                query=request.url.query,
                request=request.scope["sandbox.body"],
                response=bytes(response.body),
                media_type=reply.media_type,
            )
        self._log.entries.append(entry)


class _ExactRoute(HttpRoute):
    """To the forge a path asked for with the wrong method is a path that is not there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.FULL, child) if match is Match.FULL else (Match.NONE, {})


class _Endpoint:
    def __init__(self, app: Callable[[Scope, Receive, Send], Any]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _is_here(request: Request) -> bool:
    """A page in somebody's browser that has its own name lead here says that name."""
    host = request.headers.get("host", "")
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() else host) in {"127.0.0.1", "localhost"}


async def _say_nothing(receive: Receive) -> None:
    """Until whoever asked gives up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _is_upstream(route: Route, params: Mapping[str, str]) -> bool:
    """Of the other project only its releases are served."""
    asked = (route.handler, f"{params['owner']}/{params['repo']}")
    return asked == (rest_releases.list_releases, upstream.FULL_NAME)


def _authenticated(request: Request) -> Person:
    word, _, token = request.headers.get("authorization", "").partition(" ")
    person = by_token(token) if word.lower() in _TOKEN_WORDS else None
    if person is None:
        raise Refusal(401, "Bad credentials" if word else "Requires authentication")
    return person


def _json_body(request: Request) -> Json:
    content: bytes = request.scope["sandbox.body"]
    if not content:
        return {}
    try:
        value = json.loads(content)
    except ValueError as wrong:
        raise Refusal(400, "Problems parsing JSON") from wrong
    if isinstance(value, list):
        return {"labels": value}  # the one thing that may be given as a bare list
    if not isinstance(value, dict):
        raise Refusal(400, "Body should be a JSON object")
    return value


def _call(request: Request, person: Person, body: Json) -> Call:
    return Call(
        method=request.method,
        url=f"{request.url.scheme}://{request.url.netloc}{request.url.path}",
        params=request.path_params,
        query=request.query_params,
        headers=request.headers,
        content=request.scope["sandbox.body"],
        body=body,
        by=person,
    )


def _response(reply: Reply, extra: Mapping[str, str] | None = None) -> Response:
    if isinstance(reply.body, bytes):
        content = reply.body
    elif reply.status == 204:
        content = b""
    else:
        content = json.dumps(reply.body).encode()
    headers = {**reply.headers, **(extra or {})}
    return Response(content, reply.status, headers, media_type=reply.media_type)
