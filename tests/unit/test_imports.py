"""Importing any module of ours connects to nothing, starts nothing, reads neither environment nor settings."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("sops", "adapters", "storage", "bot")

#: Runs in a fresh interpreter. Audit events tell what happens below; the environment tells on whoever reads it.
WATCHED = """
import importlib, json, os, sys, threading
seen, ours = [], {root!r}

def from_ours():
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(ours) and "/.venv/" not in name:
            return f"{{name[len(ours) + 1:]}}:{{frame.f_lineno}}"
        if "importlib" in name and "_bootstrap" in name:
            return ""  # another module's own import
        frame = frame.f_back
    return ""

def told(event, args):
    reaching = {{"socket.connect", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen", "os.system", "os.exec"}}
    if event in reaching:
        seen.append([event, from_ours() or "a library"])
    if event == "open" and str(args[0]).endswith((".toml", ".db", ".env")):
        seen.append(["open " + str(args[0]), from_ours() or "a library"])

class Watched(type(os.environ)):
    def __getitem__(self, key):
        where = from_ours()
        if where and not str(key).startswith("PYDANTIC_"):  # pydantic's own switch, read for each class
            seen.append(["environment " + str(key), where])
        return super().__getitem__(key)

os.environ.__class__ = Watched
sys.addaudithook(told)
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps([seen, [t.name for t in threading.enumerate() if t is not threading.main_thread()]]))
"""


def modules():
    """Every module of ours except the migrations, which Alembic runs by itself."""
    for package in PACKAGES:
        yield package
        for found in pkgutil.walk_packages([str(ROOT / package)], prefix=f"{package}."):
            if ".migrations" not in found.name and not found.name.endswith("__main__"):
                yield found.name


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """What importing everything did, in a folder whose settings would be noticed."""
    home = tmp_path_factory.mktemp("nowhere")
    (home / "sopwith.toml").write_text('this is = "not read"\n')
    done = subprocess.run(
        [sys.executable, "-c", WATCHED.format(root=str(ROOT), names=sorted(modules()))],
        cwd=home,
        env={"PYTHONPATH": str(ROOT), "PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), home


def test_there_are_modules_to_import():
    assert {"bot.wiring", "adapters.github.forge", "storage.store", "sops.incident"} <= set(modules())


def test_importing_any_module_touches_nothing_outside(watched):
    (seen, _), _ = watched
    assert [f"{what} at {where}" for what, where in seen] == []


def test_importing_any_module_starts_no_thread(watched):
    (_, threads), _ = watched
    assert threads == []


def test_importing_any_module_leaves_no_file_behind(watched):
    _, home = watched
    assert [path.name for path in home.iterdir()] == ["sopwith.toml"]
