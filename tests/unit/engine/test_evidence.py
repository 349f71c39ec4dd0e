"""What gates saw is kept as it was, and never so much of it that the record drowns in it."""

from datetime import UTC, datetime, timedelta

from bot.engine.evidence import LONGEST, is_new, note, of_gate, of_sign_off
from bot.engine.looks import PEOPLE, Looking
from sops.kit.gate import Gate, Met, SignedOff, Waiting
from sops.kit.ledger import text_hash
from sops.kit.model import Role, Step
from sops.kit.run import Run
from tests.unit.runs import a_release

AT = datetime(2026, 4, 20, 8, tzinfo=UTC)

STEP = Step("checks", "4", "Checks")


class Seen(Gate):
    """Some gate."""

    def every(self, run: Run) -> timedelta:
        return timedelta(minutes=5)


class FakeDesk:
    """A desk that only notes."""

    def __init__(self) -> None:
        self.run = a_release()
        self.noted: list[tuple[str, dict[str, object]]] = []

    def note(self, kind: str, **payload: object) -> None:
        self.noted.append((kind, payload))


def test_what_it_found_and_what_it_looked_at_are_both_kept() -> None:
    found = of_gate(Seen(), Met({"head": "abc"}, seen={"reported": [{"name": "build"}]}))
    assert found == {"gate": "Seen", "head": "abc", "reported": [{"name": "build"}]}


def test_what_is_long_is_kept_as_its_hash() -> None:
    text = "x" * LONGEST
    found = of_gate(Seen(), Met({"text": text}))
    assert found["text"] == {"sha256": text_hash(f'"{text}"'), "length": LONGEST + 2}


def test_a_sign_off_is_kept_with_its_words() -> None:
    run = a_release().with_record(STEP.id, signed=True, by="rm", text="looks well on staging")
    found = of_sign_off(run, STEP, SignedOff(by=Role.RELEASE_MANAGER, ask="look"))
    assert found == {"gate": "SignedOff", "by": "rm", "text": "looks well on staging"}


def test_only_gates_that_hold_leave_evidence() -> None:
    so_far = Looking()
    so_far.found(a_release(), Seen(), Met({"head": "abc"}), AT)
    so_far.found(a_release(), Seen(), Waiting("not yet", {"checks": "0/1"}), AT)
    look = so_far.look()
    assert (look.evidence, look.notes) == (({"gate": "Seen", "head": "abc"},), ("not yet",))
    assert look.every < PEOPLE


def test_the_same_is_kept_once_and_what_changed_again() -> None:
    desk = FakeDesk()
    for head in ("abc", "abc", "def"):
        note(desk, STEP, ({"gate": "Seen", "head": head},))  # type: ignore[arg-type]  # only notes are wanted of it
    assert [payload["found"] for _, payload in desk.noted] == [
        [{"gate": "Seen", "head": "abc"}],
        [{"gate": "Seen", "head": "def"}],
    ]
    assert not is_new(desk.run, STEP, ())
