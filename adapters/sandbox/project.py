"""Seeds the bare repository with the sample project: one `git init`, one `git fast-import`.

`main` is at the merge of the released 1.3.0 (tag v1.3.0); `develop` is some commits ahead with a filled `[Unreleased]`.
Every date and author is fixed, so every seeded repository has the same SHAs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.sandbox import project_files as text
from adapters.sandbox.git_repository import git_environment, run_git
from adapters.sandbox.people import PEOPLE

OWNER = "acme"
NAME = "skylark"
FULL_NAME = f"{OWNER}/{NAME}"
MAIN = "main"
DEVELOP = "develop"
SEEDED_VERSION = "1.3.0"
SEEDED_AT = datetime(2026, 2, 10, 9, 30, tzinfo=UTC)

_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tbare = true
\thooksPath = hooks
[gc]
\tauto = 0
[receive]
\tautogc = false
\tdenyDeletes = false
"""

# What a protected branch means to a push: the forge's own changes move the ref without this hook.
_UPDATE_HOOK = """\
#!/bin/sh
case "$1" in
{patterns})
    echo "GH006: Protected branch update failed for $1." >&2
    echo "Changes must be made through a pull request." >&2
    exit 1 ;;
esac
"""


@dataclass(frozen=True)
class _Change:
    branch: str
    author: str
    at: datetime
    message: str
    files: Mapping[str, str]
    merged_by: str = ""  # who merged this change of `main`, which was then made beside it


def _day(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 9, 0, tzinfo=UTC)


_HISTORY = (
    _Change(
        MAIN,
        "maint",
        _day(10, 6, 2025),
        "feat: the engine",
        {
            "README.md": text.README,
            "CMakeLists.txt": text.CMAKE.format(version="1.2.0"),
            "VERSION": "1.2.0\n",
            "vcpkg.json": text.VCPKG,
            "SECURITY.md": text.SECURITY,
            "CONTRIBUTING.md": text.CONTRIBUTING,
            "CODE_OF_CONDUCT.md": text.CODE_OF_CONDUCT,
            "docs/incidents/.gitkeep": "",
            "src/engine.cpp": text.ENGINE,
            "src/engine.hpp": text.ENGINE_HEADER,
        },
    ),
    _Change(
        MAIN,
        "rm",
        _day(2, 9),
        "release: 1.3.0",
        {
            "CMakeLists.txt": text.CMAKE.format(version=SEEDED_VERSION),
            "VERSION": f"{SEEDED_VERSION}\n",
            "CHANGELOG.md": text.changelog(""),
        },
        merged_by="rm2",
    ),
    _Change(
        DEVELOP,
        "maint",
        _day(3, 2),
        "feat: write-ahead log (#31)",
        {"src/wal.cpp": text.WAL, "src/wal.hpp": text.WAL_HEADER},
    ),
    _Change(
        DEVELOP,
        "oncall1",
        _day(3, 19),
        "fix: a reader could see a half-written block (#28)",
        {"src/engine.cpp": text.ENGINE.replace("return 0", "return append(nullptr) ? 0 : 1")},
    ),
    _Change(
        DEVELOP,
        "guest",
        _day(4, 8),
        "feat: skylark inspect (#33)",
        {"src/inspect.cpp": "// prints what a segment holds\n"},
    ),
    _Change(
        DEVELOP,
        "maint",
        _day(4, 20),
        "docs: changelog of the coming release",
        {"CHANGELOG.md": text.changelog(text.UNRELEASED)},
    ),
)


def make_bare(path: Path) -> None:
    """An empty bare repository at `path`."""
    run_git(("init", "-q", "--bare", "--template=", f"--initial-branch={MAIN}", str(path)), git_environment(path))


def seed(path: Path, protected: tuple[str, ...] = (MAIN,)) -> None:
    """Make `path` a bare repository with the sample project; pushes to `protected` branches are refused."""
    environment = git_environment(path)
    make_bare(path)
    (path / "config").write_text(_CONFIG)
    install_hook(path, protected)
    run_git(("fast-import", "--quiet", "--force"), environment, stdin=_stream().encode())


def install_hook(path: Path, protected: tuple[str, ...]) -> None:
    """Pushes to these branches are refused from now on."""
    if not protected:
        return
    hook = path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_UPDATE_HOOK.format(patterns="|".join(f"refs/heads/{branch}" for branch in protected)))
    hook.chmod(0o755)


def _stream() -> str:
    parts = []
    seen: set[str] = set()
    for place, change in enumerate(_HISTORY, 1):
        parts.append(_commit(change, first=change.branch not in seen, mark=place))
        if change.merged_by:
            parts.append(_merge(change, mark=place))
        seen.add(change.branch)
    tagger = _person("rm", SEEDED_AT)
    message = _data(f"Release v{SEEDED_VERSION}\n")
    parts.append(f"tag v{SEEDED_VERSION}\nfrom refs/heads/{MAIN}\ntagger {tagger}\n{message}")
    return "".join(parts)


def _commit(change: _Change, *, first: bool, mark: int) -> str:
    person = _person(change.author, change.at)
    lines = [f"commit refs/heads/{change.branch}\nmark :{mark}\n", f"author {person}\n", f"committer {person}\n"]
    lines.append(_data(f"{change.message}\n"))
    if first and change.branch != MAIN:
        lines.append(f"from refs/heads/{MAIN}\n")
    return "".join(lines) + _files(change)


def _merge(change: _Change, *, mark: int) -> str:
    """The merge commit of a change just written, whose first parent is what `main` was before."""
    person = _person(change.merged_by, change.at + timedelta(hours=3))
    head = f"commit refs/heads/{change.branch}\nauthor {person}\ncommitter {person}\n"
    message = _data(f"Merge the release {SEEDED_VERSION}\n")
    return f"{head}{message}from :{mark - 1}\nmerge :{mark}\n{_files(change)}"


def _files(change: _Change) -> str:
    return "".join(f"M 100644 inline {path}\n{_data(content)}" for path, content in change.files.items()) + "\n"


def _person(login: str, at: datetime) -> str:
    person = PEOPLE[login]
    return f"{person.name} <{person.email}> {int(at.timestamp())} +0000"


def _data(content: str) -> str:
    return f"data {len(content.encode())}\n{content}\n"
