"""The forge fails at each step of a security response, with words that tell of the hole: nothing of it gets out.

One story is played, and what each step asks of the forge fails some times before it goes on: what people outside read,
what they are answered, what operators are told and what is logged is looked at.
"""

import logging
import re
from dataclasses import dataclass, field

import pytest
import structlog

from adapters.console.room import Post
from tests.conversation.conftest import Open
from tests.conversation.test_embargo import leaks

ADVISORIES = r"/security-advisories"
WORDS = "the token check takes an empty header, see GHSA-2345-6789-cfgh"
#: The step it is about, what is asked for it, how that fails and how often: reads are tried four times in a row.
TABLE = (
    ("acknowledge", "POST", f"{ADVISORIES}$", 500, 6),
    ("acknowledge, found again", "GET", f"{ADVISORIES}$", 503, 24),
    ("assess", "PATCH", f"{ADVISORIES}/", 502, 6),
    ("private-fork", "POST", "/forks$", 500, 6),
    ("branch", "GET", "/repos/acme/skylark-private$", 500, 24),
    ("private-checks", "GET", "/skylark-private/commits/.*/check-runs$", 500, 24),
    ("pull-request", "POST", "/pulls$", 500, 6),
    ("checks", "GET", "/skylark/commits/.*/check-runs$", 403, 6),
    ("merge", "PUT", "/merge$", 500, 6),
    ("artefacts", "GET", "/releases/tags/v1.3.1$", 500, 24),
)
STORY = """
@guest #security: /security report the token check can be skipped with an empty header
@seclead in SEC-1: !done acknowledge
%wait SEC-1 assess
@seclead in SEC-1: !set cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H
@seclead in SEC-1: !set affected < 1.3.1
@seclead in SEC-1: !done assess an empty header is enough
%wait SEC-1 fix
@seclead in SEC-1: !done fix 0a1b2c3, tried against the reporter's proof
@seclead in SEC-1: !set disclosure 2026-04-21
@seclead in SEC-1: !done disclosure-date
@rm in SEC-1: /hotfix 1.3.1 P0 token-check --security
@rm in FIX-1: !start
%wait FIX-1 fix
%forge push hotfix/1.3.1-maintenance oncall1
@oncall1 in FIX-1: !done fix reproduced by hand
%wait FIX-1 private-review
@rev1 in FIX-1: approve
%wait FIX-1 reveal
%clock +1d
@seclead in FIX-1: approve
%wait SEC-1 publish-advisory
"""


@dataclass
class Heard:
    """What anybody outside could read, by the line of the story it came after."""

    line: str = ""
    texts: list[tuple[str, str]] = field(default_factory=list)

    def hear(self, text: str) -> None:
        self.texts.append((self.line, text))


async def test_a_failing_forge_tells_nobody_outside(converse: Open, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    heard = Heard()
    with structlog.testing.capture_logs() as logged:
        chat = await converse()

        def shown(post: Post, _: object) -> None:
            if post.channel != "#security" and post.author == "sopwith":
                heard.hear("\n".join(post.lines))

        chat.room.on_show.append(shown)
        for _, method, path, status, times in TABLE:
            chat.world.faults.answer(method, path, status, times=times, message=WORDS)
        for line in STORY.strip().splitlines():
            heard.line = line
            await chat.play(line)
            for asked in ("/sop runs", "/sop SEC-1 status", "/sop FIX-1 status", "status"):
                heard.hear(await chat.say("guest", "#ops", asked))
        failed = [(each.method, each.path, each.status) for each in chat.world.requests.entries]
    missed = [step for step, method, path, status, _ in TABLE if not _met(failed, method, path, status)]
    assert missed == []
    private = "\n".join(line for post in chat.room.posts if post.channel == "#security" for line in post.lines)
    assert re.search(r"GitHub.{0,80}(500|502|503)", private), [x for x in private.splitlines() if "GitHub" in x]
    leaking = [(line, text) for line, text in heard.texts if leaks(text.replace("no run SEC-1", ""))]
    assert leaking == []
    assert [entry for entry in logged if leaks(repr(entry))] == []
    assert [record.getMessage() for record in caplog.records if leaks(record.getMessage())] == []


def _met(failed: list[tuple[str, str, int]], method: str, path: str, status: int) -> bool:
    return any((how, what) == (method, status) and re.search(path, where) for how, where, what in failed)
