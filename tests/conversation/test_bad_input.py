"""Nonsense, floods and tricks: a clear answer each, and nothing stored half."""

import unicodedata

import pytest

from tests.conversation.conftest import Conversation

NASTY = "<b>500</b> @maint <!channel> [x](http://evil.example) # \x1b[31mred\x1b[0m \u202etxt.exe `rm -rf` <script>"
INCIDENT = "@guest #ops: /incident declare P1 smoke"


async def refused_outright(chat: Conversation, handle: str, where: str, text: str) -> str:
    """Say it; nothing but the handled event and its answer may be stored. Returns the answer."""
    before, refs = chat.stored(), chat.refs()
    answer = await chat.say(handle, where, text)
    assert chat.stored() == before
    assert chat.refs() == refs
    assert await chat.parked() == []
    assert len(answer) < 600
    return answer


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.4", "'1.4' is not a version; write it as 1.4.0 or 1.4.0-rc1."),
        ("v1.4.0-rc0", "names candidate 0, but candidates count from 1"),
        ("../x", "'../x' is not a version"),
        ("-x", "'-x' is not a version"),
        ("--upload-pack=touch /tmp/x", "is not a version"),
        ("1.4.1", "1.4.1 is a patch; this begins an X.Y.0, like 1.4.0. A patch is a hotfix: /hotfix 1.4.1 P1 its-name"),
        (
            "1.4.0-rc3",
            "No candidate of 1.4.0 is out, so 1.4.0-rc1 is due; candidates count up by themselves: /release rc 1.4.0",
        ),
        ("01.4.0", "has a number that begins with 0"),
        ("1.4.0\u202e", "is not a version"),
        ("१.४.०", "is not a version"),
        ("1.4.0; rm -rf /", "is not a version"),
        ("99999999999999999999.0.0", "has a number of more than 9 digits"),
        ("1" * 40_000, "is not a version"),
        ("1.4.0 1.5.0", "is not a version"),
        ("refs/heads/main", "is not a version"),
    ],
)
async def test_a_version_that_is_none(version: str, reason: str, chat: Conversation) -> None:
    answer = await refused_outright(chat, "rm", "#releases", f"/release rc {version}")
    assert answer.startswith("Not done.")
    assert reason in answer
    assert "\u202e" not in answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/incident declare P9 smoke", "'P9' is not a severity. There are P0, P1, P2 and P3."),
        ("/incident declare sev9 smoke", "'sev9' is not a severity. There are P0, P1, P2 and P3."),
        ("/incident declare P1", "The title is missing. It goes like this: /incident declare P1"),
        ("/incident", "The title is missing. It goes like this: /incident declare P1"),
        ("/incident declare P1 \x1b\x07\u202e", "The title is missing"),
        ("/incident declare P1 " + "x" * 40_000, "That is 40000 characters long; at most 200 fit here."),
        ("/release", "it goes like this: /release rc 1.4.0"),
        ("/release rc", "The version is missing. It goes like this: /release rc 1.4.0"),
        ("/release stable 1.4.1", "1.4.1 is a patch; this begins an X.Y.0, like 1.4.0. A patch is a hotfix: /hotfix"),
        ("/release rollback 1.3.0 1.2.0", "'1.2.0' is too much there. It goes like this: /release rollback 1.4.0"),
        ("/hotfix 1.3.1 P0 wal corruption", "'corruption' is too much there. It goes like this: /hotfix 1.4.1 P0 wal-"),
        ("/hotfix 1.3.1 P0", "A short name for the fix is missing. It goes like this: /hotfix 1.3.1 P0 wal-corruption"),
        ("/hotfix", "The version is missing. It goes like this: /hotfix 1.4.1 P0 wal-corruption"),
        (
            "/release rollback 1.3.0 --to",
            "The version to go back to is missing. It goes like this: /release roll",
        ),
        ("/deps update zstd", "The version is missing. It goes like this: /deps update zstd 9.7.3"),
        ("/onboard", "The login is missing. It goes like this: /onboard octocat #412"),
        ("/deps update rocksdb 9 7", "'7' is too much there. It goes like this: /deps update rocksdb 9.7.3"),
        ("/release --force", "I do not know /release --force"),
        (
            "/deploy now",
            "/deploy is not a command; there are /incident, /release, /hotfix, /security, /deps, /onboard and /sop.",
        ),
        ("/sop show SOP-99", "There is no procedure 'SOP-99'"),
        ("/sop INC-77 ack", "There is no run INC-77."),
        ("/sop INC-0 ack", "It goes like this: /sop list"),
        ("@sopwith ack", "This is not the thread of a run."),
    ],
)
async def test_a_root_that_is_wrong(text: str, reason: str, chat: Conversation) -> None:
    answer = await refused_outright(chat, "rm", "#general", text)
    assert answer.startswith("Not done.")
    assert reason in answer
    assert chat.stored()["runs"] == 0


