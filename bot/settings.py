"""One frozen, validated object from `sopwith.toml` and the environment; the only reader of either."""

from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from sops.kit.people import Person
from sops.kit.policy import Policy

CONFIG = Path("sopwith.toml")


class Settings(BaseSettings):
    """Everything an organisation decides. `channels` maps a procedure's channel to the chat's own name of it.

    In the environment `SOPWITH_STORAGE` and the like override the file.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="SOPWITH_", toml_file=CONFIG)

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
    people: tuple[Person, ...] = ()
    #: Markdown documents whose procedures run as checklists, and Python modules that define some.
    procedures: tuple[Path, ...] = ()
    modules: tuple[str, ...] = ()
    policy: Policy = Field(default_factory=Policy)

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
