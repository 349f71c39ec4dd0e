"""What was read of objects is read once; what failed is asked again."""

import pytest

from adapters.git.remembered import LARGEST, MOST, Remembered


class Asked:
    def __init__(self, answer: object) -> None:
        self.times = 0
        self.answer = answer

    async def __call__(self) -> object:
        self.times += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_an_answer_is_asked_for_once_also_when_it_is_none() -> None:
    known, asked = Remembered(), Asked(None)
    assert [await known.once(("read", "c", "p"), asked) for _ in range(3)] == [None, None, None]
    assert asked.times == 1


async def test_what_fails_is_asked_again() -> None:
    known, asked = Remembered(), Asked(ValueError("no such commit"))
    for _ in range(2):
        with pytest.raises(ValueError, match="no such commit"):
            await known.once("key", asked)
    assert asked.times == 2


async def test_a_large_file_is_not_kept_and_the_oldest_answer_goes_first() -> None:
    known, large, first = Remembered(), Asked(b"x" * (LARGEST + 1)), Asked(b"first")
    for _ in range(2):
        await known.once("large", large)
    assert large.times == 2
    await known.once("first", first)
    for number in range(MOST):
        await known.once(number, Asked(number))
    await known.once("first", first)
    assert first.times == 2