@pytest.mark.parametrize("text", ["/release --help", "/release help", "/sop help"])
async def test_help_behind_a_root_is_help(text: str, chat: Conversation) -> None:
    answer = await chat.say("rm", "#general", text)
    assert "/release rc 1.4.0: a release candidate" in answer


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!updaet the disks are full", "I do not know !updaet. Did you mean !update?"),
        ("!frobnicate", "I do not know !frobnicate. Say help for the words of this thread."),
        ("!", "I do not know !. Say help"),
        ("!\x1b[2J\u202eack", "I do not know !"),
        ("!severity", "'' is not a severity"),
        ("!severity p7", "'p7' is not a severity"),
        ("!severity P1\u200b", "is not a severity"),
        ("!update", "It goes like this: !update"),
        ("!update " + "x" * 40_000, "That is 40000 characters long; at most 3000 fit here."),
        ("!note " + "é" * 40_000, "That is 40000 characters long"),
        ("!accept now", "accept takes nothing after it; I read 'now'. If that was for people, leave out the !."),
        ("!done", "The step is missing. It goes like this: !done STEP evidence"),
        ("!done ../../etc evidence", "'../../etc' is not the name of a step"),
        ("!done --force evidence", "'--force' is not the name of a step"),
        ("!done nonsense evidence", "There is no step 'nonsense' to do that with. Open here:"),
        ("!done row 99 evidence", "There is no step 'row 99'"),
        ("!skip triage", "The reason is missing. It goes like this: !skip triage reason"),
        ("!handoff @", "The person (@name) is missing. It goes like this: !handoff @oncall2"),
        ("!handoff @oncall2;drop table", "It goes like this: !handoff"),
        ("!page <!channel>", "It goes like this: !page"),
        ("!snooze -5m", "It goes like this: !snooze 30m"),
        ("!snooze 99999h", "It goes like this: !snooze 30m"),
        ("!action @oncall2", "The text is missing. It goes like this: !action @oncall2 text by YYYY-MM-DD"),
        (
            "!action add an alert on the WAL",
            "Who does it (@name) is missing. It goes like this: !action @who add",
        ),
        ("!action @oncall2 look by 2026-02-30", "'2026-02-30' is not a date; write it as YYYY-MM-DD"),
        ("!action @oncall2 look by Friday", "'Friday' is not a date; write it as YYYY-MM-DD"),
        ("!action @oncall2 " + "x" * 5_000, "at most 200 fit here"),
        ("!set owner me", "'owner' cannot be set; tag, latest, changelog, workaround"),
        ("!set cause", "It goes like this: !set cause"),
        ("!blocker 4", "help lists the words of its thread"),
        ("!start", "It was started already"),
        ("!approve", "Nothing is waiting for approval"),
        ("!approve " + "f" * 4_000, "is not a code; codes have four characters"),
        ("!confirm", "Nothing waits for your confirmation"),
        ("!duplicate ../INC-1", "It goes like this: !duplicate INC-6"),
        ("!retry --all", "retry takes nothing after it"),
    ],
)
async def test_a_word_in_a_thread_that_is_wrong(text: str, reason: str, chat: Conversation) -> None:
    await chat.play(INCIDENT)
    answer = await refused_outright(chat, "oncall1", "in INC-1", text)
    assert "Not done." in answer or "Not counted" in answer
    assert reason in answer
    assert all(unicodedata.category(char) not in {"Cc", "Cf"} for char in answer.replace("\n", ""))


