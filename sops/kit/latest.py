"""Which release is `latest`, as an image's tag and as the forge's badge: the highest stable one nobody took back.

An older line moves the tag of its own line (`1.3`) and nothing else; a candidate moves neither.
"""

from collections.abc import Collection, Iterable

from sops.kit.version import Version


def latest(released: Iterable[Version], retracted: Collection[Version] = ()) -> Version | None:
    """The highest stable version that was not taken back; None where there is none."""
    return max((each for each in released if not each.is_candidate and each not in retracted), default=None)


def of_line(line: str, released: Iterable[Version], retracted: Collection[Version] = ()) -> Version | None:
    """The same of one line, "1.3"."""
    return latest((each for each in released if each.line == line), retracted)


def after_rollback(
    bad: Version, good: Version, released: Iterable[Version], retracted: Collection[Version] = ()
) -> Version:
    """Whose `latest` is once `bad` is taken back: of what is above it, if anything, else what people go back to."""
    return latest((each for each in released if each > bad.final), retracted) or good


def downwards(released: Iterable[Version]) -> list[Version]:
    """Stable versions from the highest down: to ask about one after another."""
    return sorted({each for each in released if not each.is_candidate}, reverse=True)
