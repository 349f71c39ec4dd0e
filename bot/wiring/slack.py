"""Slack, wired: its client, its side of the chat port, and the door events come in by."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial

import yaml
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import (
    PACE,
    SCOPES,
    Accounts,
    Identity,
    Renderer,
    SlackChat,
    SlackHome,
    client_for,
    examine,
    manifest,
    traits,
    who_we_are,
)
from bot.chat.forms import Grammar
from bot.engine.engine import Engine
from bot.settings import SlackSettings
from sops.kit.conversation import Event
from sops.kit.errors import ConfigurationError
from sops.kit.people import Person
from sops.kit.ports import Traits

PLATFORM = "slack"
Accept = Callable[[Event], Awaitable[bool]]
PassedOver = Callable[[], Awaitable[None]]


class Slack:
    """One workspace. `chat` speaks as soon as this exists; events come once it is opened."""

    def __init__(
        self,
        settings: SlackSettings,
        chat: SlackChat,
        door: Callable[[Accept, PassedOver], SlackHome],
        hang_up: Callable[[], Awaitable[None]],
    ) -> None:
        self.chat = chat
        self._settings = settings
        self._door = door
        self._hang_up = hang_up
        self._home: SlackHome | None = None

    async def let_in(self, engine: Engine) -> None:
        """Let events in. Raises ConfigurationError where a token is missing or wrong."""
        await self.open(engine.accept, partial(engine.intake.passed_over, PLATFORM))

    async def run(self) -> None:
        """Until cancelled: the connection is kept by those who made it."""
        await asyncio.Event().wait()

    async def open(self, accept: Accept, passed_over: PassedOver) -> int:
        """The same; returns the port in HTTP mode. Once more it begins anew. `passed_over` counts the unreadable."""
        if self._home is not None:
            await self._home.close()
        self._home = self._door(accept, passed_over)
        if self._settings.mode == "http":
            secret = self._settings.signing_secret.get_secret_value()
            return await self._home.listen(self._settings.host, self._settings.port, secret)
        await self._home.connect(self._settings.app_token.get_secret_value())
        return 0

    async def close(self) -> None:
        if self._home is not None:
            await self._home.close()
        await self._hang_up()


async def slack(settings: SlackSettings, people: Sequence[Person], zone: str, now: Callable[[], datetime]) -> Slack:
    """The workspace the settings name. Raises ConfigurationError where a token is missing or wrong."""
    check_tokens(settings)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_for(settings.bot_token.get_secret_value(), settings.api_url))
        identity = await who_we_are(client)
        lacking = [f"{scope} ({why})" for scope, why in SCOPES.items() if scope not in identity.scopes]
        if lacking:
            raise ConfigurationError(
                f"The Slack app lacks scopes: {'; '.join(lacking)}. Add them and install it again."
            )
        return _wired(settings, people, zone, now, client, identity, stack.pop_all().aclose)


def traits_of(settings: SlackSettings) -> Traits:
    """What holds of the chat before it was reached, too."""
    return traits(PACE if settings.paced else None)


def _wired(
    settings: SlackSettings,
    people: Sequence[Person],
    zone: str,
    now: Callable[[], datetime],
    client: AsyncWebClient,
    identity: Identity,
    hang_up: Callable[[], Awaitable[None]],
) -> Slack:
    known = {account: person.handle for person in people for account in person.accounts.get(PLATFORM, ())}
    accounts = Accounts(identity.team, known)
    names = {root: f"/{name}" for root, name in settings.commands.items()}
    renderer = Renderer(zone, accounts.user, names)
    chat = SlackChat(client, identity.user, renderer, now, traits_of(settings).pace)
    roots = {name: root for root, name in settings.commands.items()}

    def door(accept: Accept, passed_over: PassedOver) -> SlackHome:
        return SlackHome(
            client,
            chat,
            Grammar(),
            accept,
            passed_over,
            now,
            identity=identity,
            accounts=accounts,
            roots=roots,
            app=settings.app_id,
        )

    return Slack(settings, chat, door, hang_up)


async def examined(settings: SlackSettings) -> Sequence[str]:
    """What stands between the bot and its workspace; empty when nothing does."""
    check_tokens(settings)
    app_token = settings.app_token.get_secret_value() if settings.mode == "socket" else ""
    async with client_for(settings.bot_token.get_secret_value(), settings.api_url) as client:
        return await examine(client, app_token, settings.channels)


def manifest_text(names: Mapping[str, str], url: str = "") -> str:
    """The app's manifest as YAML, to be pasted."""
    return yaml.safe_dump(manifest(names, url=url), sort_keys=False, allow_unicode=True, width=120)


def check_tokens(settings: SlackSettings) -> None:
    """Raises ConfigurationError for each token that is missing or of another kind, named with its variable.

    What begins with none of Slack's prefixes is for Slack to judge.
    """
    by_mode = {"http": ("SIGNING_SECRET", settings.signing_secret), "socket": ("APP_TOKEN", settings.app_token)}
    needed = {
        name: token.get_secret_value() for name, token in (("BOT_TOKEN", settings.bot_token), by_mode[settings.mode])
    }
    missing = [f"SOPWITH_SLACK__{name} ({_WANTED[name]})" for name, token in needed.items() if not token.strip()]
    if missing:
        raise ConfigurationError(f"Slack in {settings.mode} mode also needs {' and '.join(missing)}.")
    wrong = [
        f"SOPWITH_SLACK__{name} holds {_KINDS[kind]} and wants {_WANTED[name]}"
        for name, token in needed.items()
        if (kind := _kind(token)) and not _WANTED[name].startswith(kind)
    ]
    if wrong:
        raise ConfigurationError(f"{'; '.join(wrong)}.")


#: What each variable holds, beginning as it does where it has a prefix.
_WANTED = {
    "BOT_TOKEN": "xoxb-…, from “OAuth & Permissions” of the app",
    "APP_TOKEN": "xapp-…, with connections:write, from “Basic Information” of the app",
    "SIGNING_SECRET": "the secret without a prefix from “Basic Information” of the app",
}
_KINDS = {
    "xoxb-": "a bot token (xoxb-)",
    "xapp-": "an app-level token (xapp-)",
    "xoxp-": "a user's token (xoxp-)",
    "xoxe": "a token for an app's configuration (xoxe)",
    "xoxa-": "a token of an older kind (xoxa-)",
    "xoxs-": "a token of somebody's browser (xoxs-)",
    "xoxc-": "a token of somebody's browser (xoxc-)",
}


def _kind(token: str) -> str:
    """The prefix it begins with; empty for none of Slack's."""
    return next((kind for kind in _KINDS if token.startswith(kind)), "")
