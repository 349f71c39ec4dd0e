"""Two edits that bring sections of a changelog together: candidates into their release, a release into develop.

Entries are moved, never rewritten. Each edit reads its own result again and refuses when an entry got lost, doubled
or came under another heading; a file of an unusual shape is then left to people.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sops.kit.changelog_parts import (
    Heading,
    Log,
    Part,
    Section,
    checked_version,
    definition_label,
    is_blank,
    room_for,
    trimmed,
)
from sops.kit.errors import InvalidText, InvalidVersion

_Place = tuple[str, ...]  # the headings above an entry, outermost first


def promote(data: bytes, version: str, day: date, candidates: Sequence[str]) -> bytes:
    """`## [version] - day` below an empty `[Unreleased]`, with all that was there and under the candidates' headings.

    What one of them alone holds stays byte for byte; what several hold comes together under headings of the same
    name, older entries first. Raises InvalidText when the version has a section already or a candidate has none
    below `[Unreleased]`, InvalidVersion for what is no candidate of it.
    """
    final = checked_version(version)
    if any(not checked_version(name).is_candidate or checked_version(name).final != final for name in candidates):
        raise InvalidVersion(f"{', '.join(candidates)} are not all candidates of {version}.")
    log = Log(data)
    top = log.unreleased
    room_for([each.heading for each in log.sections], version)
    gone = sorted((log.section(name) for name in candidates), key=lambda each: each.heading.start)
    if gone and gone[0].heading.start < top.heading.start:
        raise InvalidText(f"The section on line {gone[0].heading.line} is above [Unreleased]; move it below.")
    sources = [top, *gone]
    newline = log.newline(top.heading)
    filled = [each for each in sources if each.units or len(each.parts) > 1]
    if len(filled) > 1:
        body = [newline, *_lines(_together(log, list(reversed(filled))), newline)]
        body += [newline] if filled[-1].end < len(log.lines) else []
    else:
        body = log.lines[filled[0].heading.end : filled[0].end] if filled else [newline]
    heading = f"## [{version}] - {day.isoformat()}".encode() + newline
    below = [each for each in log.sections if each.heading.start > top.heading.start and each not in gone]
    rest = [line for each in below for line in log.lines[each.heading.start : each.end]] + log.lines[log.tail :]
    result = log.joined([*log.lines[: top.heading.end], newline, heading, *body, *rest])
    told = Counter(each for section in sources for each in _said(log, section))
    _expect(result, "[Unreleased]", lambda after: _said(after, after.unreleased), Counter())
    _expect(result, version, lambda after: _said(after, after.section(version)), told)
    return result


def back_merged(develop: bytes, released: bytes, version: str) -> bytes:
    """Develop's changelog after the release of `version`, whose changelog is `released`, was merged into it.

    The release's sections and link definitions that develop lacks come in, each above its neighbour; what the
    release says leaves `[Unreleased]`, all else there stays. Sections of the version's candidates go, as in the
    release. A second time changes nothing. Raises InvalidText where that cannot be told.
    """
    dev, rel = Log(develop), Log(released)
    final = checked_version(version)
    top, newline = dev.unreleased, dev.newline(dev.unreleased.heading)
    told = Counter(text for _, text in _said(rel, rel.section(version)))
    stale = [each for each in dev.sections if (v := each.heading.version) and v.is_candidate and v.final == final]
    if any(text not in told for each in stale for _, text in _said(dev, each)):
        raise InvalidText(f"Develop's section on line {stale[0].heading.line} holds what {version} does not say.")
    stays = Counter(each for each in _said(dev, top) if each[1] not in told)
    body = dev.lines[top.heading.end : top.end]
    if stays.total() != sum(1 for _ in _said(dev, top)):
        node = _tree(dev, top, lambda text: text not in told)
        kept = _lines(_pruned(node), newline)
        body = [newline, *kept, newline] if kept else [newline]
    known = {each.heading.label for each in dev.sections}
    coming = [each for each in rel.sections if each.heading.version and each.heading.label not in known]
    lines = [*dev.lines[: top.heading.end], *body]
    for each in (one for one in dev.sections if one.heading.start > top.heading.start and one not in stale):
        lines += _before(rel, coming, each.heading, newline)
        lines += dev.lines[each.heading.start : each.end]
    if left := _before(rel, coming, None, newline):
        lines += ([] if is_blank(lines[-1]) else [newline]) + left
    result = dev.joined([*lines, *_tail(dev, rel, newline)])
    _expect(result, "[Unreleased]", lambda after: _said(after, after.unreleased), stays)
    _expect(
        result, version, lambda after: _said(after, after.section(version)), Counter(_said(rel, rel.section(version)))
    )
    return result


def _before(rel: Log, coming: list[Section], heading: Heading | None, newline: bytes) -> list[bytes]:
    """The sections to come in above that one (all that are left, for None), as lines; they are taken off `coming`."""
    order = [each.heading.label for each in rel.sections]
    place = order.index(heading.label) if heading is not None and heading.label in order else None
    if heading is not None and place is None:
        mine = heading.version
        ours = [each for each in coming if mine is not None and each.heading.version and each.heading.version > mine]
    else:
        ours = [each for each in coming if place is None or order.index(each.heading.label) < place]
    lines: list[bytes] = []
    for each in ours:
        coming.remove(each)
        text = trimmed(rel.lines[each.heading.start : each.end])
        lines += [line.rstrip(b"\r\n") + newline for line in text] + [newline]
    return lines


def _tail(dev: Log, rel: Log, newline: bytes) -> list[bytes]:
    """Develop's link definitions, with those the release alone has before its first that comes after them there."""
    lines = dev.lines[dev.tail :]
    known = {label for line in dev.lines if (label := definition_label(line)) is not None}
    theirs = [line for line in rel.lines[rel.tail :] if definition_label(line) is not None]
    for number, line in enumerate(theirs):
        if (label := definition_label(line)) in known or label is None:
            continue
        later = {definition_label(each) for each in theirs[number + 1 :]}
        place = next((n for n, own in enumerate(lines) if definition_label(own) in later - {None}), len(lines))
        lines = [*lines[:place], line.rstrip(b"\r\n") + newline, *lines[place:]]
    return lines


