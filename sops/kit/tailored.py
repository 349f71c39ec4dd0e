"""Our procedures as an organisation's settings have them: whose word counts, what branches are called, what tags say.

`policy.roles`, `policy.branches` and `policy.tag_messages` name a procedure (`"SOP-03"`) or one of its steps
(`"SOP-03.merge"`). A run keeps what it began with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace

from sops.kit.branch_actions import CutBranch
from sops.kit.checklist import with_insertions
from sops.kit.errors import ConfigurationError
from sops.kit.gate import Approved, SignedOff
from sops.kit.model import Piece, Role, Sop, Step
from sops.kit.patterns import Pattern
from sops.kit.policy import Policy
from sops.kit.release_actions import PushSignedTag

#: What the pattern of a branch may say, with an example of each. One must be in it, so that no two runs share a branch.
BRANCH_WORDS = {"version": "1.4.0", "final": "1.4.0", "slug": "wal-corruption", "name": "fix-1"}
MESSAGE_WORDS = {"version": "1.4.0", "candidate": "1.4.0-rc1"}
_BRANCH = Pattern(r"[A-Za-z0-9_][\w./+-]*")
_NO_BRANCH = Pattern(r"\.\.|//|/\.|\.lock(?:/|$)|[./]$")


def tailored(sop: Sop, policy: Policy) -> Sop:
    """The procedure with these names, and with the steps the settings insert. What anyone may begin stays so.

    Raises ConfigurationError for a setting that fits nowhere in it.
    """
    steps = renamed(sop.id, sop.steps, policy)
    steps = tuple(_answered_for(f"{sop.id}.{_like(step)}", step, policy.roles) for step in steps)
    steps = tuple(_said(sop.id, step, policy.tag_messages) for step in steps)
    owners = policy.roles.get(sop.id)
    if owners:
        starters = sop.starters if Role.ANYONE in sop.starters else owners
        sop = replace(sop, owner=owners[0], starters=starters, leaders=owners[1:])
    return with_insertions(replace(sop, steps=steps), policy)


def check_names(policy: Policy, sops: Sequence[Sop], more: Mapping[str, Sequence[Step]]) -> None:
    """Raises ConfigurationError for a setting that names no such thing; `more` are steps a procedure may get later."""
    steps = {f"{sop.id}.{step.id}": step for sop in sops for step in (*sop.steps, *more.get(sop.id, ()))}
    every = {sop.id: [step for name, step in steps.items() if name.startswith(f"{sop.id}.")] for sop in sops}
    _check("roles", policy.roles, {*every, *(name for name, step in steps.items() if _answers(step))})
    _check("branches", policy.branches, _places(every, steps, CutBranch))
    _check("tag_messages", policy.tag_messages, _places(every, steps, PushSignedTag))
    for sop in sops:
        tailored(sop, policy)


def renamed(sop_id: str, steps: Sequence[Step], policy: Policy) -> tuple[Step, ...]:
    """The steps with the settings' patterns wherever a branch is spoken of. Raises ConfigurationError for a bad one."""
    names: dict[str, str] = {}
    for step in steps:
        for piece in step.deeds:
            if isinstance(piece, CutBranch):
                own, whole = policy.branches.get(f"{sop_id}.{step.id}"), policy.branches.get(sop_id)
                wanted = own or (whole if not names else None) or piece.branch
                names.setdefault(piece.branch, _pattern(wanted))
    return tuple(_with_pieces(step, lambda piece: _spelled(piece, names)) for step in steps)


def _spelled(piece: Piece, names: Mapping[str, str]) -> Piece:
    """With the new names in every field that is one of the old."""
    old = {field.name: getattr(piece, field.name) for field in fields(piece)}  # type: ignore[arg-type]
    new = {name: names[value] for name, value in old.items() if isinstance(value, str) and value in names}
    return replace(piece, **new) if new else piece  # type: ignore[type-var]


def _like(step: Step) -> str:
    """Whose settings it goes by: its own, or those of the step whose yes it asks for earlier."""
    return next((piece.like for piece in step.waits if isinstance(piece, Approved) and piece.like), step.id)


def _answered_for(name: str, step: Step, roles: Mapping[str, tuple[Role, ...]]) -> Step:
    wanted = roles.get(name)
    if not wanted:
        return step

    def theirs(piece: Piece) -> Piece:
        if isinstance(piece, SignedOff) and len(wanted) == 1:
            return replace(piece, by=wanted[0])
        if isinstance(piece, Approved) and len(wanted) <= 2:
            return replace(piece, by=wanted[0], also=wanted[1] if len(wanted) == 2 else None)
        if isinstance(piece, SignedOff | Approved):
            raise ConfigurationError(f"policy.roles: {name} can ask fewer roles than the {len(wanted)} it names.")
        return piece

    return _with_pieces(step, theirs)


def _said(sop_id: str, step: Step, messages: Mapping[str, str]) -> Step:
    wanted = messages.get(f"{sop_id}.{step.id}", messages.get(sop_id))
    if wanted is None:
        return step
    _filled("tag_messages", wanted, MESSAGE_WORDS)
    return _with_pieces(step, lambda p: replace(p, message=wanted) if isinstance(p, PushSignedTag) else p)


def _with_pieces(step: Step, change: Callable[[Piece], Piece]) -> Step:
    """The step with each of its pieces changed; itself where none is."""
    waits, deeds = tuple(map(change, step.waits)), tuple(map(change, step.deeds))
    only_if = None if step.only_if is None else change(step.only_if)
    if (waits, deeds, only_if) == (step.waits, step.deeds, step.only_if):
        return step
    return replace(step, when=waits, do=deeds, only_if=only_if)


def _pattern(branch: str) -> str:
    filled = _filled("branches", branch, BRANCH_WORDS)
    if filled == branch or not _BRANCH.fullmatch(filled) or _NO_BRANCH.search(filled):
        words = ", ".join(f"{{{word}}}" for word in BRANCH_WORDS)
        raise ConfigurationError(
            f"policy.branches: {branch!r} names no branch of its own for each run; it needs one of {words}."
        )
    return branch


def _filled(setting: str, pattern: str, words: Mapping[str, str]) -> str:
    try:
        return pattern.format(**words)
    except (KeyError, IndexError, ValueError) as problem:
        known = ", ".join(f"{{{word}}}" for word in words)
        raise ConfigurationError(
            f"policy.{setting}: {pattern!r} may say {known}, and nothing else in braces."
        ) from problem


def _answers(step: Step) -> bool:
    return any(isinstance(piece, SignedOff | Approved) for piece in step.waits)


def _places(every: Mapping[str, Sequence[Step]], steps: Mapping[str, Step], kind: type[Piece]) -> set[str]:
    """The procedures and the steps that have such a piece."""

    def has(step: Step) -> bool:
        return any(isinstance(piece, kind) for piece in step.deeds)

    return {sop for sop, its in every.items() if any(map(has, its))} | {n for n, step in steps.items() if has(step)}


def _check(setting: str, given: Mapping[str, object], known: set[str]) -> None:
    for name in given:
        if name not in known:
            there = ", ".join(sorted(known)[:5])
            raise ConfigurationError(f"policy.{setting} names {name!r}, where nothing can be set; there are {there}, …")
