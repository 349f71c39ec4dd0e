"""Seals outside the database: what a signature covers, the line a seal is kept as, a record held against such lines.

A seal commits to all seals before it, so one signature, or one line somebody kept, proves everything up to it. Pure.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sops.kit.ledger import canonical, heads_of, seal_hash, text_hash
from sops.kit.stores import Fault, Seal

#: What signatures of seals are made for (ssh-keygen's `-n`): one of a tag, or of a mail, is none of a seal.
NAMESPACE = "sopwith-seal"
#: Faults of what is kept outside carry this instead of a run's name.
OUTSIDE = "kept outside"
MOST = 10


def signed_text(seal: Seal) -> str:
    """Exactly what is signed. `ssh-keygen -Y verify` needs this and the signature, and no part of Sopwith."""
    covered = ["sopwith seal", seal.number, seal.at, text_hash(seal.heads), seal.previous, seal.hash]
    return f"{canonical(covered)}\n"


def seal_line(seal: Seal, signature: str) -> str:
    """The line it is kept as, in a file or anywhere."""
    return canonical({**vars(seal), "signature": signature})


def read_line(line: str) -> tuple[Seal, str] | None:
    """The seal and the signature of a line; None if it is none, or not as it was written."""
    try:
        found = json.loads(line)
        seal = Seal(*(found[name] for name in Seal.__dataclass_fields__))
        if not isinstance(seal.number, int) or heads_of(seal) is None or seal_hash(seal) != seal.hash:
            return None
        return seal, str(found.get("signature", ""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


@dataclass(frozen=True)
class Held:
    """What came of holding a record against kept lines; `last` is the last seal that is kept and here."""

    faults: Sequence[Fault]
    lines: int
    last: Seal | None


def held_against(lines: Iterable[str], seals: Sequence[Seal]) -> Held:
    """Every kept seal is one of the record's. A last line that was not written to its end says nothing."""
    here = {seal.number: seal.hash for seal in seals}
    end = max(here, default=0)
    faults: list[Fault] = []
    count, last, gone, torn = 0, None, [], None
    for number, line in enumerate(lines, 1):
        if torn is not None:
            faults.append(torn)
        torn = None
        if not line.strip():
            continue
        found = read_line(line)
        if found is None:
            torn = Fault(OUTSIDE, None, f"line {number} is no seal, or was changed")
            if line.endswith("\n"):
                faults.append(torn)
                torn = None
            continue
        seal, count = found[0], count + 1
        if here.get(seal.number) == seal.hash:
            last = seal if last is None or seal.number > last.number else last
        elif seal.number > end:
            gone.append(seal.number)
        else:
            faults.append(Fault(OUTSIDE, None, f"seal {seal.number} was another one when it was kept, at {seal.at}"))
    if gone:
        what = f"seals up to {max(gone)} were kept, the record ends at {end}: it was cut, or an older copy was put back"
        faults.append(Fault(OUTSIDE, None, what))
    if not count:
        faults.append(Fault(OUTSIDE, None, "no seal is kept there"))
    return Held((*faults[:MOST], *_more(faults[MOST:])), count, last)


def _more(faults: Sequence[Fault]) -> list[Fault]:
    return [Fault(OUTSIDE, None, f"and {len(faults)} more")] if faults else []
