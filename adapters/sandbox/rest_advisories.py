"""REST: security advisories. Only the bot and maintainers see those that are not published."""

from typing import Any

from cvss import CVSS3, CVSS4
from cvss.exceptions import CVSSError

from adapters.sandbox.api import (
    HOST,
    WEB,
    Call,
    Json,
    Reply,
    Route,
    ok,
    page,
    repository_url,
    stamp,
    stamp_or_none,
    text,
)
from adapters.sandbox.core import Core
from adapters.sandbox.refusal import invalid, not_found
from adapters.sandbox.shapes_repository import repository, user
from adapters.sandbox.state import FORK_TAKES, AdvisoryRecord

_KIND = "RepositoryAdvisory"
_LETTERS = "23456789cfghjmpqrvwx"


def list_advisories(core: Core, call: Call) -> Reply:
    wanted = call.query.get("state")
    found = [each for each in core.state.advisories.values() if wanted in (None, each.state)]
    newest = sorted(found, key=lambda each: each.created_at, reverse=True)
    return page(call, newest, lambda each: _shape(core, each))


def create_advisory(core: Core, call: Call) -> Reply:
    body = call.body
    if "severity" in body and "cvss_vector_string" in body:
        raise invalid(_KIND, "severity")
    made = _made(core, text(body, "summary", _KIND), text(body, "description", _KIND), call.by.login)
    made.severity = body.get("severity")
    return Reply(201, _shape(core, made))


def create_report(core: Core, call: Call) -> Reply:
    """Somebody outside reports a vulnerability through the forge."""
    body = call.body
    said = (text(body, "summary", _KIND), text(body, "description", _KIND))
    made = report(core, *said, call.by.login, body.get("severity") or "medium")
    return Reply(201, _shape(core, made))


def report(core: Core, summary: str, description: str, author: str, severity: str = "medium") -> AdvisoryRecord:
    """A report waiting for the maintainers to accept it."""
    made = _made(core, summary, description, author)
    made.state, made.reported, made.severity = "triage", True, severity
    core.ring()
    return made


def _made(core: Core, summary: str, description: str, author: str) -> AdvisoryRecord:
    now = core.now()
    ghsa = _number(core.state.next_id())
    record = core.state.advisories[ghsa] = AdvisoryRecord(ghsa, summary, description, author, now, now)
    return record


def get_advisory(core: Core, call: Call) -> Reply:
    return ok(_shape(core, _found(core, call)))


def edit_advisory(core: Core, call: Call) -> Reply:
    record, body = _found(core, call), call.body
    if vector := body.get("cvss_vector_string"):
        try:
            record.severity = str((CVSS4 if vector.startswith("CVSS:4") else CVSS3)(vector).severities()[0]).lower()
        except CVSSError as error:
            raise invalid(_KIND, "cvss_vector_string") from error
        record.vector = vector
    record.vulnerabilities = [_vulnerability(each) for each in body.get("vulnerabilities", record.vulnerabilities)]
    record.summary, record.description = (
        body.get("summary", record.summary),
        body.get("description", record.description),
    )
    record.cve = body.get("cve_id", record.cve)
    if body.get("state") == "draft" and record.state == "triage":
        record.state = "draft"
    if body.get("state") == "published":
        if not record.severity:
            raise invalid(_KIND, "severity")
        record.state, record.published_at = "published", core.now()
    record.updated_at = core.now()
    return ok(_shape(core, record))


def request_cve(core: Core, call: Call) -> Reply:
    record = _found(core, call)
    if record.cve_asked:
        raise invalid(_KIND, "cve_id", "already_exists")
    record.cve_asked = True
    return Reply(202, {})


def open_fork(core: Core, call: Call) -> Reply:
    record = _found(core, call)
    if record.fork_due is None:
        record.fork_due = core.now() + FORK_TAKES
        core.private(_fork(core, record)["full_name"], checks=False)
    return Reply(202, _fork(core, record))


def _number(seed: int) -> str:
    letters = ""
    for _ in range(12):
        seed = (seed * 48271 + 11) % 2147483647
        letters += _LETTERS[seed % len(_LETTERS)]
    return f"GHSA-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _found(core: Core, call: Call) -> AdvisoryRecord:
    record = core.state.advisories.get(call.params["ghsa_id"])
    if record is None:
        raise not_found()
    return record


def _vulnerability(wanted: Json) -> Json:
    return {
        "package": {"ecosystem": wanted["package"]["ecosystem"], "name": wanted["package"].get("name")},
        "vulnerable_version_range": wanted.get("vulnerable_version_range"),
        "patched_versions": wanted.get("patched_versions"),
        "vulnerable_functions": wanted.get("vulnerable_functions") or [],
    }


def _fork(core: Core, record: AdvisoryRecord) -> Json:
    name = f"skylark-{record.ghsa.lower()}"
    return {
        **repository(core),
        "name": name,
        "full_name": f"acme/{name}",
        "private": True,
        "html_url": f"{HOST}/acme/{name}",
    }


def _shape(core: Core, record: AdvisoryRecord) -> Json:
    ready = record.fork_due is not None and core.now() >= record.fork_due
    old, new = ("", record.vector) if record.vector.startswith("CVSS:4") else (record.vector, "")
    shape: dict[str, Any] = {
        "ghsa_id": record.ghsa,
        "cve_id": record.cve,
        "url": f"{repository_url(core)}/security-advisories/{record.ghsa}",
        "html_url": f"{WEB}/security/advisories/{record.ghsa}",
        "summary": record.summary,
        "description": record.description,
        "severity": record.severity,
        "author": user(core, record.author),
        "publisher": user(core, record.author) if record.published_at else None,
        "identifiers": [{"type": "GHSA", "value": record.ghsa}],
        "state": record.state,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "published_at": stamp_or_none(record.published_at),
        "closed_at": None,
        "withdrawn_at": None,
        "submission": {"accepted": record.state != "triage"} if record.reported else None,
        "vulnerabilities": record.vulnerabilities,
        "cvss": _score(old),
        "cvss_severities": {"cvss_v3": _score(old), "cvss_v4": _score(new)},
        "cwes": [],
        "cwe_ids": [],
        "credits": [],
        "credits_detailed": [],
        "collaborating_users": [],
        "collaborating_teams": [],
        "private_fork": _simple(_fork(core, record)) if ready else None,
    }
    return shape


def _score(vector: str) -> Json:
    if not vector:
        return {"vector_string": None, "score": None}
    kind = CVSS4 if vector.startswith("CVSS:4") else CVSS3
    return {"vector_string": vector, "score": float(kind(vector).scores()[0])}


def _simple(whole: Json) -> Json:
    """The part of a repository that is shown inside something else."""
    wanted = {"id", "node_id", "name", "full_name", "owner", "private", "html_url", "description", "fork", "url"}
    return {key: value for key, value in whole.items() if key in wanted or key.endswith("_url")}


_ALL = "/repos/{owner}/{repo}/security-advisories"
_ONE = f"{_ALL}/{{ghsa_id}}"
ROUTES = (
    Route("GET", _ALL, list_advisories),
    Route("POST", _ALL, create_advisory),
    Route("POST", f"{_ALL}/reports", create_report),
    Route("GET", _ONE, get_advisory),
    Route("PATCH", _ONE, edit_advisory),
    Route("POST", f"{_ONE}/cve", request_cve),
    Route("POST", f"{_ONE}/forks", open_fork),
)
