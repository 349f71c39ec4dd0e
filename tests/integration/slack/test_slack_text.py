"""Text arrives as text, in both directions."""

import pytest

from adapters.slack.text import escaped, literal, read

BOT = "UBOT"


def handle(user: str) -> str:
    return {"U1": "oncall1"}.get(user, user)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U1>", "&lt;@U1&gt;"),
        ("&lt;", "&amp;lt;"),
        ("`code` *bold* _x_", "`code` *bold* _x_"),
        ("<https://evil.example|bank>", "&lt;https://evil.example|bank&gt;"),
    ],
)
def test_what_would_be_markup_is_escaped_where_slack_reads_markup(typed: str, sent: str) -> None:
    assert escaped(typed) == sent


def test_characters_that_turn_text_around_are_left_out_and_plain_marks_stay() -> None:
    assert literal("a\u202eb\u2066c\u2069") == "abc"
    assert literal("שלום\u200f!") == "שלום\u200f!"
    assert literal("one\x1b[31m\x00two\r\n") == "one[31mtwo\n"


@pytest.mark.parametrize(
    ("sent", "text", "addressed"),
    [
        ("<@UBOT> status", "status", True),
        ("looking at <@UBOT> now", "looking at @sopwith now", False),
        ("!handoff <@U1>", "!handoff @oncall1", False),
        ("!handoff <@U9>", "!handoff @U9", False),
        ("!note see <https://example.org/a?b=1&amp;c|this>", "!note see https://example.org/a?b=1&c", False),
        ("!note <http://README.md|README.md>", "!note http://README.md", False),
        ("<!channel> look in <#C1|ops>", "@channel look in #ops", False),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2", False),
        ("&lt;@U1&gt; is text", "<@U1> is text", False),
    ],
)
def test_what_people_typed_is_read_as_they_typed_it(sent: str, text: str, addressed: bool) -> None:
    assert read(sent, BOT, handle) == (text, addressed)
