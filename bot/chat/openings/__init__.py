"""How each command that begins a run opens it; `bot.chat.roots` finds them in `OPENINGS`."""

from collections.abc import Mapping

from bot.chat import commands
from bot.chat.openings.base import Beginning, Looks, Opening
from bot.chat.openings.candidate import CANDIDATE
from bot.chat.openings.dependency import UPDATE
from bot.chat.openings.freeze import FREEZE
from bot.chat.openings.hotfix import PATCH
from bot.chat.openings.onboarding import NEWCOMER
from bot.chat.openings.rollback import BACK
from bot.chat.openings.security import VULNERABILITY
from bot.chat.openings.stable import STABLE

__all__ = ["OPENINGS", "Beginning", "Looks", "Opening"]

OPENINGS: Mapping[type[commands.Command], Beginning] = {
    commands.StartStable: STABLE,
    commands.StartCandidate: CANDIDATE,
    commands.StartRollback: BACK,
    commands.Freeze: FREEZE,
    commands.StartHotfix: PATCH,
    commands.ReportVulnerability: VULNERABILITY,
    commands.StartUpdate: UPDATE,
    commands.Onboard: NEWCOMER,
}
