"""Text from outside meets what takes linear time alone. What may take longer is used where this list says, and why."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.github.pulls import _CO_AUTHOR
from adapters.matrix.text import read as read_matrix
from adapters.slack.text import read as read_slack
from bot.chat.commands import parse
from sops.kit.contributors import names
from sops.kit.patterns import unescape

ROOT = Path(__file__).parents[2]
#: Modules of which every use counts, and members of others: each may take more than linear time, or does at times.
WATCHED = ("re", "regex", "sre_parse", "fnmatch", "difflib", "textwrap", "shlex", "email", "html.parser", "xml", "yaml")
MEMBERS = ("string.Template", "html.unescape", "glob.translate", "glob.glob", "http.cookies", "http.cookiejar")
#: Mere names in them: types, errors and flags.
NAMES = frozenset(
    {"Pattern", "Match", "error", "PatternError", *"AIMSXUL", "IGNORECASE", "MULTILINE", "DOTALL", "VERBOSE"}
)
LONGEST = 48
#: `shlex.quote` looks for one character at a time.
HARMLESS = frozenset({"shlex.quote"})
LINES = "lines of a script or a terminal, by who runs the demo"
OURS = "our own words, and the names of our commands; no repeat is in it"
SETTINGS = "a word of the settings"
WRITTEN = "it writes our manifest; no YAML is read at all"
TOKENS = "no repeat can take up what another one let go, and what never ends is refused where it begins"
DIFF = "some hundred lines at most (COMPARED)"
SHORT = "some forty characters at most (LONGEST)"
NUMBERS = "numbers of any length are taken out before"
ALLOWED: dict[str, str] = {
    r'bot/demo/interactive.py: re.fullmatch(r"@[\w.-]+")': LINES,
    r'bot/demo/interactive.py: re.fullmatch(r"#[\w-]+")': LINES,
    r'bot/demo/interactive.py: re.fullmatch(r"in\s+([A-Za-z]{3}-\d+)")': LINES,
    r'bot/demo/lines.py: re.compile(rf"@([\w.-]+)\s+({_CHANNEL}|in\s+[A-Za-z]{{3}}-\…)': LINES,
    r'bot/demo/lines.py: re.compile(r"\+?(\d+)\s*(s|m|h|d)")': LINES,
    r'bot/demo/lines.py: re.sub(r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})")': LINES,
    r'bot/demo/lines.py: re.sub(r"\s+")': LINES,
    r"bot/demo/lines.py: shlex.split(rest)": LINES,
    r"bot/demo/lines.py: re.compile(text)": LINES,
    r'bot/demo/play.py: re.compile(r"\{([A-Z]{3}-\d+) ([\w.-]+)\}")': LINES,
    r"bot/wiring/slack.py: yaml.safe_dump(manifest(names, url=url))": WRITTEN,
    r"""adapters/matrix/render.py: re.compile(rf"(?<![\w/])/(?=(?:{'|'.join(map(re.escape, com…)""": OURS,
    r"adapters/matrix/render.py: re.escape": OURS,
    r"adapters/sandbox/faults.py: re.compile(path)": LINES,
    r'adapters/sandbox/out_of_order.py: re.compile(r"(retry-after|x-ratelimit-[a-z]+)=(\S+)\s*")': LINES,
    r"adapters/sandbox/out_of_order.py: re.compile(path)": LINES,
    r"sops/kit/calendar.py: difflib.get_close_matches(wrong.casefold())": SETTINGS,
    r'''sops/kit/cmake.py: re.compile(rb""" (?P<comment>\#?)\[(?P<marks>=*)\[ (?: (?P<…)''': TOKENS,
    r"sops/kit/differences.py: difflib.unified_diff(*around)": DIFF,
    r'''sops/kit/json_text.py: re.compile(rb""" (?P<blank>\s+|//[^\r\n]*|/\*.*?\*/) | (?P<…)''': TOKENS,
    r'sops/kit/message.py: re.sub(rf"(?<![\w/.:-])/({roots})(?![\w/-])")': OURS,
    r"sops/kit/message.py: re.escape(root)": OURS,
    r"sops/kit/nearest.py: difflib.get_close_matches(word)": SHORT,
    r'sops/kit/patterns.py: html.unescape(_ENDLESS.sub("\ufffd", text))': NUMBERS,
}
LONG = 60_000


