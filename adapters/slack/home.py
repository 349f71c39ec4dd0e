"""The bot's home in one workspace: what Slack sends is stored, and only then acknowledged.

Bolt verifies, unpacks and answers; our one middleware stands before its authorisation and is the only thing that
runs, so that no event is acknowledged by itself (Bolt does that for events before a listener runs) and none is
lost because Slack's own API cannot be asked who we are. A failure to store raises: no acknowledgement, and Slack
delivers again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.accounts import Accounts
from adapters.slack.chat import SlackChat
from adapters.slack.edge import Bounds, Edge
from adapters.slack.errors import speaking
from adapters.slack.events import MALFORMED, Payload, Translator, workspaces
from adapters.slack.forms import CALLBACK, Grammar, modal, submitted
from adapters.slack.watchdog import Watchdog
from sops.kit.conversation import Event
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused
from sops.kit.message import Form

Accept = Callable[[Event], Awaitable[bool]]
TIMEOUT = 15.0  # seconds for one call
PING = 3.0  # seconds; a cut connection is noticed after one of them
_ADDRESSED = frozenset({"event_callback", "block_actions", "view_submission", "command"})
#: Whose sender sees that it failed, and may try again.
_SEEN_TO_FAIL = frozenset({"block_actions", "view_submission", "command"})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Identity:
    """Who the bot is in its workspace, as Slack says."""

    team: str
    user: str
    bot: str
    scopes: frozenset[str]


async def who_we_are(client: AsyncWebClient) -> Identity:
    """Ask Slack whose token this is. Raises ConfigurationError when it is nobody's, or no workspace's."""
    try:
        async with speaking(writes=False):
            answer = await client.auth_test()
    except FarEndRefused as refusal:
        raise ConfigurationError(
            f"{refusal}. The bot's token is wrong or was revoked: SOPWITH_SLACK__BOT_TOKEN wants the one that begins "
            "with xoxb-, from “OAuth & Permissions” of the app."
        ) from refusal
    if answer.get("is_enterprise_install"):
        raise ConfigurationError(
            "The Slack app is installed for a whole organisation. It works in one workspace: install it there, and use "
            "the token of that installation as SOPWITH_SLACK__BOT_TOKEN."
        )
    scopes = (answer.headers or {}).get("x-oauth-scopes", "")
    named = frozenset(scope.strip() for scope in str(scopes).split(",") if scope.strip())
    return Identity(str(answer["team_id"]), str(answer["user_id"]), str(answer.get("bot_id", "")), named)


class _First(AsyncMiddleware):
    """Hands over what came as it came: of a mere function Bolt first works out arguments, and stumbles at odd ones."""

    def __init__(self, journal: Callable[[Payload], Awaitable[BoltResponse]]) -> None:
        self._journal = journal

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002  # Bolt's own name
    ) -> BoltResponse:
        return await self._journal(req.body)


class _Socket(AsyncSocketModeHandler):
    """Acknowledges what Bolt itself cannot read, since Slack would only send it again."""

    unreadable: Callable[[Exception], Awaitable[None]]

    # Narrower than the base class says, as Bolt's own handler is.
    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        try:
            await super().handle(client, req)
        except MALFORMED as problem:
            await self.unreadable(problem)
            await client.send_socket_mode_response(SocketModeResponse(req.envelope_id))


class SlackHome:
    """Receives for one workspace. `accept` journals an event, `passed_over` counts one that cannot be read; `grammar`
    knows what a command still lacks; `app` is the app's own id, and what is sent to another one is refused.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        chat: SlackChat,
        grammar: Grammar,
        accept: Accept,
        passed_over: Callable[[], Awaitable[None]],
        now: Callable[[], datetime],
        *,
        identity: Identity,
        accounts: Accounts,
        roots: dict[str, str],
        app: str = "",
    ) -> None:
        self._client = client
        self._chat = chat
        self._grammar = grammar
        self._accept = accept
        self._passed_over = passed_over
        self._identity = identity
        self._our_app = app
        self._now = now
        self._translator = Translator(accounts, identity.user, roots, now)
        self._app = AsyncApp(
            name="sopwith",
            client=client,
            request_verification_enabled=False,
            ssl_check_enabled=False,
            before_authorize=_First(self._journal),
            logger=_log,
        )
        self._socket: AsyncSocketModeHandler | None = None
        self._watchdog: Watchdog | None = None
        self._edge: Edge | None = None

    async def connect(self, app_token: str) -> None:
        """Socket Mode: open a connection and keep it. Raises ConfigurationError for a wrong token."""
        try:
            async with speaking(writes=False):
                await self._client.apps_connections_open(app_token=app_token)
                self._socket = _Socket(self._app, app_token, logger=_log, ping_interval=PING)
                self._socket.unreadable = self._unreadable
                self._watchdog = Watchdog(self._socket.client, asyncio.get_running_loop().time)
                self._watchdog.start()  # already now: the very first address may lead nowhere as well
                await self._socket.client.connect()  # type: ignore[no-untyped-call]  # slack_sdk leaves it untyped
        except FarEndRefused as refusal:
            raise ConfigurationError(
                f"{refusal}. Socket Mode wants SOPWITH_SLACK__APP_TOKEN, an app-level token (xapp-) with the scope "
                "connections:write, from “Basic Information” of the app."
            ) from refusal

    async def listen(
        self, host: str, port: int, signing_secret: str, path: str = "/slack/events", bounds: Bounds | None = None
    ) -> int:
        """HTTP mode: serve signed requests; returns the port."""
        self._edge = Edge(self._journal, signing_secret, self._unreadable, self._now, bounds or Bounds())
        return await self._edge.open(host, port, path)

    async def close(self) -> None:
        if self._watchdog is not None:
            await self._watchdog.stop()
        if self._socket is not None:
            await self._socket.client.close()  # type: ignore[no-untyped-call]  # the same
        if self._edge is not None:
            await self._edge.close()

    async def _journal(self, body: Payload) -> BoltResponse:
        kind = "command" if "command" in body else str(body.get("type"))
        try:
            deed = self._understood(kind, body)
        except MALFORMED as problem:  # delivered again it would be no better, and must not hold up what others say
            await self._unreadable(problem)
            return BoltResponse(status=400, body="") if kind in _SEEN_TO_FAIL else _taken()
        return await deed

    async def _unreadable(self, problem: Exception) -> None:
        """It is logged without a word of it, and counted."""
        _log.warning("Slack: a delivery cannot be read: %s", type(problem).__name__)
        await self._passed_over()

    def _understood(self, kind: str, body: Payload) -> Awaitable[BoltResponse]:
        """What is to be done about a delivery; raises one of `MALFORMED` for what cannot be read, and does nothing."""
        if kind in _ADDRESSED and self._identity.team not in workspaces(body):
            return _answered(_not_ours(kind, body))
        if kind in _ADDRESSED and self._our_app and body.get("api_app_id") != self._our_app:
            _log.warning("%s that was sent to another app", kind)
            return _answered(BoltResponse(status=403, body=""))
        match kind:
            case "url_verification":
                return _answered(BoltResponse(status=200, body={"challenge": str(body.get("challenge", ""))}))
            case "event_callback":
                return self._take(self._translator.event(body))
            case "block_actions":
                form, where = self._translator.form(body), self._translator.pressed_at(body)
                return self._ask_or_take(form, where, str(body["trigger_id"]), self._translator.press(body))
            case "view_submission" if body["view"].get("callback_id") == CALLBACK:
                return self._submit(body)
            case "command":
                return self._command(body)
            case _:
                return _answered(_taken())

    def _command(self, body: Payload) -> Awaitable[BoltResponse]:
        event = self._translator.command(body)
        channel = event.place.channel
        self._chat.remember_answer(channel, str(body["user_id"]), str(body.get("response_url", "")))
        form = self._grammar.missing(event.text, in_thread=False)
        return self._ask_or_take(form, {"channel": channel, "thread": "", "about": ""}, str(body["trigger_id"]), event)

    def _submit(self, body: Payload) -> Awaitable[BoltResponse]:
        """A form that cannot be understood stays open and says why."""
        form, back, text = submitted(body["view"])
        problem = self._grammar.problem(text, in_thread=bool(back["thread"]))
        if problem:
            errors = {_at_fault(form): problem}
            return _answered(BoltResponse(status=200, body={"response_action": "errors", "errors": errors}))
        return self._take(self._translator.submitted(body, back, text))

    async def _take(self, event: Event | None) -> BoltResponse:
        if event is not None:
            await self._accept(event)
        return _taken()

    async def _ask_or_take(self, form: Form | None, back: dict[str, str], trigger: str, event: Event) -> BoltResponse:
        """Ask for what the command lacks; where that cannot be shown, it says so by itself."""
        asked = form is not None and await self._open(form, trigger, back)
        return _taken() if asked else await self._take(event)

    async def _open(self, form: Form, trigger: str, back: dict[str, str]) -> bool:
        """Show the form; False where Slack does not, and then the command says what it lacks by itself."""
        try:
            async with asyncio.timeout(2), speaking(writes=False):
                await self._client.views_open(trigger_id=trigger, view=modal(form, back))
        except (FarEndError, FarEndRefused, TimeoutError) as problem:
            _log.warning("a form could not be opened: %s", problem)
            return False
        return True


def _at_fault(form: Form) -> str:
    """The field under which an error is shown: one that people write into, not one they choose from."""
    written = [field.name for field in form.fields if field.kind != "choice" and not field.optional]
    return written[-1] if written else form.fields[0].name


async def _answered(answer: BoltResponse) -> BoltResponse:
    return answer


def _taken() -> BoltResponse:
    return BoltResponse(status=200, body="")


def _not_ours(kind: str, body: Payload) -> BoltResponse:
    """An app may be in several workspaces. Who gave a command or pressed a button sees that it failed.

    An event is acknowledged all the same, or Slack would send it again.
    """
    _log.info("%s of another workspace: %s", kind, ", ".join(sorted(workspaces(body))))
    return _taken() if kind == "event_callback" else BoltResponse(status=403, body="")


@asynccontextmanager
async def client_for(token: str, base_url: str = AsyncWebClient.BASE_URL) -> AsyncIterator[AsyncWebClient]:
    """A client with connections of its own, kept open between calls.

    It repeats nothing by itself: the engine looks whether it happened before it tries again.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
        yield AsyncWebClient(token, base_url=base_url, retry_handlers=[], session=session)