@dataclass
class _Node:
    """A heading, what stands right below it, and the headings below it. The root has no heading lines."""

    head: list[bytes]
    level: int
    name: str
    own: list[tuple[bool, list[bytes]]] = field(default_factory=list)  # units: whether an item, and its lines
    loose: bool = False
    had: bool = False
    children: "list[_Node]" = field(default_factory=list)


def _tree(log: Log, section: Section, keep: Callable[[str], bool]) -> _Node:
    """The section as a tree of headings with the units `keep` likes; the section's own heading is the root."""
    root = _node(log, section.parts[0], keep)
    root.head = []
    path = [root]
    for part in section.parts[1:]:
        node = _node(log, part, keep)
        while len(path) > 1 and path[-1].level >= node.level:
            path.pop()
        path[-1].children.append(node)
        path.append(node)
    return root


def _node(log: Log, part: Part, keep: Callable[[str], bool]) -> _Node:
    units = [(u.is_item, log.lines[u.start : u.end]) for u in part.units if keep(log.text(u))]
    head = log.lines[part.heading.start : part.heading.end]
    return _Node(head, part.heading.level, part.name, units, log.is_loose(part), had=bool(part.units))


def _pruned(node: _Node) -> _Node:
    """Without headings that have lost all they held."""
    before = len(node.children)
    node.children = [each for each in map(_pruned, node.children) if each.own or each.children or not each.had]
    node.had = node.had or before > 0
    return node


def _together(log: Log, sections: Sequence[Section]) -> _Node:
    """The sections as one tree, headings of the same name at the same place as one."""
    first, *others = [_tree(log, each, lambda _: True) for each in sections]
    for other in others:
        _join(first, other)
    return first


def _join(node: _Node, other: _Node) -> None:
    node.own += other.own
    node.loose |= other.loose
    for child in other.children:
        same = next((one for one in node.children if (one.level, one.name) == (child.level, child.name)), None)
        if same is None:
            node.children.append(child)
        else:
            _join(same, child)


def _lines(node: _Node, newline: bytes) -> list[bytes]:
    """The tree as lines: a blank line between blocks, none between the items of a tight list."""
    lines = list(node.head)
    for number, (item, text) in enumerate(node.own):
        tight = number > 0 and item and node.own[number - 1][0] and not node.loose
        lines += [newline] if lines and not tight else []
        lines += [line.rstrip(b"\r\n") + newline for line in text]
    for child in node.children:
        lines += ([newline] if lines else []) + _lines(child, newline)
    return lines


def _said(log: Log, section: Section) -> list[tuple[_Place, str]]:
    """Every unit of the section with the headings it stands below."""
    found: list[tuple[_Place, str]] = []
    path: list[tuple[int, str]] = []
    for number, part in enumerate(section.parts):
        if number:
            path = [*(each for each in path if each[0] < part.heading.level), (part.heading.level, part.name)]
        place = tuple(name for _, name in path)
        found += [(place, log.text(unit)) for unit in part.units]
    return found


def _expect(
    data: bytes, where: str, said: Callable[[Log], list[tuple[_Place, str]]], wanted: Counter[tuple[_Place, str]]
) -> None:
    """What the result says there is what it must say. Raises InvalidText if not."""
    if Counter(said(Log(data))) != wanted:
        raise InvalidText(f"The entries of {where} cannot be moved without changing one; edit the changelog by hand.")
