"""Each place that reads text from outside, as a function of that text, with what stands around it there.

One for each, so it is longer than other modules. No YAML is read anywhere (tests/unit/test_linear_time.py sees to it).
"""

import json
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, cast

import httpx
import requests
from github import GithubException
from github.PaginatedList import PaginatedList
from requests.adapters import HTTPAdapter
from slack_bolt.request.async_request import AsyncBoltRequest
from urllib3 import HTTPResponse

from adapters.git.command import Answer, _clean
from adapters.git.commits import link_at
from adapters.git.errors import access_denied, read_failed
from adapters.git.merges import _conflicts, _picked_message, _Whole
from adapters.git.objects import changed_paths, commits, objects, tag_object
from adapters.git.push import push, remote_refs, remote_tags
from adapters.git.refs import branch_ref, checked_message, checked_path, checked_url
from adapters.git.signing import Signing
from adapters.git.tags import verify
from adapters.github.advisories import _url
from adapters.github.errors import Asked, is_rate_limit, translated
from adapters.github.limits import note_limits, note_words
from adapters.github.pulls import _CO_AUTHOR
from adapters.github.wire import _pause
from adapters.matrix.answers import parsed
from adapters.matrix.errors import translated as matrix_translated
from adapters.matrix.events import Translator as MatrixTranslator
from adapters.matrix.render import Renderer as MatrixRenderer
from adapters.matrix.text import read as read_matrix
from adapters.packages.simple import _files, _is_of
from adapters.reach.breaker import Breaker
from adapters.registry.auth import RegistryAuth
from adapters.registry.errors import answered
from adapters.registry.oci import _checked, _listed_tags
from adapters.slack.accounts import Accounts
from adapters.slack.events import MALFORMED, Translator, workspaces
from adapters.slack.render import Renderer as SlackRenderer
from adapters.slack.text import read as read_slack
from bot.chat.commands import ROOTS, parse
from bot.chat.half_asleep import heard
from bot.chat.severities import out_of
from bot.chat.stopping import halt
from bot.chat.words import asks_for_help
from sops.kit import changelog, changelog_entries, changelog_merges, changelog_sections
from sops.kit.affected import bounds
from sops.kit.artefacts import _read as read_checksums
from sops.kit.contributors import add_contributor, names
from sops.kit.cvss import scored
from sops.kit.differences import _changes
from sops.kit.document import parse_document
from sops.kit.errors import SopwithError
from sops.kit.escaping import entry, printable, quoted, slug, titled
from sops.kit.json_text import read as read_json
from sops.kit.markdown import Markdown
from sops.kit.message import Card, bold, line
from sops.kit.onboarding_actions import chosen
from sops.kit.pins import dotted, pinned_at, repinned, submodule_path
from sops.kit.security_table import lists, with_line
from sops.kit.version import Version
from sops.kit.version_files import get_version, set_version
from sops.kit.world import Asset

Read = Callable[[str], object]
NOW = datetime(2026, 11, 30, 21, tzinfo=UTC)
SHA = "a" * 40
HEADED = b"# Changelog\n\n## [Unreleased]\n\n### Added\n\n- a\n\n"
TABLE = "# Security\n\n| Version | Supported |\n|---|---|\n"
SOP = "## SOP-42 — Keys\n\n| # | Action | Kind |\n|---|---|---|\n"


def _each(*reads: Callable[[], object]) -> None:
    """All of them; each may refuse the text, by an error of ours and by no other."""
    for read in reads:
        with suppress(SopwithError):
            read()


def _of_bytes(*reads: Callable[[bytes], object]) -> Read:
    return lambda text: _each(*(lambda read=read: read(text.encode()) for read in reads))


def _at_once(deed: Coroutine[Any, Any, Any]) -> None:
    """Of what never waits."""
    with suppress(StopIteration):
        deed.send(None)


def _html(text: str) -> None:
    read_matrix({"body": text, "formatted_body": text, "format": "org.matrix.custom.html"}, "@b:h", lambda user: user)


