"""What acknowledges a page, what is answered with a hint, and what is people talking."""

import pytest

from bot.chat.half_asleep import Heard, alone, backs_out, heard, sign_of, whole

MINE, OTHERS = frozenset({"oncall1", "octo-one"}), frozenset({"oncall2", "rm", "dr.no", "octo-two"})


def says(text: str) -> Heard:
    return heard(text, MINE, OTHERS, "payments API returns 500")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ack",
            "ACK",
            "Ack.",
            "ack!",
            "ack...",
            "ack…",
            "ack,",
            "ack:",
            " ack ",
            "ack\n",
            "ack, looking",
            "ack 👍",
            "ack👍🏽",
        ),
        *(
            "`ack`",
            "```ack```",
            "*ack*",
            "**Ack**",
            "_ack_",
            "~ack~",
            "(ack)",
            "“ack”",
            "- ack",
            "> who has it?\nack",
            "!ack",
            "ａｃｋ",
        ),
        *(
            "✅ ack",
            "🙏🏽ack",
            ":white_check_mark: ack",
            "ack:white_check_mark:",
            ":ok_hand::skin-tone-3: on it",
            "ack ✅\ufe0f",
        ),
        *("a\u200bck", "ack\u200d", "acked", "Acked, thanks", "ack'd", "ack’d", "acknowledged", "Acknowledged!"),
        *(
            "on it",
            "On it!",
            "ON IT",
            "on   it",
            "on-it",
            "onit",
            "I'm on it",
            "I’m on it",
            "im on it",
            "on it, give me five",
        ),
        *(
            "mine",
            "Mine.",
            "mine, the disk again",
            "got it",
            "Got it 👌",
            "I got it",
            "I've got it",
            "looking",
            "Looking…",
            "I am looking",
        ),
        *("looking into it", "looking at the graphs now", "ack https://grafana.example/d?from=1 looks bad"),
        *("ack, oncall1 here", "ack @oncall1", "ack @here", "ack octo-one", "ack at 12:30:05"),
        *("✅", "✅✅", "✔️", "☑", ":white_check_mark:", ":heavy_check_mark:"),
        # Behind what people say first, and in the first person.
        *(
            "ok I'm on it",
            "yes, on it",
            "Yes! I'm on it.",
            "okay okay I'm on it",
            "I'll take it",
            "ok, I’ll take this one",
        ),
        *(
            "im looking",
            "I am awake, looking",
            "sorry, here, I've got it",
            "ok mine",
            "yep got it",
            "so I take it",
            "ack'd",
        ),
        *(
            "I have it",
            "will take it",
            "taking it",
            "I'm taking over",
            "hmm ok ack",
            "roger, on it",
            "I got this",
            "got this!",
        ),
        *("all right, on it :+1:", "acknowledge", "I can take it", "i'm on this"),
        # At what broke, or at nothing that is named.
        *(
            "looking at it",
            "looking into this now",
            "looking at the payments",
            "looking at payment errors",
            "looking at that",
        ),
        *("looking into the API", "looking, give me five", "looking - my keys are gone", "looking for the cause"),
        *("looking at our dashboards", "looking why it fails", "looking. Football can wait", "I'm looking at the logs"),
        # As the issue words it: whoever was called and begins so has it; a false one costs a page.
        *("mine was slower", "looking at the graphs you can see it"),
        *("I'm on this right now", "I got this, the disk again", "looking at what is wrong", "on it, back in a minute"),
    ],
)
def test_it_acknowledges(text):
    assert says(text) is Heard.ACK


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ack?",
            "ack ?",
            "ack？",
            "on it?",
            "mine?",
            "ack ❓",
            "ack :question:",
            "ack https://a.example/?",
        ),
        *("ack, but not me", "mine is not", "got it, can't though", "got it, can’t though"),
        *("on it... no", "looking, but I cannot", "ack - nobody else", "ack ❌", "ack :x:", "looking dont wait"),
        *(
            "ack, @oncall2 has it",
            "on it with oncall2",
            "mine or oncall2's",
            "mine or oncall2’s",
            "ack rm",
            "ack @somebody",
        ),
        *("ack, Dr.No knows", "got it from octo-two", "ack @oncall2:"),
        *("akc", "Ackk", "kca!"),
        # A sign of life, and no more.
        *(
            "yes",
            "Yes!",
            "ok",
            "OK.",
            "k",
            "here",
            "I am awake",
            "i’m up",
            "checking",
            "let me check",
            "one sec",
            "thanks",
        ),
        *(
            "on my way",
            "coming",
            "👍",
            "👍🏽",
            ":+1:",
            "👌👌",
            "yes, one minute please",
            "ok ok",
            "give me 1 sec",
            "omw",
        ),
        # Put off, or of another matter.
        *("I'll take it tomorrow", "looking at the football", "looking for my keys", "looking forward to Friday"),
        *("looking good", "ok, looking at my phone", "I'm looking for a job", "looking fine", "ok I'm on it?"),
        *("yes I've got it, can't do it", "I'll take it if oncall2 sleeps", "I'm on it with oncall2"),
        # They cannot, whatever it begins with.
        *("I got this page by mistake", "I got this alert", "I'm on this train until nine", "I take that as a yes"),
        *("mine too, it is broken for me", "mine is down as well", "got it, call the next", "got it, pass"),
        *("ack, somebody else please take it", "ack was a mistake", "acknowledged by mistake", "ack, wrong person"),
        *(
            "on it tomorrow",
            "on it in the morning",
            "on it as soon as I land",
            "mine, in two hours",
            "got it, on a plane",
        ),
        *("will ack when at a laptop", "I can take it in an hour", "I take it somebody is on it"),
        *("looking for the pager phone, I left the office", "looking tomorrow", "looking into it later"),
    ],
)
def test_it_is_a_hint(text):
    assert says(text) is Heard.HINT


