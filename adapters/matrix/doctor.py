"""What is wrong between the bot and its homeserver, each with what to do about it."""

from collections.abc import Mapping, Sequence

from adapters.matrix.home import who_we_are
from adapters.matrix.homeserver import Homeserver
from adapters.matrix.pins import PINNED
from adapters.matrix.rooms import ENCRYPTED, INSTEAD, Rooms
from sops.kit.errors import ConfigurationError, FarEndError, FarEndRefused


async def examine(homeserver: Homeserver, device: str, served: Mapping[str, str], *, keys: bool) -> Sequence[str]:
    """Every finding, as a sentence; empty when all is well. `served` maps our rooms' names to their ids.

    With `keys` the bot can speak in encrypted rooms.
    """
    try:
        await who_we_are(homeserver, device)
    except (ConfigurationError, FarEndError, FarEndRefused) as problem:
        return [str(problem)]
    findings: list[str] = [] if served else ["No rooms are named: the bot serves only what matrix.rooms names."]
    for name, room in served.items():
        findings += await _room(homeserver, name, room, keys)
    return findings


async def _room(homeserver: Homeserver, name: str, room: str, keys: bool) -> list[str]:
    called = f"matrix.rooms.{name} is {room}"
    if not room.startswith("!"):
        return [f"{called}: that is an alias, or no room; use its id, which begins with ! (in its advanced settings)."]
    rooms = Rooms(homeserver)
    try:
        if not keys and await rooms.is_encrypted(room):
            return [f"{called}: {ENCRYPTED}. {INSTEAD}"]
        lines = []
        private = await rooms.is_private(room)
        powers = await rooms.powers(room)
    except FarEndRefused as refusal:
        return [f"{called}: {refusal}. Invite {homeserver.user} there, as somebody whom matrix.invite_from names."]
    except FarEndError as problem:
        return [f"{called}: it could not be looked at: {problem}."]
    if name == "security" and not private:
        lines.append(
            f"{called}: it is not private; security runs need a room that is invite-only and whose history is not "
            "world-readable."
        )
    if not powers.may_put(homeserver.user, PINNED):
        lines.append(
            f"{called}: the bot may not pin there, so the summaries of open runs are not kept in sight; give it the "
            "power to (50 by default)."
        )
    if name != "security" and not powers.may_redact(homeserver.user):
        lines.append(
            f"{called}: the bot may not remove messages there, so a report of a vulnerability typed there stays; "
            "give it the power to (50 by default)."
        )
    return lines
