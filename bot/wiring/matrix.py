"""Matrix, wired: its homeserver, its side of the chat port, and the door events come in by."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType

from adapters.matrix import (
    Accounts,
    Encryption,
    Homeserver,
    Json,
    MatrixChat,
    MatrixHome,
    NoEncryption,
    Renderer,
    Rooms,
    Translator,
    examine,
    kept_login,
    who_we_are,
)
from bot.chat.commands import ROOTS
from bot.engine.engine import Engine
from bot.engine.history import History
from bot.settings import MatrixSettings
from sops.kit.errors import ConfigurationError, FarEndError
from sops.kit.people import Person
from sops.kit.reading import News, Page

PLATFORM = "matrix"
ToldAt = Callable[[Json], datetime]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Matrix:
    """One account. `chat` speaks as soon as this exists; events come once it is opened, while it runs or hears."""

    def __init__(self, homeserver: Homeserver, chat: MatrixChat, home: Callable[[Engine], MatrixHome]) -> None:
        self.chat = chat
        self._homeserver = homeserver
        self._make_home = home
        self._home: MatrixHome | None = None

    async def let_in(self, engine: Engine) -> None:
        """Let events in. Raises ConfigurationError where a room is encrypted."""
        self._home = self._make_home(engine)
        await self._home.open()

    async def run(self) -> None:
        """Hear until cancelled. Raises ConfigurationError when the token is no longer known."""
        await self._opened().run()

    async def hear(self) -> None:
        """Take in what was said so far."""
        home = self._opened()
        await home.hear()
        await home.catch_up()

    async def close(self) -> None:
        await self._homeserver.close()

    def _opened(self) -> MatrixHome:
        if self._home is None:
            raise ConfigurationError("Matrix is not open.")
        return self._home


class _Door(History):
    """What Matrix tells goes to the engine."""

    def __init__(self, engine: Engine, user: str) -> None:
        super().__init__(engine.intake, f"{PLATFORM}/{user}")
        self._engine = engine

    async def accept(self, news: News) -> None:
        await super().accept(news)
        self._engine.wake()

    async def page(self, channel: str, page: Page) -> None:
        await super().page(channel, page)
        self._engine.wake()


async def matrix(
    settings: MatrixSettings,
    people: Sequence[Person],
    zone: str,
    now: Callable[[], datetime],
    *,
    told_at: ToldAt | None = None,
    sleep: Callable[[float], Awaitable[None]] | None = None,
) -> Matrix:
    """The account the settings name. Raises ConfigurationError where they are wrong.

    `told_at` is the time of an event: the homeserver's, but nothing is later than now.
    """
    homeserver = await _homeserver(settings)
    at = told_at or (lambda event: min(_instant(event), now()))
    known = {account: person.handle for person in people for account in person.accounts.get(PLATFORM, ())}
    accounts = Accounts(known)
    names = {room: f"#{name}" for name, room in settings.rooms.items()}
    renderer = Renderer(zone, accounts.user, lambda room: names.get(room, room), ROOTS)
    rooms = Rooms(homeserver)
    try:
        device = await who_we_are(homeserver, settings.device_id)
        encryption = _encryption(settings, homeserver, rooms, device)
    except BaseException:
        await homeserver.close()
        raise
    chat = MatrixChat(homeserver, renderer, rooms, encryption, accounts.handle, at)

    def home(engine: Engine) -> MatrixHome:
        translator = Translator(homeserver.user, accounts.handle, at, engine.intake.known, homeserver.event)
        more = {"sleep": sleep} if sleep else {}
        return MatrixHome(
            homeserver,
            encryption,
            translator,
            _Door(engine, homeserver.user),
            settings.rooms,
            settings.invite_from,
            **more,
        )

    return Matrix(homeserver, chat, home)


async def examined(settings: MatrixSettings) -> Sequence[str]:
    """What stands between the bot and its homeserver; empty when nothing does."""
    try:
        if settings.store is not None:
            _extra("crypto")
            _passphrase(settings)
        homeserver = await _homeserver(settings)
    except (ConfigurationError, FarEndError) as problem:
        return [str(problem)]
    try:
        return await examine(homeserver, settings.device_id, settings.rooms, keys=settings.store is not None)
    finally:
        await homeserver.close()


def _encryption(settings: MatrixSettings, homeserver: Homeserver, rooms: Rooms, device: str) -> Encryption:
    """Keys where the settings name a place for them. Raises ConfigurationError where what encrypts is not installed."""
    if settings.store is None:
        return NoEncryption(rooms)
    made = _extra("crypto").Crypto
    if not device:
        raise ConfigurationError("matrix.store needs a token that belongs to a device; log in anew.")
    keys: Encryption = made(homeserver, rooms, device, settings.store, _passphrase(settings))
    return keys


def encrypt_keys(settings: MatrixSettings) -> int:
    """Put keys that were kept without a passphrase under the one the settings have; how many files. Blocks.

    Raises ConfigurationError where that cannot be.
    """
    if settings.store is None:
        raise ConfigurationError("[matrix] names no store, so there are no keys.")
    files: int = _extra("kept_keys").encrypt(settings.store, settings.user, _passphrase(settings))
    return files


def _passphrase(settings: MatrixSettings) -> str:
    key = settings.store_key.get_secret_value()
    if not key:
        raise ConfigurationError(
            "matrix.store wants a passphrase in SOPWITH_MATRIX__STORE_KEY: whoever copies the keys could read the "
            "rooms and speak as the bot. Keys that were kept without one get it by: sopwith matrix keys encrypt"
        )
    return key


def _extra(module: str) -> ModuleType:
    try:
        return import_module(f"adapters.matrix.{module}")  # what it imports is an extra
    except ImportError as missing:
        raise ConfigurationError(
            "matrix.store is set, but what encrypts is not installed: pip install 'sopwith[e2e]'."
        ) from missing


async def _homeserver(settings: MatrixSettings) -> Homeserver:
    """By the token the settings hold, or the one the bot got when it logged in by its password."""
    token, device = settings.access_token.get_secret_value(), settings.device_id
    if not token:
        password = settings.password.get_secret_value()
        if not password:
            raise ConfigurationError(
                "Matrix also needs SOPWITH_MATRIX__ACCESS_TOKEN or SOPWITH_MATRIX__PASSWORD; docs/matrix.md says which."
            )
        kept = await kept_login(settings.homeserver, settings.user, password, device, settings.login_file)
        token, device = kept.access_token, kept.device_id
    return Homeserver(settings.homeserver, settings.user, token, device)


def _instant(event: Json) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(event.get("origin_server_ts", 0)))
