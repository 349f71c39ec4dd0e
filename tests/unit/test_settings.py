from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.paths import placed
from bot.settings import Settings, SigningSettings, read_settings
from sops.kit.model import Role, Severity
from sops.kit.policy import HOUR

EXAMPLE = """
storage = "sqlite:///there.db"
repository = "skylark/skylark"

[channels]
releases = "#releases"

[[people]]
handle = "rm"
roles = ["release manager"]
accounts = { slack = ["U1", "U2"] }
github = ["rm-at-work"]

[policy]
country = "GB"
soak = "P3D"

[policy.acknowledge]
P1 = "PT1H"
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """A folder of our own, and nothing of Sopwith in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("STORAGE", "TOKEN", "REPOSITORY"):
        monkeypatch.delenv(f"SOPWITH_{name}", raising=False)
    return tmp_path


@pytest.fixture
def example(nowhere):
    (nowhere / "sopwith.toml").write_text(EXAMPLE)


def test_without_a_file_the_defaults_hold():
    assert Settings().storage == "sqlite:///sopwith.db"
    assert Settings().policy.soak.days == 7


def test_the_file_is_read_into_values_of_the_right_kind(example):
    settings = Settings()
    assert settings.storage == "sqlite:///there.db"
    assert settings.channels == {"releases": "#releases"}
    assert settings.people[0].roles == (Role.RELEASE_MANAGER,)
    assert settings.people[0].accounts == {"slack": ("U1", "U2")}
    assert settings.policy.soak.days == 3
    assert settings.policy.acknowledge[Severity.P1] == HOUR


def test_the_environment_overrides_the_file(example, monkeypatch):
    monkeypatch.setenv("SOPWITH_STORAGE", "postgresql://elsewhere/sopwith")
    assert Settings().storage == "postgresql://elsewhere/sopwith"
    assert Settings().repository == "skylark/skylark"


def test_what_the_code_says_overrides_both(example, monkeypatch):
    monkeypatch.setenv("SOPWITH_STORAGE", "postgresql://elsewhere/sopwith")
    assert Settings(storage="sqlite:///mine.db").storage == "sqlite:///mine.db"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('storrage = "sqlite:///x.db"', "storrage"),
        ('[policy]\nsoke = "P7D"', "soke"),
        ('[[people]]\nhandle = "rm"\nrole = "release manager"', "role"),
        ('[[people]]\nhandle = "rm"\nroles = ["king"]', "roles"),
        ('[policy]\nsoak = "a week or so"', "soak"),
        ('[policy]\ngithub_reviews = "sometimes"', "github_reviews"),
        ("people = 3", "people"),
    ],
)
def test_a_word_it_does_not_know_is_refused_by_name(nowhere, line, named):
    (nowhere / "sopwith.toml").write_text(line)
    with pytest.raises(ValidationError, match=named):
        Settings()


def test_settings_cannot_be_changed_afterwards():
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.storage = "sqlite:///other.db"
    with pytest.raises(ValidationError, match="frozen"):
        settings.policy.country = "FR"


def test_the_token_is_never_shown(monkeypatch):
    monkeypatch.setenv("SOPWITH_TOKEN", "very-secret")
    settings = Settings()
    assert settings.token.get_secret_value() == "very-secret"
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_password_is_in_no_error_and_no_representation(monkeypatch):
    monkeypatch.setenv("SOPWITH_STORAGE", "postgresql://bot:hunter2@db/sopwith")
    assert "hunter2" not in repr(Settings(repository="acme/skylark"))
    with pytest.raises(ValidationError) as problem:
        Settings(storage=("postgresql://bot:hunter2@db/sopwith",), channels="hunter2")
    assert "hunter2" not in str(problem.value)


FOLDERS = """
storage = "sqlite:///data/there.db"
home = "world"
procedures = ["ours.md", "/srv/theirs.md"]

[matrix]
homeserver = "https://h"
user = "@s:h"
store = "keys"

[signing]
key = "{key}"
trust = "signers"
"""
FINGERPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"


def test_paths_in_the_file_and_the_defaults_count_from_its_folder(nowhere, monkeypatch):
    there = nowhere / "etc"
    there.mkdir()
    (there / "it.toml").write_text(FOLDERS.format(key="tag-key"))
    for named in (there / "it.toml", Path("etc/it.toml")):
        found = read_settings(named)
        assert found.storage == f"sqlite:///{there}/data/there.db"
        assert found.home == there / "world"
        assert found.procedures == (there / "ours.md", Path("/srv/theirs.md"))
        assert found.signing == SigningSettings(key=str(there / "tag-key"), trust=there / "signers")
        assert found.matrix is not None
        assert (found.matrix.store, found.matrix.login_file) == (there / "keys", there / "sopwith-matrix-login.json")
    (there / "it.toml").write_text(FOLDERS.format(key=FINGERPRINT))
    assert read_settings(there / "it.toml").signing == SigningSettings(key=FINGERPRINT, trust=there / "signers")
    (there / "it.toml").write_text("")
    bare = read_settings(there / "it.toml")
    assert (bare.storage, bare.home) == (f"sqlite:///{there}/sopwith.db", there / "sopwith-data")


def test_paths_in_the_environment_count_from_the_working_directory(nowhere, monkeypatch):
    (nowhere / "etc").mkdir()
    (nowhere / "etc" / "it.toml").write_text(FOLDERS.format(key="tag-key"))
    monkeypatch.setenv("SOPWITH_HOME", "here")
    monkeypatch.setenv("SOPWITH_STORAGE", "sqlite:///here.db")
    found = read_settings(Path("etc/it.toml"))
    assert (found.home.absolute(), found.storage) == (nowhere / "here", "sqlite:///here.db")


@pytest.mark.parametrize("url", ["postgresql://db/sopwith", "sqlite:////srv/a.db", "sqlite:///:memory:", "nonsense"])
def test_what_is_no_path_stays_what_it_is(url):
    told = {"storage": url, "matrix": 3, "signing": {"key": FINGERPRINT}}
    assert placed(told, Path("/etc")) == told
