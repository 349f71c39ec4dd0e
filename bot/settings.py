"""One frozen, validated object from `sopwith.toml` and the environment; the only reader of either."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from sops.kit.people import Person
from sops.kit.policy import Policy

CONFIG = Path("sopwith.toml")


class Settings(BaseSettings):
    """Everything an organisation decides. `channels` maps a procedure's channel to the chat's own name of it.

    In the environment `SOPWITH_STORAGE` and the like override the file.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="SOPWITH_",
        toml_file=CONFIG,
        hide_input_in_errors=True,  # what stands in the file may be a password
    )

    storage: str = Field("sqlite:///sopwith.db", repr=False)  # its address may hold a password
    repository: str = ""
    api_url: str = "https://api.github.com"
    git_url: str = ""
    git_identity: tuple[str, str] = ("Sopwith", "sopwith@localhost")
    registry_url: str = ""
    image: str = ""
    #: The project's page in a Python package index, where it has one.
    package_page: str = ""
    token: SecretStr = SecretStr("")
    channels: dict[str, str] = Field(default_factory=dict)
    people: tuple[Person, ...] = ()
    #: Markdown documents whose procedures run as checklists, and Python modules that define some.
    procedures: tuple[Path, ...] = ()
    modules: tuple[str, ...] = ()
    policy: Policy = Field(default_factory=Policy)

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
