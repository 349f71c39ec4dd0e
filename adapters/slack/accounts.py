"""Who is who: the settings' handles and Slack's ids. An account is `TEAM/USER`, since user ids are their team's."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Accounts:
    """The people this workspace knows, from `TEAM/USER` to handle. `team` is the bot's own workspace."""

    team: str
    known: Mapping[str, str] = field(default_factory=dict)

    def handle(self, user: str) -> str:
        """How the settings call this user of our team; the id itself if they do not."""
        return self.known.get(account(self.team, user), user)

    def user(self, handle: str) -> str | None:
        """The id by which this person can be mentioned here."""
        ours = (name for name, known in self.known.items() if known == handle and name.startswith(f"{self.team}/"))
        return next((name.partition("/")[2] for name in ours), None)


def account(team: str, user: str) -> str:
    return f"{team}/{user}"


def user_of(account_id: str) -> str:
    return account_id.rpartition("/")[2]
