"""How the command line ends when something was not foreseen: with a sentence and a code, never in silence.

The process has its own edge here, beside that of the engine (`bot.engine.caught`): nothing goes on after it.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from traceback import extract_tb
from typing import Any, NoReturn, TypeVar

import typer

from bot.engine.caught import described
from sops.kit.errors import SopwithError

_Found = TypeVar("_Found")
WRONG = 2
_PACKAGES = ("bot", "adapters", "storage", "sops")
_LINES = 4


def told_how_it_ends(command: Callable[[], object]) -> None:
    """Carry the command out. Whatever ends it too early is said on standard error, and the exit code is not 0.

    Of what is not one of our errors only its kind is said, and on which of our lines it happened: others repeat what
    they were given, which may be secret.
    """
    _have_a_console()
    try:
        command()
    except Exception as problem:  # noqa: BLE001  # the process's own edge
        _end(problem)


def run_to_its_end(work: Coroutine[Any, Any, _Found]) -> _Found:
    """`asyncio.run`. A pipe that broke meanwhile is ours: the command line's library ends over it in silence."""
    try:
        return asyncio.run(work)
    except BrokenPipeError as problem:
        raise SopwithError("A program that Sopwith wrote to has ended.") from problem


def _end(problem: Exception) -> NoReturn:
    first = _first(problem)
    if isinstance(first, SopwithError):
        _say(str(first))
    elif isinstance(first, OSError) and first.filename:
        _say(f"{first.filename}: {first.strerror}.")
    else:
        _say(f"Sopwith ended over what nobody foresaw: {described(first)} in {_place(first)}. Please report this line.")
    sys.exit(WRONG)


def _first(problem: BaseException) -> BaseException:
    """Of several the first that is one of our errors, else the first."""
    if not isinstance(problem, BaseExceptionGroup):
        return problem
    each = [_first(inner) for inner in problem.exceptions]
    return next((inner for inner in each if isinstance(inner, SopwithError)), each[0])


def _place(problem: BaseException) -> str:
    """The lines of ours that led to it, the last one first, as in `bot/cli.py:166`."""
    ours = Path(__file__).parents[1]
    calls = [call for call in extract_tb(problem.__traceback__) if _is_below(call.filename, ours)]
    lines = [f"{Path(call.filename).relative_to(ours).as_posix()}:{call.lineno}" for call in reversed(calls)]
    return " < ".join(lines[:_LINES]) or "a library"


def _is_below(file: str, ours: Path) -> bool:
    return any(Path(file).is_relative_to(ours / package) for package in _PACKAGES)


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _have_a_console() -> None:
    """A process may be started without any of its three streams; then nobody reads, and nothing fails over it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Open as long as the process, so nothing closes it.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # see above
