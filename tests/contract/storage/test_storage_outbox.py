"""The outbox: in order, once, nothing before what it hangs on."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from sops.kit.conversation import Place
from sops.kit.errors import ClaimLost
from sops.kit.stores import Delivery, Outgoing, Transaction
from storage import SqlStore
from tests.contract.storage.samples import NOW, OPS, a_message, later, sql


async def put(store: SqlStore, *messages: Outgoing) -> list[bool]:
    return await store.transact(lambda tx: [tx.outbox.put(message, NOW) for message in messages])


async def deliverable(store: SqlStore, now: datetime = NOW) -> list[Delivery]:
    return list(await store.read(lambda tx: tx.outbox.deliverable(now)))


async def ids(store: SqlStore, now: datetime = NOW) -> list[str]:
    return [delivery.message.logical_id for delivery in await deliverable(store, now)]


async def deliver(store: SqlStore, logical_id: str) -> None:
    """Deliver the message that is at the head of its queue."""
    await store.transact(lambda tx: tx.outbox.delivered(_taken(tx, logical_id), f"ref {logical_id}", NOW))


def _taken(tx: Transaction, logical_id: str, owner: str = "me", seconds: float = 60.0) -> Delivery:
    at = later(days=365)
    row = next(d.row for d in tx.outbox.deliverable(at) if d.message.logical_id == logical_id)
    taken = tx.outbox.take(row, owner, seconds, at)
    assert taken is not None
    return taken


async def drop(store: SqlStore, logical_id: str, error: str = "the channel is gone") -> None:
    await store.transact(lambda tx: tx.outbox.dead(_taken(tx, logical_id), error))


async def test_a_message_comes_back_as_it_was_put(store: SqlStore) -> None:
    message = a_message("m1", "naïve 🛠 \x00", run_id="r1")
    assert await put(store, message) == [True]
    [delivery] = await deliverable(store)
    assert delivery.message == message
    assert (delivery.thread, delivery.ref, delivery.attempts) == (None, None, 0)


async def test_a_second_post_of_one_id_changes_nothing(store: SqlStore) -> None:
    assert await put(store, a_message("m1", "first"), a_message("m1", "second")) == [True, False]
    await deliver(store, "m1")
    assert await put(store, a_message("m1", "third")) == [False]
    assert await ids(store) == []


async def test_of_many_who_post_one_id_one_does(store: SqlStore, other_store: SqlStore) -> None:
    results = await asyncio.gather(*(put(each, a_message("m1")) for _ in range(10) for each in (store, other_store)))
    assert sum(result == [True] for result in results) == 1


async def test_a_whisper_is_put_once_and_does_not_clash_with_a_post(store: SqlStore) -> None:
    whisper = a_message("m1", kind="whisper")
    assert await put(store, a_message("m1"), whisper, whisper) == [True, True, False]


async def test_a_whisper_goes_where_its_place_says_and_waits_for_nobody(store: SqlStore) -> None:
    there = Place(platform="console", channel="#ops", thread="a thread of somebody's")
    answer = a_message("event/1", kind="whisper", place=there)
    await put(store, a_message("stuck"), answer)
    await store.transact(lambda tx: tx.outbox.retry(_taken(tx, "stuck"), later(seconds=30), "rate limited"))
    (found,) = await store.read(lambda tx: tx.outbox.deliverable(NOW))
    assert (found.message.logical_id, found.thread) == ("event/1", "a thread of somebody's")


async def test_a_channel_is_served_one_message_at_a_time_in_order(store: SqlStore) -> None:
    elsewhere = Place(platform="console", channel="dev")
    await put(store, a_message("b"), a_message("a"), a_message("c", place=elsewhere))
    assert await ids(store) == ["b", "c"]
    await deliver(store, "b")
    assert await ids(store) == ["a", "c"]


async def test_a_reply_waits_for_its_root_and_then_knows_its_thread(store: SqlStore) -> None:
    await put(store, a_message("other"), a_message("root"), a_message("reply", root="root"))
    assert await ids(store) == ["other"]
    await deliver(store, "other")
    assert await ids(store) == ["root"]
    await deliver(store, "root")
    [reply] = await deliverable(store)
    assert (reply.message.logical_id, reply.thread, reply.ref) == ("reply", "ref root", None)


async def test_threads_do_not_wait_for_one_another(store: SqlStore) -> None:
    await put(store, a_message("one"))
    await deliver(store, "one")
    await put(store, a_message("two"))
    await deliver(store, "two")
    await put(store, *(a_message(f"{root}-{n}", root=root) for root in ("one", "two") for n in (1, 2)))
    assert await ids(store) == ["one-1", "two-1"]
    await deliver(store, "one-1")
    assert await ids(store) == ["one-2", "two-1"]


async def test_a_call_goes_before_what_waits_for_its_channel_and_so_does_the_root_it_hangs_on(
    store: SqlStore, other_store: SqlStore
) -> None:
    """Calls in their order, the rest in its own, also for whoever goes on after a restart."""
    await put(store, a_message("old"))
    await deliver(store, "old")
    await put(store, *(a_message(f"old-{n}", root="old") for n in (1, 2)), a_message("noise"), a_message("more"))
    await put(store, a_message("new"), a_message("new-1", root="new"))
    await put(store, a_message("old", "edited", kind="edit"))
    await put(store, *(a_message(f"new-call-{n}", root="new", calls=True) for n in (1, 2)))
    await put(store, a_message("old-call", root="old", calls=True), a_message("channel-call", calls=True))
    seen = []
    while found := await deliverable(other_store):
        seen.append((found[0].message.kind == "edit") * "edit of " + found[0].message.logical_id)
        await deliver(store, found[0].message.logical_id)
    first = ["new", "new-call-1", "new-call-2", "old-call", "channel-call"]
    assert seen == [*first, "old-1", "old-2", "noise", "more", "new-1", "edit of old"]


async def test_a_call_passes_what_is_tried_again_later_and_waits_for_what_is_under_way(store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    await put(store, a_message("m1", root="root"))
    await store.transact(lambda tx: tx.outbox.retry(_taken(tx, "m1"), later(hours=1), "slow down"))
    await put(store, a_message("call-1", root="root", calls=True))
    assert await ids(store) == ["call-1"]
    await deliver(store, "call-1")
    sending = await store.transact(lambda tx: _taken(tx, "m1"))
    await put(store, a_message("call-2", root="root", calls=True))
    [call] = await deliverable(store)
    assert await store.transact(lambda tx: tx.outbox.take(call.row, "other", 60, NOW)) is None
    assert not await store.transact(lambda tx: tx.outbox.withdraw("m1")), "it may have arrived"
    await store.transact(lambda tx: tx.outbox.delivered(sending, "ref m1", NOW))
    assert await ids(store) == ["call-2"]


async def test_an_edit_waits_for_its_message_and_then_knows_it(store: SqlStore) -> None:
    await put(store, a_message("root"), a_message("root", "edited", kind="edit"))
    [post] = await deliverable(store)
    assert post.message.kind == "post"
    await deliver(store, "root")
    [edit] = await deliverable(store)
    assert (edit.message.kind, edit.ref, edit.thread) == ("edit", "ref root", None)
    assert edit.message.card.plain() == "edited"


async def test_an_edit_of_a_reply_stands_in_line_with_its_thread(store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    await put(store, a_message("reply", root="root"), a_message("next", root="root"))
    await put(store, a_message("reply", "edited", kind="edit"))
    seen = []
    while found := await deliverable(store):
        seen.append((found[0].message.kind, found[0].message.logical_id, found[0].thread, found[0].ref))
        await deliver(store, found[0].message.logical_id)
    assert seen == [
        ("post", "reply", "ref root", None),
        ("post", "next", "ref root", None),
        ("edit", "reply", "ref root", "ref reply"),
    ]


async def test_a_newer_edit_replaces_one_that_was_not_delivered(store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    edits = [a_message("root", words, kind="edit") for words in ("one", "two", "three")]
    assert await put(store, *edits) == [True, True, True]
    [edit] = await deliverable(store)
    assert edit.message.card.plain() == "three"
    await deliver(store, "root")
    assert await ids(store) == []
    assert await put(store, edits[0]) == [True]
    assert await ids(store) == ["root"]


async def test_an_edit_replaced_while_it_was_under_way_does_not_lose_its_successor(store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    await put(store, a_message("root", "old", kind="edit"))
    under_way = await store.transact(lambda tx: _taken(tx, "root"))
    await put(store, a_message("root", "new", kind="edit"))
    [edit] = await deliverable(store)
    assert edit.message.card.plain() == "new"
    another = partial(_reach, edit.row, "another")
    assert await store.transact(another) is None  # or the old one might arrive after it
    await store.transact(lambda tx: tx.outbox.delivered(under_way, "ref root", NOW))
    assert await store.transact(another) is not None


async def test_of_edits_put_at_once_one_is_left(store: SqlStore, other_store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    edits = [a_message("root", f"edit {n}", kind="edit") for n in range(20)]
    stores = [store, other_store] * 10
    results = await asyncio.gather(*(put(each, edit) for edit, each in zip(edits, stores, strict=True)))
    assert results == [[True]] * 20
    await deliver(store, "root")
    assert await ids(store) == []


async def test_a_message_held_back_holds_back_its_thread_but_no_other(store: SqlStore) -> None:
    dev = Place(platform="console", channel="dev")
    await put(store, a_message("first"), a_message("second"), a_message("third", place=dev))
    assert await store.read(lambda tx: tx.outbox.next_due(NOW)) is None
    await store.transact(lambda tx: tx.outbox.retry(_taken(tx, "first"), later(seconds=30), "rate limited"))
    assert await ids(store) == ["third"]
    assert await store.read(lambda tx: tx.outbox.next_due(NOW)) == later(seconds=30)
    assert await store.read(lambda tx: tx.outbox.next_due(NOW, "console")) == later(seconds=30)
    assert await store.read(lambda tx: tx.outbox.next_due(NOW, "matrix")) is None
    assert await store.read(lambda tx: tx.outbox.next_due(later(seconds=30))) is None
    assert await ids(store, later(seconds=29)) == ["third"]
    [first, _] = await deliverable(store, later(seconds=30))
    assert (first.message.logical_id, first.attempts) == ("first", 1)
    await deliver(store, "first")
    assert await store.read(lambda tx: tx.outbox.next_due(NOW)) is None
    assert await ids(store) == ["second", "third"]


async def test_a_newer_edit_is_held_back_as_the_older_one_was(store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    await put(store, a_message("root", "old", kind="edit"))
    await store.transact(lambda tx: tx.outbox.retry(_taken(tx, "root"), later(seconds=30), "rate limited"))
    await put(store, a_message("root", "new", kind="edit"))
    assert await ids(store) == []
    [edit] = await deliverable(store, later(seconds=30))
    assert (edit.message.card.plain(), edit.attempts) == ("new", 1)


async def test_a_dead_letter_lets_the_thread_go_on_and_stays_listed(store: SqlStore) -> None:
    await put(store, a_message("bad"), a_message("good"))
    await drop(store, "bad", "not in channel")
    assert await ids(store) == ["good"]
    assert [(m.logical_id, why) for m, why in await store.read(lambda tx: tx.outbox.dead_letters())] == [
        ("bad", "not in channel")
    ]
    assert await put(store, a_message("bad")) == [False]


async def test_what_hangs_on_a_dead_root_dies_with_it(store: SqlStore) -> None:
    await put(
        store,
        a_message("root"),
        a_message("reply", root="root"),
        a_message("reply", kind="edit"),
        a_message("root", kind="edit"),
        a_message("unrelated"),
    )
    await drop(store, "root")
    await put(store, a_message("too late", root="root"), a_message("root", "also late", kind="edit"))
    assert await ids(store) == ["unrelated"]
    await deliver(store, "unrelated")
    assert await ids(store) == []
    letters = [
        (message.kind, message.logical_id) for message, _ in await store.read(lambda tx: tx.outbox.dead_letters())
    ]
    assert sorted(letters) == [
        ("edit", "reply"),
        ("edit", "root"),
        ("post", "reply"),
        ("post", "root"),
        ("post", "too late"),
    ]


async def test_a_dead_reply_takes_only_its_edits_along(store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    await put(store, a_message("reply", root="root"), a_message("reply", kind="edit"), a_message("next", root="root"))
    await drop(store, "reply")
    assert await ids(store) == ["next"]
    assert len(await store.read(lambda tx: tx.outbox.dead_letters())) == 2


async def test_nothing_can_hang_on_a_message_nobody_put(store: SqlStore) -> None:
    for message in (a_message("reply", root="root"), a_message("root", kind="edit")):
        with pytest.raises(KeyError):
            await put(store, message)


async def test_a_delivered_message_is_found_by_its_id_and_by_its_reference(store: SqlStore) -> None:
    await put(store, a_message("root", run_id="r1"), a_message("reply", root="root", run_id="r1"))
    assert await store.read(lambda tx: tx.outbox.sent("root")) is None
    await deliver(store, "root")
    await deliver(store, "reply")
    sent = await store.read(lambda tx: tx.outbox.sent("root"))
    assert sent is not None
    assert (sent.logical_id, sent.run_id, sent.place, sent.ref) == ("root", "r1", OPS, "ref root")
    assert sent.delivered_at == NOW
    assert await store.read(lambda tx: tx.outbox.sent_as("console", "ops", "ref root")) == sent
    for place in (("slack", "ops"), ("console", "dev")):
        assert await store.read(lambda tx, place=place: tx.outbox.sent_as(*place, "ref root")) is None  # type: ignore[misc]  # a default binds place
    reply = await store.read(lambda tx: tx.outbox.sent_as("console", "ops", "ref reply"))
    assert reply is not None
    assert reply.place == Place(platform="console", channel="ops", thread="ref root")


async def test_a_reply_put_while_its_root_dies_is_not_left_waiting(store: SqlStore, other_store: SqlStore) -> None:
    for round_number in range(10):
        root = f"root {round_number}"
        await put(store, a_message(root))
        await asyncio.gather(
            drop(store, root),
            *(put(other_store, a_message(f"{root} reply {n}", root=root)) for n in range(5)),
        )
    letters = await store.read(lambda tx: tx.outbox.dead_letters())
    assert len(letters) == 60


async def test_a_message_is_taken_by_one_and_nothing_of_its_queue_by_anybody_else(
    store: SqlStore, other_store: SqlStore
) -> None:
    await put(store, a_message("first"), a_message("second"))
    [head] = await deliverable(store)
    reaching = [each.transact(partial(_reach, head.row, f"{n}")) for n, each in enumerate([store, other_store] * 5)]
    [mine] = [taken for taken in await asyncio.gather(*reaching) if taken is not None]
    for note in NOTES:
        with pytest.raises(ClaimLost):
            await other_store.transact(partial(note, head))  # looked at, not taken
    await store.transact(lambda tx: tx.outbox.delivered(mine, "ref", NOW))
    assert await other_store.transact(partial(_reach, head.row, "late")) is None
    [following] = await deliverable(store)
    assert await other_store.transact(partial(_reach, following.row, "late")) is not None


async def test_whoever_lost_the_lease_notes_nothing(store: SqlStore, other_store: SqlStore) -> None:
    await put(store, a_message("m1"))
    late = await store.transact(lambda tx: _taken(tx, "m1", "late", 0.0))
    other = await other_store.transact(lambda tx: _taken(tx, "m1", "other"))
    for note in NOTES:
        with pytest.raises(ClaimLost):
            await store.transact(partial(note, late))
    await other_store.transact(lambda tx: tx.outbox.delivered(other, "the one reference", NOW))
    for note in NOTES:
        with pytest.raises(ClaimLost):
            await store.transact(partial(note, late))
    sent = await store.read(lambda tx: tx.outbox.sent("m1"))
    assert sent is not None
    assert sent.ref == "the one reference"


async def test_what_was_noted_is_not_noted_again_by_who_still_has_the_claim(store: SqlStore) -> None:
    await put(store, a_message("m1"))
    mine = await store.transact(lambda tx: _taken(tx, "m1"))
    await store.transact(partial(NOTES[0], mine))
    await store.transact(lambda tx: tx.outbox.delivered(mine, "another reference", NOW))
    await store.transact(partial(NOTES[2], mine))
    sent = await store.read(lambda tx: tx.outbox.sent("m1"))
    assert sent is not None
    assert sent.ref == "ref"
    assert await store.read(lambda tx: tx.outbox.dead_letters()) == []


async def test_whoever_takes_over_what_was_being_sent_knows_that_it_may_have_arrived(store: SqlStore) -> None:
    await put(store, a_message("m1"))
    [head] = await deliverable(store)
    first = await store.transact(lambda tx: tx.outbox.take(head.row, "late", 0.0, NOW, sending=True))
    assert first is not None
    second = await store.transact(partial(_reach, head.row, "other"))
    assert second is not None
    assert (first.uncertain, second.uncertain) == (False, True)


async def test_answers_to_one_person_leave_no_claims_behind(store: SqlStore) -> None:
    whispers = [a_message(f"event/{n}", kind="whisper") for n in range(3)]
    await put(store, *whispers)
    for number in range(3):
        taken = await store.transact(lambda tx, key=f"event/{number}": _taken(tx, key))  # type: ignore[misc]
        await store.transact(partial(NOTES[number], taken))
    assert await store.transact(lambda tx: tx.claims.take("post:whisper event/0", "anybody", 60)) == 1


Note = Callable[[Delivery, Transaction], None]
NOTES: tuple[Note, ...] = (
    lambda delivery, tx: tx.outbox.delivered(delivery, "ref", NOW),
    lambda delivery, tx: tx.outbox.retry(delivery, NOW, "no"),
    lambda delivery, tx: tx.outbox.dead(delivery, "no"),
)


def _reach(row: int, owner: str, tx: Transaction) -> Delivery | None:
    return tx.outbox.take(row, owner, 60, NOW)


async def test_what_did_not_arrive_yet_is_withdrawn_with_its_edits_and_blocks_nobody(store: SqlStore) -> None:
    await put(store, a_message("root"))
    await deliver(store, "root")
    await put(store, a_message("m1", root="root"), a_message("m1", "new", kind="edit"), a_message("m2", root="root"))
    assert await store.transact(lambda tx: tx.outbox.withdraw("m1"))
    assert await ids(store) == ["m2"]
    assert not await store.transact(lambda tx: tx.outbox.withdraw("m1"))
    assert not await store.transact(lambda tx: tx.outbox.withdraw("root"))


async def test_what_may_have_arrived_is_not_withdrawn(store: SqlStore) -> None:
    await put(store, a_message("m1"))
    [head] = await deliverable(store)
    await store.transact(lambda tx: tx.outbox.take(head.row, "here", 60, NOW, sending=True))
    assert not await store.transact(lambda tx: tx.outbox.withdraw("m1"))


async def test_what_is_being_sent_is_not_withdrawn_and_what_waits_behind_it_is(
    store: SqlStore, other_store: SqlStore
) -> None:
    """Also in a chat that needs no note of what is under way, and though its sender may be gone."""
    await put(store, a_message("m1"), a_message("m2"))
    sending = await store.transact(lambda tx: _taken(tx, "m1", "gone", 0.0))
    assert not await other_store.transact(lambda tx: tx.outbox.withdraw("m1"))
    assert await other_store.transact(lambda tx: tx.outbox.withdraw("m2"))
    await store.transact(lambda tx: tx.outbox.retry(sending, NOW, "it is not there"))
    assert await other_store.transact(lambda tx: tx.outbox.withdraw("m1"))
    assert await ids(store) == []


async def test_of_who_sends_and_who_withdraws_at_once_one_does(store: SqlStore, other_store: SqlStore) -> None:
    for number in range(10):
        name = f"m{number}"
        await put(store, a_message(name))
        [head] = await deliverable(store)
        sent, gone = await asyncio.gather(
            store.transact(partial(_reach, head.row, "me")),
            other_store.transact(lambda tx, name=name: tx.outbox.withdraw(name)),  # type: ignore[misc]
        )
        assert (sent is None) is gone
        if sent is not None:
            await store.transact(partial(NOTES[0], sent))


async def test_what_cannot_be_read_is_given_up_unless_a_build_that_can_is_sending_it(store: SqlStore, url: str) -> None:
    await put(store, a_message("m1"), a_message("m2"))
    sending = await store.transact(lambda tx: _taken(tx, "m1"))
    sql(url, "UPDATE outbox SET message = '{}'")
    assert await store.transact(lambda tx: tx.outbox.bury()) == 1
    await store.transact(lambda tx: tx.outbox.retry(sending, NOW, "no"))
    assert await store.transact(lambda tx: tx.outbox.bury()) == 1
    letters = await store.read(lambda tx: tx.outbox.dead_letters())
    assert sorted(message.logical_id for message, _ in letters) == ["m1", "m2"]
