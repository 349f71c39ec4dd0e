"""One frozen, validated object from `sopwith.toml` and the environment; the only reader of either."""

import os
import tomllib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.chat.commands import ROOTS
from bot.paths import placed
from sops import ALL, OWN
from sops.kit.errors import ConfigurationError
from sops.kit.nearest import nearest
from sops.kit.people import Person
from sops.kit.policy import Policy

CONFIG = Path("sopwith.toml")
#: What procedures call their channels.
CHANNELS = tuple(dict.fromkeys(sop.channel for sop in (*ALL, *OWN)))


class SlackSettings(BaseModel):
    """One Slack workspace. Tokens belong into the environment (`SOPWITH_SLACK__BOT_TOKEN`) or a file, not in here.

    `channels` maps a procedure's channel to Slack's id of it; `commands` one of our commands to its name there.
    `app_id` is the app's own (`A…`); in HTTP mode what is sent to another app is refused where it is set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["socket", "http"] = "socket"
    app_id: str = Field(default="", pattern=r"^(A[A-Z0-9]{1,40})?$")
    bot_token: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    channels: dict[str, str] = Field(default_factory=dict)
    commands: dict[str, str] = Field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 3000
    api_url: str = "https://slack.com/api/"
    #: Whether to write at the pace Slack allows; without, only its Retry-After slows the bot down.
    paced: bool = True

    @model_validator(mode="after")
    def _usable(self) -> "SlackSettings":
        """Raises ValueError naming the nearest there is."""
        for what, given, known in (("channel", self.channels, CHANNELS), ("command", self.commands, ROOTS)):
            for name in given:
                near = nearest(name, known)
                if name not in known and (near or what == "command"):  # procedures of one's own name channels too
                    raise ValueError(f"there is no {what} {name}" + (f"; did you mean {near}?" if near else ""))
        return self


class MatrixSettings(BaseModel):
    """One Matrix account. Its token belongs into the environment (`SOPWITH_MATRIX__ACCESS_TOKEN`), not in here; so does
    the password (`SOPWITH_MATRIX__PASSWORD`) of one that logs in by itself, once, and keeps that in `login_file`.

    `rooms` maps a procedure's channel to a room's id (`!…`); the bot serves these and no others. `invite_from` are the
    users (`@name:server`) and servers whose invitations into them it takes. `store` is the directory of the keys for
    encrypted rooms (with `sopwith[e2e]`), under the passphrase `SOPWITH_MATRIX__STORE_KEY`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    homeserver: str
    user: str
    access_token: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")
    login_file: Path = Path("sopwith-matrix-login.json")
    store: Path | None = None
    store_key: SecretStr = SecretStr("")
    device_id: str = ""
    rooms: dict[str, str] = Field(default_factory=dict)
    invite_from: tuple[str, ...] = ()


class SigningSettings(BaseModel):
    """Whose key signs the tags. `ssh`: the path of a private key without passphrase, and the allowed-signers file.
    `gpg`: a fingerprint, and the key ring's folder. Every key in `trust` counts when a tag is verified.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["ssh", "gpg"] = "ssh"
    key: str
    trust: Path


class RecordSettings(BaseModel):
    """What proves the record. `seals` is a file outside the database to which each seal is added; `key` the SSH key
    without passphrase that signs them, or that of the tags if it is one; `trust` the allowed signers, or theirs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seals: Path | None = None
    key: Path | None = None
    trust: Path | None = None


