"""Which addresses are Slack's own: only there is anything sent that was meant for one person."""

from yarl import URL

#: Where Slack takes answers to commands and buttons; the second one is its service for public authorities.
_HOOKS = frozenset({URL("https://hooks.slack.com"), URL("https://hooks.slack-gov.com")})


def slacks_own(address: str, api: str) -> bool:
    """Whether an answer may be sent to that address: Slack's, or where the web API itself is by the settings."""
    try:
        given = URL(address)
        return not given.user and given.origin() in _HOOKS | {URL(api).origin()}
    except (ValueError, TypeError):
        return False