def uses(source: str, file: str) -> Iterator[tuple[str, int]]:
    """Each use of what is watched, as `file: re.compile('pattern')`, and its line."""
    tree = ast.parse(source)
    known = dict(_imported(tree))
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        name = _named(node, known) if id(node) not in inner else ""
        if _is_watched(name) and name not in HARMLESS and name.rpartition(".")[2] not in NAMES:
            yield f"{file}: {name}{_first(called.get(id(node)), source)}", getattr(node, "lineno", 0)


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What a name stands for, of all that is imported anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                yield (each.asname, each.name) if each.asname else (each.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((each.asname or each.name, f"{node.module}.{each.name}") for each in node.names)


def _named(node: ast.AST, known: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute) and (before := _named(node.value, known)):
        return f"{before}.{node.attr}"
    return ""


def _is_watched(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in (*WATCHED, *MEMBERS))


def _first(call: ast.Call | None, source: str) -> str:
    """The pattern, or whatever it begins with: enough to know it by."""
    if call is None:
        return ""
    shown = " ".join((ast.get_source_segment(source, call.args[0]) or "").split()) if call.args else ""
    return f"({shown if len(shown) <= LONGEST else shown[:LONGEST] + '…'})"


def found() -> dict[str, str]:
    """Every use in the project, and where it is."""
    everywhere: dict[str, str] = {}
    for package in ("bot", "adapters", "storage", "sops"):
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            everywhere |= {use: f"{file}:{number}" for use, number in uses(path.read_text("utf-8"), file)}
    return everywhere


def test_what_may_take_long_is_used_where_this_list_says_and_nowhere_else() -> None:
    used = found()
    new = [
        f"{used[each]} uses {each.partition(': ')[2]}; take sops.kit.patterns, or say in ALLOWED why its text is ours"
        for each in used.keys() - ALLOWED.keys()
    ]
    assert new == []
    assert [f"nothing is left of {each}" for each in ALLOWED.keys() - used.keys()] == []


@pytest.mark.parametrize(
    ("source", "use"),
    [
        ("import re\n\nre.compile(r'a+')", "re.compile(r'a+')"),
        ("import re as regular\nregular.match('(a|a)*b', text)", "re.match('(a|a)*b')"),
        ("from re import sub as put\n\n\ndef f():\n    put('a', 'b', text)", "re.sub('a')"),
        ("def f():\n    import re\n    return re.split(pattern=p)", "re.split()"),
        ("import re\nlist(map(re.escape, names))", "re.escape"),
        ("from re import fullmatch\nREAD = {'a': fullmatch}", "re.fullmatch"),
        ("import fnmatch\nfnmatch.fnmatch(name, said)", "fnmatch.fnmatch(name)"),
        ("from glob import translate\ntranslate(said)", "glob.translate(said)"),
        ("import string\nstring.Template(text)", "string.Template(text)"),
        ("import email.parser\nemail.parser.Parser().parsestr(text)", "email.parser.Parser()"),
        ("from html.parser import HTMLParser\nclass P(HTMLParser): pass", "html.parser.HTMLParser"),
        ("import yaml\nyaml.safe_load(text)", "yaml.safe_load(text)"),
        ("import regex\nregex.match(p, text)", "regex.match(p)"),
        ("from textwrap import dedent\ndedent(text)", "textwrap.dedent(text)"),
    ],
)
def test_a_new_use_is_noticed_however_it_is_written(source: str, use: str) -> None:
    line = len(source.splitlines()) if "return" not in source else 3
    assert [*uses(source, "bot/new.py")] == [(f"bot/new.py: {use}", line)]


def test_types_and_errors_of_the_module_are_no_uses() -> None:
    assert [*uses("import re\n\nP: re.Pattern[str]\ntry: pass\nexcept re.error: pass", "a.py")] == []


@pytest.mark.parametrize("part", ["<a href=", "[", "@", "<", " ", "\n", "&#9", "*", "`", "_", "a:", "@a", "<mx-reply>"])
def test_what_hostile_people_send_is_read_at_once(part: str) -> None:
    """Each of these took minutes, or would; a test of this suite does not end when one is slow again."""
    text = part * (LONG // len(part))
    html = {"body": text, "formatted_body": text, "format": "org.matrix.custom.html"}
    read_matrix(html, "@sopwith:h", lambda user: user)
    read_slack(text, "U1", lambda user: user)
    assert _CO_AUTHOR.findall(text) == []
    for typed in (text, f"!action @ada a{text}b", f"!done row{text}", f"!incident {text}"):
        parse(typed, in_run=True)
    assert not names(b"- x" + text.encode() + b"x\n", "ada")


def test_a_number_without_end_is_no_character() -> None:
    assert unescape("&amp;&#" + "9" * 5000 + ";&#65;") == "&\ufffdA"
