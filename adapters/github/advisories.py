"""Security advisories of the repository, private until they are published: blocking calls, made in a thread."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from github import GithubException
from github.Repository import Repository

from adapters.github.errors import Asked
from adapters.github.fields import Json, each, part, text, text_or
from adapters.github.listing import rows
from sops.kit.errors import FarEndRefused
from sops.kit.patterns import Pattern
from sops.kit.world import Advisory

T = TypeVar("T")
_GHSA = Pattern(r"(?i)GHSA(-[23456789cfghjmpqrvwx]{4}){3}")
_READ, _WRITE = "Repository security advisories: read", "Repository security advisories: write"


class AdvisoryCalls(ABC):
    """The advisories' part of the forge. What they say is never put into an error or a log."""

    @abstractmethod
    async def _read(self, what: str, needs: str, call: Callable[[Repository], T]) -> T: ...
    @abstractmethod
    async def _write(self, asked: Asked, call: Callable[[Repository], T]) -> T: ...

    async def advisories(self) -> Sequence[Advisory]:
        return await self._read("listing advisories", _READ, _listed)

    async def open_advisory(self, *, summary: str, description: str, severity: str) -> Advisory:
        asked = Asked("opening an advisory", _WRITE, write=True)
        return await self._write(asked, lambda repo: _open(repo, summary, description, severity))

    async def accept_advisory(self, ghsa: str) -> None:
        await self._change(ghsa, "accepting a report", {"state": "draft"})

    async def score_advisory(self, ghsa: str, *, vector: str, affected: str) -> None:
        wanted = {"cvss_vector_string": vector, "severity": None, "vulnerabilities": [_vulnerability(affected)]}
        await self._change(ghsa, "scoring an advisory", wanted)

    async def publish_advisory(self, ghsa: str, *, vector: str, affected: str, patched: str, cve: str = "") -> None:
        wanted = {
            "state": "published",
            "cvss_vector_string": vector,
            "severity": None,
            "vulnerabilities": [_vulnerability(affected, patched)],
            **({"cve_id": cve} if cve else {}),
        }
        await self._change(ghsa, "publishing an advisory", wanted)

    async def open_private_fork(self, ghsa: str) -> None:
        await self._post(ghsa, "forks", "opening a private fork")

    async def request_cve(self, ghsa: str) -> None:
        await self._post(ghsa, "cve", "requesting a CVE")

    async def _change(self, ghsa: str, what: str, wanted: dict[str, Any]) -> None:
        def change(repo: Repository) -> None:
            repo.requester.requestJsonAndCheck("PATCH", _url(repo, ghsa), input=wanted)

        await self._write(Asked(what, _WRITE, write=True), change)

    async def _post(self, ghsa: str, path: str, what: str) -> None:
        def post(repo: Repository) -> None:
            repo.requester.requestJsonAndCheck("POST", f"{_url(repo, ghsa)}/{path}")

        await self._write(Asked(what, _WRITE, write=True), post)


def _url(repo: Repository, ghsa: str) -> str:
    if not _GHSA.fullmatch(ghsa):
        raise FarEndRefused("that is no advisory's number")
    return f"{repo.url}/security-advisories/{ghsa}"


def _listed(repo: Repository) -> list[Advisory]:
    try:
        return each(rows(repo, "security-advisories"), _advisory, "an advisory")
    except GithubException as error:
        if error.status == 404:  # switched off for this repository
            return []
        raise


def _open(repo: Repository, summary: str, description: str, severity: str) -> Advisory:
    wanted = {"summary": summary, "description": description, "severity": severity, "vulnerabilities": []}
    _, raw = repo.requester.requestJsonAndCheck("POST", f"{repo.url}/security-advisories", input=wanted)
    return _advisory(raw)


def _vulnerability(affected: str, patched: str = "") -> dict[str, Any]:
    package = {"ecosystem": "other", "name": ""}
    return {"package": package, "vulnerable_version_range": affected, "patched_versions": patched or None}


def _advisory(raw: Json) -> Advisory:
    holes = raw.get("vulnerabilities")
    first = holes[0] if isinstance(holes, list) and holes else None
    hole: Json = first if isinstance(first, dict) else {}
    return Advisory(
        ghsa=text(raw, "ghsa_id"),
        state=text(raw, "state"),
        summary=text_or(raw, "summary"),
        description=text_or(raw, "description"),
        url=text_or(raw, "html_url"),
        vectors=_vectors(raw),
        affected=text_or(hole, "vulnerable_version_range"),
        patched=text_or(hole, "patched_versions"),
        private_fork=text_or(part(raw, "private_fork"), "html_url") if raw.get("private_fork") else "",
        cve=text_or(raw, "cve_id"),
    )


def _vectors(raw: Json) -> tuple[str, ...]:
    """GitHub keeps one vector of each version of CVSS; the older field knows only the first."""
    severities = raw.get("cvss_severities")
    scores = (raw.get("cvss"), *(severities.values() if isinstance(severities, dict) else ()))
    known = (text_or(score, "vector_string") for score in scores if isinstance(score, dict))
    return tuple(dict.fromkeys(vector for vector in known if vector))