async def test_forty_thousand_characters_of_talk_are_let_be(chat: Conversation) -> None:
    await chat.play(INCIDENT)
    assert await refused_outright(chat, "rev1", "in INC-1", "blah " * 8_000) == ""
    told = await refused_outright(chat, "oncall1", "in INC-1", "blah " * 8_000)  # who was called is not left in silence
    assert told.startswith("If you have INC-1, say: ack")


async def test_a_nasty_title_arrives_defused_everywhere(chat: Conversation) -> None:
    await chat.say("guest", "#ops", f"/incident declare P1 {NASTY}")
    for line in (
        "ack",
        f"!update {NASTY}",
        f"!triage {NASTY}",
        f"!publish {NASTY}",
        "!confirm",
        f"!mitigate {NASTY}",
        f"!fix {NASTY}",
        f"!verify {NASTY}",
        f"!set cause {NASTY}",
        f"!set impact {NASTY}",
        f"!action @oncall2 {NASTY}",
        "!done post-mortem",
    ):
        answer = await chat.say("oncall1", "in INC-1", line)
        assert "Not done" not in answer
    shown = [line for post in chat.room.posts if post.author == "sopwith" for line in post.lines]
    assert not [line for line in shown for char in line if unicodedata.category(char) in {"Cc", "Cf"}]

    state = chat.world.core.state
    made = [issue for number, issue in state.issues.items() if issue.author == "sopwith-bot"]
    assert len(made) == 3  # the incident's, the action's, and the pull request
    texts = [issue.body or "" for issue in made] + [talk.body for talk in state.discussions.values()]
    branch = chat.git("rev-parse", "post-mortem/inc-1").strip()
    name = next(line for line in chat.git("ls-tree", "-r", "--name-only", branch).split("\n") if line.endswith(".md")
                and line.startswith("docs/incidents/"))  # fmt: skip
    texts.append(chat.git("show", f"{branch}:{name}"))
    for text in texts:
        visible = "\n".join(line for line in text.split("\n") if not line.startswith("<!-- sopwith "))
        assert "@maint" not in visible
        assert "\n# \x1b" not in visible
        for raw in ("<b>", "<script>", "<!channel>", "[x](", "`rm"):
            assert raw not in visible.replace("\\" + raw, "")
        assert not [char for char in visible if unicodedata.category(char) in {"Cc", "Cf"} and char not in "\n\u200b"]
    titles = [issue.title for issue in made] + [talk.title for talk in state.discussions.values()]
    for title in titles:
        assert not [char for char in title if unicodedata.category(char) in {"Cc", "Cf"} and char != "\u200b"]
        assert "@maint" not in title
    assert "/" not in name.removeprefix("docs/incidents/")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-./")


async def test_a_title_that_looks_like_an_option_is_only_a_title(chat: Conversation) -> None:
    await chat.play("""
        @guest #ops: /incident declare P1 --output=/etc/passwd -x
        %expect "--output=/etc/passwd -x"
        @oncall1 in INC-1: ack
        %state INC-1 acknowledge done
        @oncall1 in INC-1: !done --output=/etc/passwd yes
        %expect "'--output=/etc/passwd' is not the name of a step"
    """)


async def test_many_lines_stay_one_title(chat: Conversation) -> None:
    await chat.say("guest", "#ops", "/incident declare P1 first line\nP0 · INC-9 · second line\n!ack")
    run = await chat.run("INC-1")
    assert run.title == "first line P0 · INC-9 · second line !ack"
    assert run.record("acknowledge").signed is False


async def test_nonsense_does_not_slow_the_next_word_down(chat: Conversation) -> None:
    await chat.play(INCIDENT)
    await chat.say("oncall1", "in INC-1", "!update " + "a\x00b" * 20_000)
    assert "oncall1 has it" in await chat.say("oncall1", "in INC-1", "ack")


async def test_an_answer_stands_where_the_question_was_asked(chat: Conversation) -> None:
    await chat.say("guest", "#ops", "/incident declare P1 payments return 500")
    await chat.say("rm", "#releases", "/release rc 1.4.0")
    thread = chat.room.thread("INC-1")
    await chat.say("rm", "in INC-1", "/sop REL-1 status")
    answer = chat.room.posts[-1]
    assert answer.lines[0].startswith("REL-1")
    assert (answer.channel, answer.thread) == thread
