"""Procedures of an organisation's own: Markdown checklists, and Python modules that hold a `Sop`."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bot.settings import Settings
from sops import ALL, OWN
from sops.hotfix import CHECKED_IN_PRIVATE, HOTFIX, IN_PRIVATE, TRIED_BY_HAND
from sops.kit.checklist import checklist
from sops.kit.document import parse_document
from sops.kit.errors import ConfigurationError
from sops.kit.model import Sop
from sops.kit.patterns import Pattern
from sops.kit.policy import Policy
from sops.kit.reland import STEPS as RELAND_STEPS
from sops.kit.switched_off import check_switched_off
from sops.kit.tailored import check_names, tailored
from sops.rollback import ROLLBACK

_ID = Pattern(r"[A-Z][A-Z0-9-]{0,9}")  # as a command takes it
_PREFIX = Pattern(r"[A-Z]{3}")  # as a command finds a run by its name


def load(files: Sequence[Path], modules: Sequence[str]) -> tuple[Sop, ...]:
    """Every procedure in these files that is not one of ours, and every `Sop` of these modules.

    Raises ConfigurationError for what cannot be read, run or addressed, and for two with one id.
    """
    found = [sop for file in files for sop in _of_file(file)] + [sop for name in modules for sop in _of_module(name)]
    known = {sop.id for sop in (*ALL, *OWN)}
    for sop in found:
        _check_names(sop)
        if sop.id in known:
            raise ConfigurationError(f"There are two procedures {sop.id}; give yours another number.")
        known.add(sop.id)
    return tuple(found)


def _check_names(sop: Sop) -> None:
    """Raises ConfigurationError where people could not speak of it or of its runs."""
    if not _ID.fullmatch(sop.id):
        raise ConfigurationError(f"{sop.id!r} cannot be typed after /sop start; an id is written like SOP-42.")
    if not _PREFIX.fullmatch(sop.prefix):
        raise ConfigurationError(f"{sop.id}: its runs cannot be called {sop.prefix!r}; a prefix is three capitals.")
    taken = next((ours for ours in (*ALL, *OWN) if ours.prefix == sop.prefix), None)
    if taken is not None:
        raise ConfigurationError(
            f"{sop.id}: runs of {taken.id} are called {sop.prefix} already; choose another prefix."
        )


def configured(settings: Settings | None, files: Sequence[Path], modules: Sequence[str]) -> tuple[Policy, list[Sop]]:
    """The policy, and every procedure with the steps it inserts: ours, the settings' and these.

    Raises ConfigurationError for what fits nowhere.
    """
    policy = settings.policy if settings else Policy()
    own = load(
        (*(settings.procedures if settings else ()), *files), (*(settings.modules if settings else ()), *modules)
    )
    check_switched_off(policy, (*ALL, *own))
    check_tailoring(policy, own)
    return policy, [tailored(sop, policy) for sop in (*ALL, *own)]


def check_tailoring(policy: Policy, own: Sequence[Sop]) -> None:
    """Raises ConfigurationError for a name that is set nowhere, or an inserted step that fits nowhere."""
    every = {sop.id: sop for sop in (*ALL, *OWN, *own)}
    for extra in policy.inserted:
        if extra.sop not in every:
            raise ConfigurationError(f"There is no procedure {extra.sop}; see policy.inserted.")
    check_names(
        policy,
        tuple(every.values()),
        {ROLLBACK.id: RELAND_STEPS, HOTFIX.id: (CHECKED_IN_PRIVATE, TRIED_BY_HAND, *IN_PRIVATE)},
    )


def _of_file(file: Path) -> list[Sop]:
    ours = {sop.id for sop in ALL}
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}.") from error
    found = [each for each in parse_document(text) if each.id not in ours]
    return [replace(checklist(each), source=f"{file.name}, line {each.line}") for each in found]


def _of_module(name: str) -> list[Sop]:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(f"The module {name} cannot be imported: {error}.") from error
    found = [value for value in vars(module).values() if isinstance(value, Sop)]
    if not found:
        raise ConfigurationError(f"The module {name} holds no procedure; define one with sops.kit.model.Sop.")
    return found
