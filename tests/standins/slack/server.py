"""The HTTP server: Web API, uploads, response URLs and web sockets on one port of this machine."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.standins.slack import chat_methods, file_methods, marking_methods, reading_methods
from tests.standins.slack.delivery import Post, Stirred
from tests.standins.slack.errors import Json, SlackError
from tests.standins.slack.faults import Fault, Faults, Hang, Limits
from tests.standins.slack.hooks import respond
from tests.standins.slack.http_mode import HttpMode, Signing
from tests.standins.slack.methods import ALL_SCOPES, METHODS, Context
from tests.standins.slack.requests import Call, bearer, parameters
from tests.standins.slack.sockets import Sockets
from tests.standins.slack.workspace import Workspace

REGISTERED = (chat_methods, file_methods, marking_methods, reading_methods)
BOT_TOKEN = "xoxb-1-standin"
APP_TOKEN = "xapp-1-standin"
SIGNING_SECRET = "not-much-of-a-secret"


class Server:
    """Slack's side of the wire."""

    def __init__(self, clock: Callable[[], datetime], *, bot_name: str = "sopwith", ack_within: float = 5.0) -> None:
        self.workspace = Workspace(clock, bot_name)
        self.scopes: set[str] = set(ALL_SCOPES)
        self.app_scopes: set[str] = {"connections:write"}
        self.faults = Faults()
        self.limits = Limits(clock)
        self.requests: list[Call] = []
        self.tokens = {BOT_TOKEN: "bot", APP_TOKEN: "app"}
        self.revoked: set[str] = set()
        self.stirred = Stirred()
        self.sockets = Sockets(self.workspace, lambda: self.base_url, ack_within, self.stirred)
        self.http = HttpMode(Signing(SIGNING_SECRET, clock), ack_within)
        self.post = Post(self.workspace, self.scopes, self.sockets)
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    @property
    def api_url(self) -> str:
        """For `AsyncWebClient(base_url=…)`."""
        return f"{self.base_url}/api/"

    @property
    def context(self) -> Context:
        return Context(self.workspace, self.base_url, self.scopes, self.post.announce, self.sockets.new_url)

    async def start(self) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/v1/{file}", self._upload)
        app.router.add_get("/files/{file}", self._download)
        app.router.add_post("/hooks/{key:.+}", self._hook)
        app.router.add_get("/link/", self.sockets.accept)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"

    async def stop(self) -> None:
        self.faults.release_all()
        await self.post.abandon()
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        try:
            params = await parameters(request)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_json"})
        token = bearer(request, params)
        call = Call(name, params, self.workspace.clock(), token, headers=dict(request.headers))
        self.requests.append(call)
        return await self._troubled(request, call, lambda: self._answer(call))

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        if request.content_type == "multipart/form-data":
            fields = [
                value.file.read() for value in (await request.post()).values() if isinstance(value, web.FileField)
            ]
            content = fields[0] if fields else b""
        else:
            content = await request.read()
        call = Call("upload", {"file": request.match_info["file"], "length": len(content)}, self.workspace.clock())
        self.requests.append(call)
        return await self._troubled(request, call, lambda: self._received(call, content))

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Whoever has no token gets the sign-in page, with status 200, as Slack does."""
        call = Call("download", {"file": request.match_info["file"]}, self.workspace.clock(), bearer(request, {}))
        self.requests.append(call)
        file = self.workspace.files.get(str(call.params["file"]))
        if self.tokens.get(call.token) != "bot" or call.token in self.revoked or "files:read" not in self.scopes:
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        if file is None or file.content is None:
            return web.Response(status=404)
        content = file.content
        return await self._troubled(request, call, lambda: web.Response(body=content))

    async def _hook(self, request: web.Request) -> web.StreamResponse:
        params = await parameters(request)
        call = Call("response_url", params, self.workspace.clock())
        self.requests.append(call)
        return await self._troubled(request, call, lambda: self._responded(call, request.match_info["key"]))

    async def _troubled(
        self, request: web.Request, call: Call, perform: Callable[[], web.Response]
    ) -> web.StreamResponse:
        try:
            return await self._tried(request, call, perform)
        finally:
            self.stirred.stir()

    async def _tried(self, request: web.Request, call: Call, perform: Callable[[], web.Response]) -> web.StreamResponse:
        """Perform the call, with whatever trouble is scripted for it."""
        trouble = self.faults.take(call.method)
        if isinstance(trouble, SlackError):
            return self._said(call, trouble.answer())
        if isinstance(trouble, Hang):
            answer = perform() if trouble.applied else None
            await trouble.hold()
            return answer or perform()
        if isinstance(trouble, Fault):
            if trouble.applied:
                perform()
            call.answer, call.status = None, 0
            return _broken(request, trouble)
        return perform()

    def _said(
        self, call: Call, answer: Json, *, status: int = 200, headers: dict[str, str] | None = None
    ) -> web.Response:
        call.answer, call.status = answer, status
        scopes = self.app_scopes if self.tokens.get(call.token) == "app" else self.scopes
        told = {"x-oauth-scopes": ",".join(sorted(scopes)), "x-slack-req-id": self.workspace.new_id("req")}
        if (known := METHODS.get(call.method)) is not None:
            told["x-accepted-oauth-scopes"] = known.scope
        return web.json_response(answer, status=status, headers=told | (headers or {}))

    def _answer(self, call: Call) -> web.Response:
        channel = str(call.params.get("channel", ""))
        if wait := self.limits.retry_after(call.method, channel):
            said = {"ok": False, "error": "ratelimited"}
            return self._said(call, said, status=429, headers={"Retry-After": str(wait)})
        try:
            return self._said(call, self._performed(call))
        except SlackError as refusal:
            return self._said(call, refusal.answer())

    def _performed(self, call: Call) -> Json:
        known = METHODS.get(call.method)
        if known is None:
            raise SlackError("unknown_method", req_method=call.method)
        self._authorised(call)
        context = self.context
        if call.method == "apps.connections.open":
            context.scopes = self.app_scopes
        if known.scope:
            context.need(known.scope)
        return known.handle(context, call.params)

    def _authorised(self, call: Call) -> None:
        if not call.token:
            raise SlackError("not_authed")
        if call.token not in self.tokens:
            raise SlackError("invalid_auth")
        if call.token in self.revoked:
            raise SlackError("token_revoked")
        if (self.tokens[call.token] == "app") != (call.method == "apps.connections.open"):
            raise SlackError("not_allowed_token_type")

    def _received(self, call: Call, content: bytes) -> web.Response:
        file = self.workspace.files.get(str(call.params["file"]))
        if file is None or len(content) != file.length:
            call.status = 404 if file is None else 400
            return web.Response(status=call.status, text="not what was announced")
        file.content = content
        call.answer, call.status = {"ok": True}, 200
        return web.Response(text=f"OK - {len(content)}")

    def _responded(self, call: Call, key: str) -> web.Response:
        if wait := self.limits.retry_after(call.method, ""):
            call.answer, call.status = None, 429
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": str(wait)})
        try:
            respond(self.context, key, call.params)
        except SlackError as refusal:
            call.answer, call.status = refusal.answer(), 404 if refusal.name.endswith("url") else 400
            return web.json_response(call.answer, status=call.status)
        call.answer, call.status = {"ok": True}, 200
        return web.Response(text="ok")


def _broken(request: web.Request, fault: Fault) -> web.Response:
    if fault.name.startswith("CLOSED"):
        transport: Any = request.transport
        if transport is not None:
            transport.abort()
        return web.Response(status=500)
    if fault.name.startswith("MALFORMED"):
        return web.Response(text='{"ok": true, "ts": "17000', content_type="application/json")
    return web.Response(
        status=503 if fault is Fault.HTTP_503 else 500, text="<html>Server Error</html>", content_type="text/html"
    )