class Limits(BaseModel):
    """What a far end (the forge, git, the registry, the package index) may take of us, in seconds and bytes.

    `call_seconds` is for a whole call with all it asks, `silence_seconds` for a far end that says nothing in it,
    `git_seconds` for a question or push to the git remote, `fetch_seconds` for what the mirror lacks. After `failures`
    in a row a far end is left alone for `first_rest`, then, twice as long after each try, for up to `longest_rest`.
    One that fails at one step is told of in the run's thread after `tries_until_told`, or after `told_after`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    call_seconds: float = Field(60.0, gt=0)
    silence_seconds: float = Field(15.0, gt=0)
    asset_seconds: float = Field(900.0, gt=0)
    git_seconds: float = Field(60.0, gt=0)
    fetch_seconds: float = Field(300.0, gt=0)
    largest_answer: int = Field(8 * 1024**2, gt=0)
    largest_manifest: int = Field(4 * 1024**2, gt=0)
    largest_asset: int = Field(2 * 1024**3, gt=0)
    largest_git: int = Field(16 * 1024**2, gt=0)
    #: Calls of the forge at a time.
    side_by_side: int = Field(8, gt=0)
    failures: int = Field(5, gt=0)
    first_rest: timedelta = timedelta(seconds=30)
    longest_rest: timedelta = timedelta(minutes=5)
    #: Of the forge; GitHub shuts out whoever makes more.
    writes_a_minute: int = Field(80, gt=0)
    writes_an_hour: int = Field(500, gt=0)
    tries_until_told: int = Field(3, gt=0)
    told_after: timedelta = timedelta(minutes=2)


class Settings(BaseSettings):
    """Everything an organisation decides. `channels` maps a procedure's channel to the console's name of it.

    In the environment `SOPWITH_STORAGE` and the like override the file; the folder `SOPWITH_SECRETS` names holds files
    called `sopwith_token` and the like.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="SOPWITH_",
        env_nested_delimiter="__",
        toml_file=CONFIG,
        hide_input_in_errors=True,  # what stands in the file may be a password
    )

    storage: str = Field("sqlite:///sopwith.db", repr=False)  # its address may hold a password
    #: Where the bot keeps its mirror of the repository; it may be lost.
    home: Path = Path("sopwith-data")
    #: A repository, a forge and a registry of the bot's own instead of the real ones, gone when it ends.
    sandbox: bool = False
    repository: str = ""
    api_url: str = "https://api.github.com"
    git_url: str = ""
    git_identity: tuple[str, str] = ("Sopwith", "sopwith@localhost")
    #: Where the image is, if there is one, and as whom to go there. Without a user and a password the forge's token is
    #: used, and only where the registry is the forge's own.
    registry_url: str = ""
    image: str = ""
    registry_user: str = ""
    registry_password: SecretStr = SecretStr("")
    #: Hosts beside the registry's own that may be asked for a token, such as auth.docker.io.
    registry_realms: tuple[str, ...] = ()
    #: The project's page in a Python package index, where it has one.
    package_page: str = ""
    token: SecretStr = SecretStr("")
    channels: dict[str, str] = Field(default_factory=dict)
    signing: SigningSettings | None = None
    record: RecordSettings = Field(default_factory=RecordSettings)
    slack: SlackSettings | None = None
    matrix: MatrixSettings | None = None
    people: tuple[Person, ...] = ()
    #: Markdown documents whose procedures run as checklists, and Python modules that define some.
    procedures: tuple[Path, ...] = ()
    modules: tuple[str, ...] = ()
    limits: Limits = Field(default_factory=Limits)
    policy: Policy = Field(default_factory=Policy)
    #: How many runs may be at the forge, git or the registry at the same time.
    #: How long after it was said everything acts; what the bot reads later, because it was away, only tells.
    acts_within: timedelta = Field(timedelta(minutes=10), ge=timedelta(minutes=1))
    runs_at_once: int = Field(8, ge=1, le=64)

    @property
    def seal_key(self) -> Path | None:
        """The SSH key that signs seals; None where tags are signed by GPG and no key of their own is set."""
        tags = Path(self.signing.key) if self.signing and self.signing.mode == "ssh" else None
        return self.record.key or tags

    @property
    def seal_trust(self) -> Path | None:
        """The allowed signers of seals."""
        tags = self.signing.trust if self.signing and self.signing.mode == "ssh" else None
        return self.record.trust or tags

    def channels_by_chat(self) -> dict[str, dict[str, str]]:
        """For each chat, a procedure's channel and what that chat calls it."""
        found = {"console": self.channels}
        if self.slack:
            found["slack"] = self.slack.channels
        if self.matrix:
            found["matrix"] = self.matrix.rooms
        return found

    @model_validator(mode="after")
    def _usable(self) -> "Settings":
        if bool(self.registry_user) != bool(self.registry_password.get_secret_value()):
            raise ValueError("registry_user and registry_password go together")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = Path(os.environ.get("SOPWITH_SECRETS", "secrets"))
        held = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=files,
            secrets_dir_missing="ok",
            secrets_prefix="sopwith_",
            secrets_nested_delimiter="__",
        )
        return init_settings, env_settings, held, TomlConfigSettingsSource(settings_cls)


