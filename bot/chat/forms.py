"""What asks for the parts a command lacks, where a chat has forms. Elsewhere the reply says how the command goes."""

from bot.chat import commands
from bot.chat.replies import misread
from bot.chat.words import LONGEST_TITLE, Problem
from sops.kit.message import Field, Form
from sops.kit.model import Severity

_SEVERITY = Field(name="severity", label="Severity", kind="choice", choices=tuple(Severity))
_VERSION = Field(name="version", label="Version, like 1.4.0")


def _form(title: str, says: str, *fields: Field) -> Form:
    return Form(title=title, says=says, fields=fields)


#: By what a `missing` problem is about.
FORMS = {
    "incident declare": _form(
        "Declare an incident",
        "/incident declare {severity} {title}",
        Field(name="title", label="What is broken?", longest=LONGEST_TITLE),
        _SEVERITY.model_copy(update={"optional": True}),
    ),
    "release": _form(
        "A release",
        "/release {kind} {version}",
        Field(name="kind", label="What?", kind="choice", choices=("rc", "stable", "rollback")),
        _VERSION,
    ),
    "release rc": _form("A candidate", "/release rc {version}", _VERSION),
    "release stable": _form("A stable release", "/release stable {version}", _VERSION),
    "release rollback": _form("Take a release back", "/release rollback {version}", _VERSION),
    "release freeze": _form("Freeze releases", "/release freeze {reason}", Field(name="reason", label="Why?")),
    "hotfix": _form(
        "A hotfix",
        "/hotfix {version} {severity} {slug}",
        _VERSION,
        _SEVERITY.model_copy(update={"choices": ("P0", "P1")}),
        Field(name="slug", label="Two or three words, like wal-corruption"),
    ),
    "security report": _form(
        "Report in private", "/security report {text}", Field(name="text", label="What is wrong?", kind="text")
    ),
    "deps update": _form(
        "A dependency",
        "/deps update {name} {version}",
        Field(name="name", label="Its name, like rocksdb"),
        Field(name="version", label="The version wanted"),
    ),
    "onboard": _form(
        "Welcome a contributor",
        "/onboard {login} {number}",
        Field(name="login", label="GitHub login"),
        Field(name="number", label="Pull request or issue, like #412", optional=True),
    ),
}


class Grammar:
    """What a text lacks, and what is wrong with it; nothing is looked up and nothing done."""

    def missing(self, text: str, *, in_thread: bool) -> Form | None:
        found = self._read(text, in_thread)
        if not isinstance(found, Problem):
            return None
        bare = found.kind == "unknown-release" and not found.about
        form = FORMS["release"] if bare else FORMS.get(found.about) if found.kind == "missing" else None
        typed = "/release rc 1.4.0" if bare else misread.usage(found.about)
        return form.model_copy(update={"hint": f"Or typed: {typed}"}) if form else None

    def problem(self, text: str, *, in_thread: bool) -> str:
        found = self._read(text, in_thread)
        return misread.problem(found).plain() if isinstance(found, Problem) else ""

    def _read(self, text: str, in_thread: bool) -> commands.Parsed:
        return commands.parse(text, in_run=in_thread, addressed=True, slash=True)