@pytest.mark.parametrize(
    "text",
    [
        *("acknowledge that we saw it", "acks", "ackack", "acknowledgement", "background", "tack", "pack", "attack"),
        *("on its way", "on it's way", "on Monday", "onto it", "got itself", "got them", "a mine", "miner"),
        *("lookin", "overlooking", "can somebody ack", "please ack", "who is on it", "somebody got it"),
        *(
            "oncall2 acked",
            "@oncall2 ack",
            "he's on it",
            "we are on it",
            "status",
            "",
            "   ",
            "🙈",
            "!",
            "...",
        ),
        *(
            "take it easy",
            "take this to the other thread",
            "got this from the docs",
            "I'll take the bus",
            "which host?",
        ),
        *(
            "yes it is the disk",
            "ok so what broke",
            "restart it",
            "here is the graph",
            "the disk is full",
            "no",
            "on this no",
        ),
        *("mine's slower", "> ack", "> ack\nthe disk", "x" * 5000, "ack " * 2000),
    ],
)
def test_it_is_talk(text):
    assert says(text) is Heard.TALK


@pytest.mark.parametrize("text", ["ack INC-2", "on it (inc-2)", "ack INC-2!"])
def test_another_run_is_another_matter(text):
    assert heard(text, {"oncall1", "inc-1"}, {"rm"}) is Heard.HINT
    assert heard(text.casefold().replace("2", "1"), {"oncall1", "inc-1"}, {"rm"}) is Heard.ACK


@pytest.mark.parametrize(
    "text", ["this is not mine, I am on a plane, call oncall2", "later", "I can't", "wrong person"]
)
def test_by_a_note_that_says_so_nobody_takes_anything(text):
    assert backs_out(text)
    assert not backs_out("the disk is full, restarting it")


@pytest.mark.parametrize("text", ["👀", "👀👀", ":eyes:", " 👀\ufe0f "])
def test_it_was_seen(text):
    assert says(text) is Heard.SEEN


@pytest.mark.parametrize("text", ["ack", "Ack!", "`ack`", "acked", "ack ✅", "!ack", "acknowledged."])
def test_alone_it_counts_in_the_channel_too(text):
    assert whole(text)


@pytest.mark.parametrize(
    "text", ["ack?", "ack, looking", "on it", "mine", "looking", "got it", "back", "", "ack " * 100]
)
def test_beside_the_thread_nothing_else_does(text):
    assert not whole(text)


@pytest.mark.parametrize("piece", ["ack ", "@", "[", ":", "'", "on it ", "\u200d", "ﷺ", "a:b:", "https://", "❌"])
def test_what_is_longer_than_a_message_is_talk(piece):
    assert says(piece * 4001) is Heard.TALK


@pytest.mark.parametrize(
    "text", ["ack", "on it!", "ok I'm on it", "looking", "Looking into it", "I'll take it, thanks"]
)
def test_it_says_nothing_else(text):
    assert alone(text)


@pytest.mark.parametrize(
    "text", ["ack?", "on it goes", "looking at the football", "looking glass fell", "mine field", ""]
)
def test_it_says_something_else(text):
    assert not alone(text)


@pytest.mark.parametrize(
    ("sign", "said"),
    [("✅", Heard.ACK), (":heavy_check_mark:", Heard.ACK), ("👀", Heard.SEEN), (":+1::skin-tone-3:", Heard.HINT)]
    + [("👍🏽", Heard.HINT), (":saluting_face:", Heard.HINT), (":tada:", None), ("🎉", None), ("👎", None), ("", None)],
)
def test_what_an_emoji_says(sign, said):
    assert sign_of(sign) is said
