"""What the example's settings leave to be filled in, and was not: named at once, since later it only fails."""

from collections.abc import Callable, Iterable, Sequence

from bot.settings import Settings
from sops.kit.patterns import Pattern

_ID = Pattern(r"[CDGTUW]0{9}[0-9]|[CDGTUW](?:X{4,}|0?123456?7?8?9?0?|…|\.\.\.)")
_HOST = "acme.example"


def left_in_slack(settings: Settings) -> Sequence[str]:
    """A sentence where ids of Slack's are still the example's; empty where none is, or there is no Slack."""
    if settings.slack is None:
        return ()
    left = [f"slack.channels.{name} ({each})" for name, each in settings.slack.channels.items() if _ID.fullmatch(each)]
    left += _accounts(settings, "slack", lambda account: any(map(_ID.fullmatch, account.split("/"))))
    return _sentence(
        left,
        "a channel's id is in its “About”, a person's in their profile, and the bot prints both for whom it refuses",
    )


def left_in_matrix(settings: Settings) -> Sequence[str]:
    """The same for Matrix."""
    if settings.matrix is None:
        return ()
    told = {"homeserver": settings.matrix.homeserver, "user": settings.matrix.user}
    told |= {f"rooms.{name}": room for name, room in settings.matrix.rooms.items()}
    left = [f"matrix.{name} ({each})" for name, each in told.items() if each.endswith(_HOST)]
    left += _accounts(settings, "matrix", lambda account: account.endswith(_HOST))
    return _sentence(left, "a room's id, which begins with !, is in its advanced settings")


def _accounts(settings: Settings, chat: str, is_left: Callable[[str], bool]) -> list[str]:
    return [
        f"{person.handle}'s {chat} account ({account})"
        for person in settings.people
        for account in person.accounts.get(chat, ())
        if is_left(account)
    ]


def _sentence(left: Iterable[str], where: str) -> Sequence[str]:
    named = ", ".join(left)
    return (f"Still as in sopwith.example.toml: {named}; {where}.",) if named else ()
