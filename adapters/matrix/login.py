"""One login, kept: the bot's device and its token, in a file that only the bot's own account of the machine reads."""

import asyncio
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from adapters.matrix.homeserver import Homeserver
from sops.kit.errors import ConfigurationError, FarEndRefused

NAME = "sopwith"  # what people see of the device in the list of them


@dataclass(frozen=True)
class Login:
    """Of whom, where, and as which device. Without a token it was begun and not finished."""

    homeserver: str
    user: str
    device_id: str
    access_token: str = field(default="", repr=False)


async def kept_login(homeserver: str, user: str, password: str, device: str, file: Path) -> Login:
    """The login kept in `file`; where there is none, one is made with the password and kept there.

    The device's name is kept before the homeserver is asked, so that a kill between the two makes no second device.
    `device` is the one to be, "" for one of our choice. Raises ConfigurationError for a password that is not taken and
    for a file that is not ours to use, FarEndError while the homeserver is in trouble.
    """
    kept = await asyncio.to_thread(_read, file)
    same = kept if kept is not None and (kept.homeserver, kept.user) == (homeserver, user) else None
    wanted = Login(homeserver, user, device or (same.device_id if same else secrets.token_hex(5).upper()))
    if kept is not None and kept.access_token and replace(kept, access_token="") != wanted:
        raise ConfigurationError(
            f"{file} keeps the login of {kept.user} as device {kept.device_id} at {kept.homeserver}, which is not what "
            "[matrix] names; remove it to log in anew, or name another matrix.login_file."
        )
    if kept is not None and kept.access_token:
        return kept
    await asyncio.to_thread(_keep, file, wanted)
    made = replace(wanted, access_token=await _log_in(wanted, password))
    await asyncio.to_thread(_keep, file, made)
    return made


async def _log_in(wanted: Login, password: str) -> str:
    client = Homeserver(wanted.homeserver, wanted.user, "")
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": wanted.user},
        "password": password,
        "device_id": wanted.device_id,
        "initial_device_display_name": NAME,
    }
    try:
        answer = await client.post("login", body=body)
    except FarEndRefused as refusal:
        raise ConfigurationError(
            f"the homeserver does not let {wanted.user} in with SOPWITH_MATRIX__PASSWORD ({refusal}); put it right, or "
            "give it a token in SOPWITH_MATRIX__ACCESS_TOKEN instead."
        ) from refusal
    finally:
        await client.close()
    token, user = answer.get("access_token"), answer.get("user_id")
    if not isinstance(token, str) or user != wanted.user:
        raise ConfigurationError(f"the homeserver logged somebody else in than {wanted.user}: {user}")
    return token


def _read(file: Path) -> Login | None:
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        raise ConfigurationError(f"{file} does not hold a login: {type(problem).__name__}; remove it.") from problem
    if not _is_login(found):
        raise ConfigurationError(f"{file} does not hold a login; remove it to log in anew.")
    return Login(**found)


def _is_login(found: object) -> bool:
    fields: Mapping[str, Any] = found if isinstance(found, dict) else {}
    return set(fields) == set(Login.__dataclass_fields__) and all(isinstance(each, str) for each in fields.values())


def _keep(file: Path, login: Login) -> None:
    """In whole or not at all, and never to be read by others, not even for a moment."""
    half = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            json.dump(asdict(login), opened)
            opened.flush()
            os.fsync(opened.fileno())
        half.replace(file)
    except OSError as problem:
        raise ConfigurationError(f"the login cannot be kept in {file}: {problem.strerror}") from problem
