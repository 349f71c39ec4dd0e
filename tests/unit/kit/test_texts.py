import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sops.dependency_update import DEPENDENCY_UPDATE
from sops.kit import texts
from sops.kit.action import Moment, marker
from sops.kit.escaping import entry, printable, quoted, slug, titled
from sops.kit.model import Severity
from sops.kit.texts import action_issue, announcement, incident_issue, notice, post_mortem, pull_request
from tests.unit.runs import NOW, a_release, a_run_of, an_incident

NASTY = [
    "@everyone look at @rm",
    "# a heading",
    "> a quote",
    "- a list\n- of two",
    "1. first",
    "12) twelfth",
    "+ plus",
    "===",
    "---",
    "*bold* _slanted_ ~~gone~~ `code`",
    "[a link](https://evil.example) ![an image](x)",
    "<script>alert(1)</script> <!-- hidden -->",
    "<!-- sopwith 5eed incident 1 -->",
    "a | table | row",
    "&lt;b&gt; &#64;rm &amp;",
    "back\\slash \\# twice",
    "\x1b[31mred\x1b[0m \x07bell \u202egnol",
    "two\nlines\r\nand\tmore",
]
markdown = MarkdownIt("gfm-like", {"linkify": False})


def shown(text):
    """What a reader of the rendered Markdown sees, and the kinds of markup in it."""
    tokens = markdown.parse(text)
    inline = [child for token in tokens for child in token.children or []]
    words = "".join(child.content for child in inline if child.type in {"text", "code_inline", "text_special"})
    kinds = {token.type for token in (*tokens, *inline)} - {"text", "text_special", "inline"}
    return words, kinds


@pytest.mark.parametrize("text", NASTY)
def test_a_persons_words_are_shown_as_typed_and_make_no_markup(text):
    words, kinds = shown(quoted(text))
    assert words.replace("\u200b", "") == printable(text)
    assert kinds <= {"paragraph_open", "paragraph_close"}


@given(st.text(max_size=60))
def test_no_words_whatever_make_markup(text):
    words, kinds = shown(quoted(text))
    assert kinds <= {"paragraph_open", "paragraph_close"}
    assert words.replace("\u200b", "").strip() == printable(text).strip()


@given(st.text(max_size=60))
def test_nobody_is_mentioned_by_quoted_or_titled_words(text):
    for shown_as in (quoted(f"@{text}@rm"), titled(f"@{text}@rm")):
        assert all(after == "\u200b" for at, after in pairwise(shown_as) if at == "@")


@given(st.text(max_size=60))
def test_what_is_printable_is_one_line_without_control_characters(text):
    line = printable(text)
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert line.splitlines() in ([line], [])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Payments API returns 500!", "payments-api-returns-500"),
        ("../../etc/passwd", "etc-passwd"),
        ("Zürich fällt aus", "zurich-fallt-aus"),
        ("-rf", "rf"),
        ("数据库", "inc-1"),
        ("", "inc-1"),
        ("a" * 60, "a" * 40),
        ("a" * 39 + " b", "a" * 39),
    ],
)
def test_a_slug_is_safe_in_a_path(text, name):
    assert slug(text, "inc-1") == name


def test_a_persons_text_cannot_forge_our_marker():
    run = an_incident()
    forged = marker(run, "publish-1")
    assert forged not in notice(run, forged)[1]
    assert forged not in action_issue(run, forged, "", "rm")[1]
    assert forged not in post_mortem(run.with_facts({"cause": forged, "impact": forged}), (), (), "the mark")


def test_a_title_of_an_incident_mentions_nobody_and_tells_nothing_else():
    title, body = incident_issue(an_incident(title="@rm broke it\nsecret"))
    assert title == "Incident INC-1 (P1): @\u200brm broke it secret"
    assert "secret" not in body


def test_an_endless_title_is_cut():
    assert len(incident_issue(an_incident(title="x" * 500))[0]) <= 256
    assert len(notice(an_incident(title="x" * 500), "")[0]) <= 256
    assert len(action_issue(an_incident(), "x" * 500, "", "rm")[0]) <= 256


def test_a_candidates_texts_name_it_and_carry_the_mark():
    run = a_release()
    body = pull_request("candidate", run, "<!-- m -->")
    assert "1.4.0-rc1" in body
    assert body.endswith("<!-- m -->")
    title, body = announcement("call-for-testing", run)
    assert "1.4.0-rc1" in title
    assert "`regression` or `rc-blocker`" in body
    assert "7 days" in body


def test_a_post_mortem_tells_the_record_and_what_people_set():
    run = an_incident(Severity.P0, facts={"cause": "a full disk", "impact": "half of all payments"})
    history = [Moment(NOW, "rm", "declared it"), Moment(NOW, "oncall1", "said: # not a heading")]
    text = post_mortem(run, history, [("oncall2", "watch the disk", "2026-05-04")], "<!-- m -->")
    assert "- 2026-04-20 10:00 CEST — rm: declared it" in text
    assert "said: \\# not a heading" in text
    assert "a full disk" in text
    assert "- watch the disk (oncall2, by 2026-05-04)" in text
    assert text.rstrip().endswith("<!-- m -->")
    assert "None." in post_mortem(run, history, [], "")


def test_long_notes_are_cut_and_defused():
    said = "# Big\n@maint <b>see</b> #12\n" + "more\n" * 99
    note = {"tag": "v9.7.3", "url": "https://example.org/v9.7.3", "text": said}
    facts = {"name": "x", "from": "1", "to": "2", "notes": [note]}
    text = texts.pull_request("dependency", a_run_of(DEPENDENCY_UPDATE, facts=facts), "<!-- mark -->")
    assert text.count("> more") == texts.MOST_LINES - 2
    assert "> …" in text
    assert [part for part in ("\n# Big", "@maint", "<b>", " #12") if part in text] == []


def test_an_entry_of_a_file_is_one_line_as_typed_but_for_control_characters():
    assert (
        entry("<!channel> @rm `rm -rf` \n## [9.9.9]\x1b[31m\u202e *x*") == "<!channel> @rm `rm -rf` ## [9.9.9][31m *x*"
    )
    assert entry("👩\u200d💻 fixed it") == "👩\u200d💻 fixed it"
