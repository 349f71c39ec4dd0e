"""One frozen, validated object from `sopwith.toml` and the environment; the only reader of either."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from sops.kit.people import Person
from sops.kit.policy import Policy

CONFIG = Path("sopwith.toml")


class SlackSettings(BaseModel):
    """One Slack workspace. Tokens belong into the environment (`SOPWITH_SLACK__BOT_TOKEN`) or a file, not in here.

    `channels` maps a procedure's channel to Slack's id of it; `commands` one of our commands to its name there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["socket", "http"] = "socket"
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


class Settings(BaseSettings):
    """Everything an organisation decides. `channels` maps a procedure's channel to the console's name of it.

    In the environment `SOPWITH_STORAGE` and the like override the file.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="SOPWITH_", env_nested_delimiter="__", toml_file=CONFIG
    )

    storage: str = "sqlite:///sopwith.db"
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
    slack: SlackSettings | None = None
    people: tuple[Person, ...] = ()
    #: Markdown documents whose procedures run as checklists, and Python modules that define some.
    procedures: tuple[Path, ...] = ()
    modules: tuple[str, ...] = ()
    policy: Policy = Field(default_factory=Policy)

    def channels_by_chat(self) -> dict[str, dict[str, str]]:
        """For each chat, a procedure's channel and what that chat calls it."""
        return {"console": self.channels, **({"slack": self.slack.channels} if self.slack else {})}

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
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