def read_settings(file: Path) -> Settings:
    """The settings of that file, its paths and those of the defaults counted from its folder.

    The environment overrides it; paths there count from the working directory.

    Raises ConfigurationError naming every key that is wrong, without its value, which may be a secret.
    """
    try:
        tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise ConfigurationError(_not_there(file)) from problem
    except IsADirectoryError as problem:
        raise ConfigurationError(f"{file} is a folder; name the file in it, such as {file / CONFIG}.") from problem
    except OSError as problem:
        raise ConfigurationError(f"{file} cannot be read: {problem.strerror}.") from problem
    except ValueError as problem:  # not UTF-8, or not TOML
        raise ConfigurationError(f"{file} is no settings file: {problem}.") from problem

    class There(Settings):
        model_config = SettingsConfigDict(toml_file=file)

        @classmethod
        def settings_customise_sources(cls, *given: Any, **sources: Any) -> tuple[PydanticBaseSettingsSource, ...]:
            *outside, _ = super().settings_customise_sources(*given, **sources)
            return *outside, _Written(cls, file)

    try:
        return There()
    except ValidationError as problem:
        wrong = [_wrong(error["loc"], error["type"], error["msg"]) for error in problem.errors()]
        raise ConfigurationError(f"{file}: {'; '.join(wrong)}.") from None


def _not_there(file: Path) -> str:
    at = file.absolute()
    what = f"there is no such {'file' if at.parent.is_dir() else 'folder'}"
    return f"{at} cannot be read: {what}. Copy sopwith.example.toml there, or name your settings with --settings."


class _Given(Settings):
    model_config = SettingsConfigDict(toml_file=None)

    @classmethod
    def settings_customise_sources(cls, *given: Any, **sources: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        initial, *_ = super().settings_customise_sources(*given, **sources)
        return (initial,)


def given(**values: Any) -> Settings:
    """Settings of these values alone: neither a file nor the environment has a say. Raises ValidationError."""
    return _Given(**values)


class _Written(TomlConfigSettingsSource):
    """What the file says, and where it says nothing the defaults; paths count from its folder."""

    def __call__(self) -> dict[str, Any]:
        told = super().__call__()
        defaults = {name: str(Settings.model_fields[name].default) for name in ("home", "storage")}
        if isinstance(there := told.get("matrix"), dict):
            told["matrix"] = {"login_file": str(MatrixSettings.model_fields["login_file"].default), **there}
        return placed({**defaults, **told}, Path(str(self.toml_file_path)).parent)


def _wrong(where: Sequence[int | str], kind: str, says: str) -> str:
    name = ".".join(str(part) for part in where)
    if kind != "extra_forbidden":
        return f"{name}: {says}"
    near = nearest(str(where[-1]), _known(where))
    return f"there is no setting {name}" + (f"; did you mean {near}?" if near else "")


def _known(where: Sequence[int | str]) -> list[str]:
    """The settings there are beside that one."""
    model: Any = Settings
    for part in where[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            kinds = (model.model_fields[part].annotation, *get_args(model.model_fields[part].annotation))
            model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), BaseModel)
    return list(model.model_fields)