def _matrix(text: str) -> None:
    async def nothing(*_: str) -> None:
        return None

    told = MatrixTranslator("@b:h", lambda user: user, lambda _: NOW, nothing, nothing)
    content = {"msgtype": "m.text", "body": text, "m.relates_to": {"m.in_reply_to": {"event_id": text}}}
    message = {"type": "m.room.message", "event_id": "$1", "sender": text, "content": content}
    reaction = {"type": "m.reaction", "event_id": "$2", "sender": "@a:h", "content": {"m.relates_to": {"key": text}}}
    _at_once(told.events("!r:h", [message, {**message, "sender": "@a:h"}, reaction]))


def _slack(text: str) -> None:
    """With blocks: whatever they hold, nothing of ours looks in."""
    told = Translator(Accounts("T1", {}), "UBOT", {}, lambda: NOW)
    deep: list[Any] = []
    for _ in range(len(text) // 100):
        deep = [deep, text[:10]]
    message = {"type": "message", "channel": "C1", "user": "U1", "ts": "1.2", "text": text, "blocks": deep}
    for inner in (message, {**message, "thread_ts": text}, {**message, "user": text}):
        with suppress(*MALFORMED):
            body = {"type": "event_callback", "team_id": "T1", "event": inner}
            workspaces(body)
            told.event(body)
    with suppress(*MALFORMED):
        told.command({"command": text, "text": text, "trigger_id": "1", "channel_id": "C1", "user_id": "U1"})
    while deep:  # by hand, since Python ends what is so deep by calling itself
        deep = deep[0]


def _bolt(text: str) -> None:
    for body in (text, f"payload={text}", f"payload={json.dumps({'type': 'event_callback', 'text': text})}"):
        with suppress(*MALFORMED):
            AsyncBoltRequest(body=body, headers={"content-type": ["application/x-www-form-urlencoded"]})
    with suppress(*MALFORMED):
        AsyncBoltRequest(body=text, headers={"content-type": ["application/json"]})


class _Git:
    """Whatever it is asked, it answers the text."""

    def __init__(self, text: str, code: int = 0) -> None:
        self.url, self.identity = "https://h/r", ("a", "a@h")
        self._answer = Answer(code, text.encode(), _clean(text, "token"))

    def run(self, *_: str, **__: object) -> Answer:
        return self._answer

    ask = read = write = run

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def _git(text: str) -> None:
    git: Any = _Git(text)
    _each(
        lambda: remote_refs(git, "refs/heads/main"),
        lambda: remote_tags(git),
        lambda: changed_paths(git, SHA, SHA),
        lambda: link_at(cast("Any", _Git(f"160000 commit {SHA}\t{text}\0")), SHA, "a"),
        lambda: push(git, "refs/heads/main", to=SHA, expected=None),
        lambda: push(cast("Any", _Git(f"!\ta:refs/heads/main\t{text}", 1)), "refs/heads/main", to=SHA, expected=None),
    )


def _git_objects(text: str) -> None:
    size = len(text.encode())
    tag: Any = _Git(f"{SHA} tag {size}\n{text}\n")
    _each(
        lambda: objects(cast("Any", _Git(text)), ("a", "b", "c")),
        lambda: objects(cast("Any", _Git(f"{SHA} blob {text}\n")), ("a",)),
        lambda: tag_object(tag, SHA),
        lambda: verify(tag, cast("Signing", SimpleNamespace(check=lambda: None)), tag_object(tag, SHA), "v1"),
    )


def _git_log(text: str) -> None:
    record = "\n".join([SHA, SHA, SHA, "a@h", "a@h", text.replace("\n", " ").replace("\0", " ")])
    git: Any = _Git(f"{record}\0{record}\0")
    _each(lambda: commits(git, git, (), ()))


def _git_fails(text: str) -> None:
    answer = Answer(1, b"", _clean(text, "token"))
    told = Answer(1, b"", _clean(f"fatal: {text}\nremote: {text}", "token"))
    for each in (answer, told):
        _each(lambda each=each: (each.reason, each.unreachable, access_denied(each), read_failed(each)))


def _github_headers(text: str) -> None:
    shown = text.replace("\r", " ").replace("\n", " ")
    told = ("Link", "Retry-After", "X-RateLimit-Reset", "X-RateLimit-Resource", "Content-Type", "Set-Cookie")
    headers = dict.fromkeys(told, shown)
    raw = HTTPResponse(b"", headers={**headers, "X-RateLimit-Remaining": "0"}, status=429, preload_content=False)
    response = HTTPAdapter().build_response(requests.Request("GET", "https://h/").prepare(), raw)
    breaker = Breaker("forge", "GitHub")
    _pause(response), note_limits(breaker, "https://h/", response), note_words(breaker, response, text.encode())
    small = {name.lower(): value for name, value in response.headers.items()}
    refusal = GithubException(403, {"message": text, "errors": [{"message": text}, text]}, small, text)
    with suppress(SopwithError), translated(Asked("a", "b")):
        raise refusal
    is_rate_limit(refusal)
    with suppress(SopwithError), translated(Asked("a", "b")):
        PaginatedList._PaginatedList__parseLinkHeader(cast("Any", None), small)  # type: ignore[attr-defined]


def _registry(text: str) -> None:
    shown = text.encode("ascii", "replace").replace(b"\r", b" ").replace(b"\n", b" ").decode()
    told = ("Link", "Retry-After", "WWW-Authenticate", "Content-Type", "Docker-Content-Digest")
    asked = httpx.Request("GET", "https://h/")
    for shape in (shown, f'Bearer realm="https://h/{shown}"', f"Bearer {shown}", f"<{shown}>; rel=next; {shown}"):
        response = httpx.Response(401, headers=dict.fromkeys(told, shape), content=b"{}", request=asked)
        response.links.get("next", {}).get("url")
        flow = RegistryAuth(httpx.URL("https://h/"), "a/b", None, frozenset()).auth_flow(asked)
        next(flow)
        with suppress(StopIteration, SopwithError):
            flow.send(response)
        _each(lambda r=response: answered(r, "a", write=False), lambda r=response: _checked(r, SHA, "a"))


def _registry_json(text: str) -> None:
    for body in (text, f'{{"tags":[{text}]}}', f'{{"errors":{text}}}', json.dumps({"tags": [text], "files": [text]})):
        response = httpx.Response(200, content=body.encode())
        _each(
            lambda r=response: _listed_tags(r, "a"),
            lambda r=response: answered(r, "a", write=False),
            lambda r=response: _files(r),
        )
    _is_of(text, "1.4.0")


def _homeserver(text: str) -> None:
    with suppress(ValueError):  # what it says it raises
        parsed(text.encode())
    parsed(f'{{"a":{json.dumps(text)}}}'.encode())
    matrix_translated(429, {"errcode": text, "retry_after_ms": text}, {"Retry-After": text}, writes=False)


def _card(text: str) -> None:
    cards = Card(lines=(line(text), line(bold(text))), hint=text, closed=text)
    slack = SlackRenderer("Europe/Berlin", lambda _: None, {"release": "/sop-release"})
    matrix = MatrixRenderer("Europe/Berlin", lambda _: None, lambda room: room, ROOTS)
    slack.blocks(cards), slack.notice(cards), matrix.content(cards)


def _log(text: str) -> bytes:
    return HEADED + text.encode()


def _toml(text: str) -> None:
    _each(lambda: get_version("toml", f'[project]\nversion = "1.4.0"\n{text}'.encode(), "project.version"))


def _pins(text: str) -> None:
    manifest = json.dumps({"dependencies": [{"name": "a", "version>=": text}], "overrides": [text]}).encode()
    calls = (f"find_package(a {text}", f"find_package(a {text})", f"fetchcontent_declare(a GIT_TAG {text})")
    reads = [lambda: pinned_at("vcpkg", manifest, "a"), lambda: repinned("vcpkg", manifest, "a", "1.4.0")]
    for each in (text, *calls):
        reads += [
            lambda each=each: pinned_at("cmake", each.encode(), "a"),
            lambda each=each: repinned("cmake", each.encode(), "a", "1.4.0"),
        ]
    _each(
        *reads,
        lambda: pinned_at("vcpkg", text.encode(), "a"),
        lambda: submodule_path(text.encode(), "a"),
        lambda: submodule_path(f'[submodule "{text}"]\npath = {text}\n'.encode(), "a"),
        lambda: dotted(f"1.{text}"),
    )


def _version_file(text: str) -> None:
    kinds = (("plain", ""), ("cmake", ""), ("json", "/version"), ("regex", r"version\s*=\s*(\S+)"))
    shapes = (text, f"project(a VERSION {text})", f'{{"version":"1","a":{text}', f"version = {text}")
    _each(*(lambda k=k, at=at, s=s: get_version(k, s.encode(), at) for k, at in kinds for s in shapes))
    _each(lambda: set_version("cmake", f"project(a VERSION 1.4.0)\n{text}".encode(), Version(1, 5, 0)))


def _changed(text: str) -> None:
    lines = text.splitlines()
    for after in (lines[::-1], lines[1::2] + lines[::2], [each.swapcase() for each in lines]):
        _changes("a", text.encode(), "\n".join(after).encode())


PLACES: dict[str, Read] = {
    "a Matrix message": _html,
    "a Matrix event": _matrix,
    "a homeserver's answer": _homeserver,
    "a Slack message": lambda text: read_slack(text, "U1", lambda user: user),
    "a Slack event": _slack,
    "a delivery of Slack's": _bolt,
    "a command": lambda text: [parse(each, in_run=True) for each in (text, f"!{text}", f"/incident {text}")],
    "a command to the bot": lambda text: parse(text, in_run=False, addressed=True),
    "an action": lambda text: parse(f"!action @ada a{text}b", in_run=True),
    "an update": lambda text: parse(f"!update a{text} next", in_run=True),
    "an answer to a page": lambda text: heard(text, {"ada"}, {"bob"}),
    "a stop in the grace": halt,
    "a word of help": asks_for_help,
    "a severity": out_of,
    "a title": lambda text: [each(text) for each in (printable, quoted, titled, entry, lambda t: slug(t, "a"))],
    "a message of ours about it": _card,
    "issues somebody names": chosen,
    "the co-authors of a commit": _CO_AUTHOR.findall,
    "GitHub's headers": _github_headers,
    "an advisory's number": lambda text: _each(lambda: _url(cast("Any", SimpleNamespace(url="")), f"GHSA-{text}")),
    "the registry's headers": _registry,
    "what the registry and the package index list": _registry_json,
    "git's lists": _git,
    "git's objects": _git_objects,
    "git's log": _git_log,
    "what git complains of": _git_fails,
    "what git says of conflicts": lambda text: _conflicts(b"a\0\0" + text.encode()),
    "a commit to repeat": lambda text: _picked_message(_Whole(SHA, SHA, (), b"", None, b"a\n\n" + text.encode())),
    "a name for git": lambda text: _each(
        *(lambda each=each: each(text) for each in (branch_ref, checked_path, checked_message, checked_url))
    ),
    "the contributors": _of_bytes(
        lambda data: names(b"- x" + data + b"x\n", "ada"), lambda data: add_contributor(data, "ada")
    ),
    "a changelog's entries": lambda text: changelog.entries(_log(text), "Unreleased"),
    "what is unreleased": lambda text: changelog_entries.unreleased_entries(_log(text)),
    "an entry to add": lambda text: changelog_entries.add_entry(_log(text), "Fixed", "b"),
    "a changelog to promote": lambda text: changelog_merges.promote(_log(text), "1.4.0", date(2026, 1, 1), ()),
    "changelogs to merge": lambda text: changelog_merges.back_merged(_log(text), _log(text), "1.4.0"),
    "an entry": changelog_sections.is_entry,
    "a change, as a diff": _changed,
    "a CVSS vector": lambda text: scored(f"CVSS:3.1/{text}"),
    "affected versions": bounds,
    "the supported versions": lambda text: _each(
        *(
            lambda each=each, data=data: each(data.encode(), "1.3")
            for each in (lists, with_line)
            for data in (text, TABLE + text, f"{TABLE}| 1.2.x | {text} |\n", f"| {text} |\n| {text} |\n" * 2)
        )
    ),
    "a document of procedures": parse_document,
    "a table of procedures": lambda text: parse_document(SOP + text),
    "Markdown": lambda text: [Markdown(text).plain(each) for each in Markdown(text).tokens if each.type == "inline"],
    "checksums": lambda text: read_checksums(Asset(1, "a", 1, None), text.encode()),
    "JSON": lambda text: read_json(text.encode()),
    "TOML": _toml,
    "pins": _pins,
    "a version": Version.parse,
    "a version file": _version_file,
}
