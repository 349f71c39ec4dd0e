"""The homeserver of the tests: people meet in a room, and what they say outlives a restart."""

from pathlib import Path

from tests.standins.synapse import Synapse


def test_people_meet_and_read_each_other(homeserver: Synapse) -> None:
    ann, ben = homeserver.account("ann"), homeserver.account("ben")
    room = ann.create_room("ops", [ben.user])
    ben.join(room)
    root = ann.say(room, "who is there?")
    answer = ben.say(room, "me", thread=root)
    events, _ = ann.messages(room)
    assert [event["content"]["body"] for event in events if event["type"] == "m.room.message"] == [
        "who is there?",
        "me",
    ]
    assert ann.event(room, answer)["content"]["m.relates_to"]["event_id"] == root


def test_a_room_is_closed_to_whoever_was_not_invited(homeserver: Synapse) -> None:
    ann, eve = homeserver.account("ann"), homeserver.account("eve")
    room = ann.create_room("ops")
    assert eve.refused("POST", f"join/{room}") == "M_FORBIDDEN"


def test_what_was_said_outlives_a_restart(homeserver: Synapse) -> None:
    ann = homeserver.account("ann")
    room = ann.create_room("ops")
    said = ann.say(room, "still here?")
    homeserver.restart()
    assert ann.event(room, said)["content"]["body"] == "still here?"


def test_mentions_in_a_notice_call_nobody(homeserver: Synapse) -> None:
    """The reason why whatever mentions somebody is no notice."""
    ann, ben = homeserver.account("ann"), homeserver.account("ben")
    room = ann.create_room("ops", [ben.user])
    ben.join(room)
    mention = {"m.mentions": {"user_ids": [ben.user]}}
    ann.say(room, "ben: a notice", msgtype="m.notice", **mention)
    assert ben.unread(room) == {"all": 0, "calling": 0}
    ann.say(room, "ben: a message", **mention)
    assert ben.unread(room)["calling"] == 1


def test_nothing_is_left_in_the_working_directory(homeserver: Synapse) -> None:
    assert homeserver.url.startswith("http://127.0.0.1:")
    assert not Path("homeserver.yaml").exists()
