"""`/onboard octocat #412` (SOP-07)."""

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.replies import onboarding as words
from bot.chat.replies import refusals
from sops.kit.message import Card
from sops.kit.world import PullRequest
from sops.onboarding import ONBOARDING


async def _newcomer(command: commands.Onboard, looks: Looks) -> Opening | Card:
    """The pull request or issue named, else the person's newest open pull request."""
    login = command.login
    about = f"@{login.lower()}"
    pulls = {pull.number: pull for pull in await looks.world.forge.open_pull_requests()}
    if not command.number:
        mine = [pull for pull in pulls.values() if pull.author.lower() == login.lower()]
        if not mine:
            return refusals.refused(words.nothing_open(login))
        command = commands.Onboard(login, mine[0].number)
    pull = pulls.get(command.number)
    if pull is not None:
        if pull.author.lower() != login.lower():
            return refusals.refused(words.somebody_elses(pull.number, pull.author))
        return newcomer(login, pull)
    issue = await looks.world.forge.issue(command.number)
    if issue is None or issue.state != "open":
        return refusals.refused(words.not_open(command.number))
    if issue.author.lower() != login.lower():
        return refusals.refused(words.somebody_elses(issue.number, issue.author))
    return Opening(ONBOARDING, about, facts={"login": login, "about": about, "number": issue.number})


def newcomer(login: str, pull: PullRequest) -> Opening:
    """Somebody who came with a pull request."""
    about = f"@{login.lower()}"
    facts = {"login": login, "about": about, "number": pull.number, "pr": pull.number, "pr.url": pull.url}
    return Opening(ONBOARDING, about, facts=facts)


NEWCOMER = Beginning(ONBOARDING, _newcomer)
