"""A moment of a play, kept whole: the database, the forge with its repository and images, the chat, the hour.

`take` and `give back` go through JSON, by the fields the records declare, so that a later build reads what an earlier
one wrote. Used by the maker under the old build and by the tests under the new one.
"""

import base64
import dataclasses
import hashlib
import itertools
import json
import lzma
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, get_type_hints

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import ConfigDict, TypeAdapter

from adapters.console import Post, Room
from adapters.sandbox.core import Rules
from adapters.sandbox.state import WorldState
from adapters.sandbox.world import SandboxWorld

_BYTES = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
_IMAGES = ("tags", "manifests", "blobs")

Kept = dict[str, Any]


def write(path: Path, play: Kept) -> None:
    text = json.dumps(play, ensure_ascii=False, separators=(",", ":"))
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def read(path: Path) -> Kept:
    kept: Kept = json.loads(lzma.decompress(path.read_bytes()))
    return kept


def take(database: Path, world: SandboxWorld, room: Room) -> Kept:
    """Everything as it is now, between two transactions of the bot; the objects of git are kept once, by `objects`."""
    with closing(sqlite3.connect(database)) as connection:
        stored = list(connection.iterdump())
    with world.core.changing():
        state, images = world.core.state, world.core.images
        return {
            "now": world.clock.now().isoformat(),
            "database": stored,
            "forge": {name: _dumped(hint, getattr(state, name)) for name, hint in _fields(WorldState).items()},
            "counting": [_next(state._ids), _next(state._numbers)],
            "rules": _dumped(Rules, world.core.rules),
            "images": {name: _dumped(hint, getattr(images, name)) for name, hint in _IMAGE_HINTS.items()},
            "refs": world.core.git.refs(),
            "posts": _dumped(list[Post], room.posts),
        }


def give_back(kept: Kept, objects: str, database: Path, world: SandboxWorld, room: Room) -> None:
    """Put a world that just started, an empty room and no database yet back to that moment; the clock is set before."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript("\n".join(kept["database"]))
    _git(world.git_path, "unpack-objects", "-q", given=base64.b85decode(objects))
    with world.core.changing():
        core = world.core
        for ref in core.git.refs().keys() - kept["refs"].keys():
            _git(world.git_path, "update-ref", "-d", ref)
        for ref, sha in kept["refs"].items():
            _git(world.git_path, "update-ref", ref, sha)
        hints = _fields(WorldState)
        core.state = WorldState(**{name: _loaded(hints[name], value) for name, value in kept["forge"].items()})
        core.state._ids, core.state._numbers = (itertools.count(each) for each in kept["counting"])
        core.rules = _loaded(Rules, kept["rules"])
        for name, value in kept["images"].items():
            setattr(core.images, name, _loaded(_IMAGE_HINTS[name], value))
        core.forget_ring()
    room.posts[:] = _loaded(list[Post], kept["posts"])


def objects(world: SandboxWorld) -> str:
    """Every object of the repository, also those that no ref reaches any more; not compressed, the file is."""
    listed = _git(world.git_path, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    plain = ("-c", "core.compression=0", "-c", "pack.compression=0")
    packed = _git(world.git_path, *plain, "pack-objects", "--stdout", "--window=0", "-q", given=listed)
    return base64.b85encode(packed).decode()


def make_signer(home: Path, email: str) -> None:
    """The same key each time, so that tags signed before verify: a key of a demo, known to everybody."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a demo's key, kept for tests").digest())
    folder = home / "keys" / "ssh"
    folder.mkdir(parents=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    (folder / "key").write_bytes(private)
    (folder / "key").chmod(0o600)
    (folder / "key.pub").write_bytes(public + b"\n")
    (folder / "allowed_signers").write_text(f'"{email}" namespaces="git" {public.decode()}\n', encoding="utf-8")


_IMAGE_HINTS: dict[str, Any] = {
    "tags": dict[str, str],
    "manifests": dict[str, tuple[str, bytes]],
    "blobs": dict[str, bytes],
}


def _fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind) if not field.name.startswith("_")}


def _dumped(hint: Any, value: Any) -> Any:
    return json.loads(_adapter(hint).dump_json(value))


def _loaded(hint: Any, value: Any) -> Any:
    return _adapter(hint).validate_json(json.dumps(value))


def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint) if dataclasses.is_dataclass(hint) else TypeAdapter(hint, config=_BYTES)


def _next(counting: object) -> int:
    """The number an `itertools.count` gives next, without taking it."""
    return int(repr(counting).removeprefix("count(").removesuffix(")"))


def _git(path: Path, *arguments: str, given: bytes | None = None) -> bytes:
    command = ("git", "-C", str(path), *arguments)
    return subprocess.run(command, input=given, check=True, capture_output=True).stdout
