"""What may be said where: runs under embargo are seen in their own private channel and nowhere else."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from sops.kit.conversation import Event, Place
from sops.kit.errors import FarEndError, FarEndRefused
from sops.kit.ports import Chat
from sops.kit.run import Run


def hidden(run: Run, place: Place) -> bool:
    """Somebody speaking at `place` must not learn that this run exists."""
    return run.embargoed and not any(
        (home.platform, home.channel) == (place.platform, place.channel) for home in run.places
    )


def seen(runs: Sequence[Run], place: Place) -> list[Run]:
    """The runs somebody at `place` may know of."""
    return [run for run in runs if not hidden(run, place)]


def withheld(run: Run, others: Sequence[Run], place: Place | None = None) -> bool:
    """It went on in private, so what was said in it is told there alone until that may be told; `others` hold that run.

    Without a `place` it is asked for those who read in no channel. Older runs do not know which run they went on as.
    """
    went_on = run.facts.get("restricted")
    keeping = [each for each in others if each.embargoed and went_on in {True, each.id}]
    return bool(keeping) and (place is None or all(hidden(each, place) for each in keeping))


class Privacy:
    """Knows each chat's private channels. What a channel is called proves nothing: the chat itself is asked."""

    def __init__(self, chats: Mapping[str, Chat], channels: Mapping[str, Mapping[str, str]]) -> None:
        self._chats = chats
        self._channels = channels

    async def home(self, platform: str, channel: str) -> Place | None:
        """The private channel of that procedure on that chat; None if there is none that is private.

        May raise FarEndError.
        """
        name, chat = self._channels.get(platform, {}).get(channel), self._chats.get(platform)
        if name is None or chat is None:
            return None
        place = Place(platform=platform, channel=name)
        return place if await chat.is_private(place) else None

    def whispers(self, platform: str) -> bool:
        """Something can be said there to one person alone."""
        chat = self._chats.get(platform)
        return chat is not None and not chat.traits.overheard

    async def remove(self, event: Event) -> bool:
        """Take a message away from where it was typed; False where the bot may not, or it cannot be reached."""
        chat = self._chats.get(event.place.platform)
        if event.kind in {"command", "choice"} and not event.message_ref:
            return True  # nobody saw it: a slash command or a form leaves no message
        if chat is None or not event.message_ref:
            return False
        with suppress(FarEndError, FarEndRefused):
            return await chat.remove(event.place, event.message_ref)
        return False
