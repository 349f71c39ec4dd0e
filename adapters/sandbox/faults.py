"""What can go wrong between the bot and the far end, on demand, and the log of what was asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

ANY = "*"
FAR_ENDS = ("forge", "registry", "packages", "git")


class Harm(Enum):
    """What happens to the request instead of an answer."""

    ANSWER = "answered with an error, not handled"
    DROP = "dropped before it is handled"
    DROP_AFTER = "handled, then dropped: the outcome is unknown to whoever asked"


@dataclass
class Fault:
    """Waits for `times` requests of `method` (or ANY) whose path matches and whose body contains `containing`."""

    method: str
    path: re.Pattern[str]
    harm: Harm
    times: int
    containing: bytes = b""
    status: int = 502
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "Server Error"

    def meets(self, method: str, path: str, body: bytes) -> bool:
        return (
            self.times > 0
            and self.method in (ANY, method)
            and self.path.search(path) is not None
            and self.containing in body
        )


class Faults:
    """`path` is a regular expression sought in the request's path; `containing` tells GraphQL operations apart."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def answer(
        self,
        method: str,
        path: str,
        status: int,
        *,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        message: str = "Server Error",
        containing: str = "",
    ) -> None:
        """The next `times` such requests get `status` and are not handled."""
        self._waiting.append(
            Fault(
                method,
                re.compile(path),
                Harm.ANSWER,
                times,
                containing.encode(),
                status,
                headers or {},
                message,
            )
        )

    def drop(self, method: str, path: str, *, times: int = 1, containing: str = "") -> None:
        """The connection breaks before the request is handled."""
        self._waiting.append(Fault(method, re.compile(path), Harm.DROP, times, containing.encode()))

    def drop_after(self, method: str, path: str, *, times: int = 1, containing: str = "") -> None:
        """The request is handled, then the connection breaks without an answer."""
        self._waiting.append(Fault(method, re.compile(path), Harm.DROP_AFTER, times, containing.encode()))

    def take(self, method: str, path: str, body: bytes) -> Fault | None:
        """The first waiting fault this request meets, used up by one."""
        for fault in self._waiting:
            if fault.meets(method, path, body):
                fault.times -= 1
                return fault
        return None

    @property
    def waiting(self) -> int:
        """How many requests are still to be harmed."""
        return sum(fault.times for fault in self._waiting)

    def clear(self) -> None:
        self._waiting.clear()


class Silence:
    """The far ends that take requests and never answer, by their names in `FAR_ENDS`."""

    def __init__(self) -> None:
        self._hanging: frozenset[str] = frozenset()

    def begin(self, far_end: str) -> None:
        self._hanging |= {far_end}

    def clear(self) -> None:
        """All of them answer again; whoever is being kept waiting waits on."""
        self._hanging = frozenset()

    def hangs(self, far_end: str) -> bool:
        return far_end in self._hanging

    def meets(self, path: str) -> bool:
        """Whether what serves that path hangs."""
        return self.hangs(far_end_of(path))


def far_end_of(path: str) -> str:
    """Which far end of `FAR_ENDS` serves that path; git is served by none."""
    if path.startswith(("/v2/", "/registry/")):
        return "registry"
    return "packages" if path.startswith("/simple/") else "forge"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `route` is the template that served it, "" if none did; `status` 0 if dropped."""

    method: str
    path: str
    route: str
    status: int
    query: str = ""
    request: bytes = b""
    response: bytes = b""
    media_type: str = ""


class RequestLog:
    """Every request in its order; bodies only while `keep_bodies` is set."""

    def __init__(self) -> None:
        self.entries: list[Exchange] = []
        self.keep_bodies = False

    def count(self, method: str = ANY, path: str = "") -> int:
        """How many requests of `method` had a path in which the regular expression `path` is found."""
        wanted = re.compile(path)
        return sum(method in (ANY, entry.method) and wanted.search(entry.path) is not None for entry in self.entries)

    def clear(self) -> None:
        self.entries.clear()
