"""The record's arithmetic alone: what an auditor with a copy, and no database, can find."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from sops.kit.ledger import Head, Link, Seal, canonical, check_chain, check_seals, instant, next_link, next_seal
from tests.contract.storage.samples import NOW


def chain(length: int) -> tuple[list[Link], Head]:
    links: list[Link] = []
    head: Head | None = None
    for number in range(length):
        link = next_link("r1", head, at=NOW, kind="note", actor="ann", payload={"n": number})
        links.append(link)
        head = Head(link.seq, link.hash)
    assert head is not None
    return links, head


def found(links: Sequence[Link], head: Head | None) -> list[tuple[int | None, str]]:
    return [(fault.seq, fault.what) for fault in check_chain("r1", links, head)]


def test_a_value_has_one_text_whatever_the_order_of_its_keys() -> None:
    assert (
        canonical({"b": "ü", "a": [1, None]}) == canonical({"a": [1, None], "b": "ü"}) == '{"a":[1,null],"b":"\\u00fc"}'
    )


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001  # the point of the test


def test_a_whole_microsecond_is_written_like_any_other() -> None:
    assert instant(NOW.replace(microsecond=0)) == "2026-03-02T09:30:00.000000+00:00"


def test_a_sound_chain_has_no_faults() -> None:
    assert found(*chain(5)) == []


def test_a_withheld_payload_still_verifies() -> None:
    links, head = chain(3)
    links[1] = replace(links[1], payload=None)
    assert found(links, head) == []
    assert links[1].entry().payload == {}


def test_an_entry_that_is_there_twice_is_found() -> None:
    links, head = chain(3)
    assert found([links[0], links[1], links[1], links[2]], head) == [
        (2, "stands after entry 2: inserted, or there twice")
    ]


def test_entries_in_the_wrong_order_are_found() -> None:
    links, head = chain(4)
    assert found([links[0], links[2], links[1], links[3]], head) == [
        (2, "entry 2 is missing"),
        (2, "stands after entry 3: inserted, or there twice"),
    ]


def test_a_chain_that_is_gone_is_found() -> None:
    assert found([], chain(3)[1]) == [(1, "entries 1 to 3 are missing")]


def test_a_seal_replaced_by_a_valid_one_is_found() -> None:
    first = next_seal(None, at=NOW, heads={"r1": Head(1, "a")})
    second = next_seal(first, at=NOW, heads={"r1": Head(2, "b")})
    other = next_seal(None, at=NOW, heads={"r1": Head(1, "c")})
    assert list(check_seals([first, second], {})) == []
    [fault] = check_seals([other, second], {})
    assert (fault.run, fault.seq) == ("seals", 2)


def test_every_field_of_a_seal_is_covered() -> None:
    seal = next_seal(None, at=NOW, heads={"r1": Head(1, "a")})
    changed: list[Seal] = [replace(seal, at="x"), replace(seal, heads="[]"), replace(seal, hash="x")]
    assert all(list(check_seals([each], {})) for each in changed)
