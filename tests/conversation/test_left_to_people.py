"""With `effects = "people"` the bot says exactly what to do, waits, and sees that it was done: the same probes."""

import re
import shlex
import subprocess

from adapters.sandbox import pulls
from tests.conversation.conftest import seldom


async def test_a_branch_and_a_merge_are_done_by_people_and_everything_else_by_the_bot(converse):
    chat = await converse(seldom(effects_of={"SOP-03.branch": "people", "SOP-03.merge": "people"}))
    await chat.say("rm", "#releases", "/release rc 1.4.0")
    asked = await chat.say("rm", "in REL-1", "!start")
    assert "please do this by hand" in asked
    tip = chat.git("rev-parse", "develop").strip()
    assert f"git push origin {tip}:refs/heads/release/v1.4.0-rc1" in asked
    assert "refs/heads/release/v1.4.0-rc1" not in chat.refs()
    await chat.play("%forge branch release/v1.4.0-rc1 develop\n%state REL-1 pull-request done\n%wait REL-1 merge")
    await chat.play("@rev1 in REL-1: approve\n%clock +1m")
    assert "gh pr merge 41 --merge --match-head-commit" in chat.text
    assert chat.merged() == []
    await chat.play("%crash\n%clock +2h")
    assert chat.text.count("gh pr merge 41") == 1, "people are asked once"
    await chat.play("%forge merge 41\n%state REL-1 tag done\n%wait REL-1 soak\n%state REL-1 announce done")


async def test_a_whole_procedure_can_be_left_to_people(converse):
    chat = await converse(seldom(effects="people"))
    await chat.say("rm", "#releases", "/release rc 1.4.0")
    await chat.say("rm", "in REL-1", "!start")
    await chat.play("%clock +1d\n%state REL-1 branch running")
    assert chat.merged() == []
    assert "refs/heads/release/v1.4.0-rc1" not in chat.refs()


CHANGELOG = "CHANGELOG.md"


class Hands:
    """A maintainer at a terminal: types what the bot prints, and edits what it names."""

    def __init__(self, chat, folder):
        self.chat, self.clone = chat, folder / "clone"
        self.typed = []
        self.bash(f"git clone -q {shlex.quote(str(chat.world.git_path))} {self.clone}", folder)
        self.bash("git config user.name maint && git config user.email maint@example.org", self.clone)

    def bash(self, command, where):
        subprocess.run(["bash", "-ec", command], cwd=where, check=True, capture_output=True, text=True)

    def obey(self, said):
        """Every line of the bot's last card that is something to do."""
        for line in said.splitlines():
            self.typed.append(line)
            if line.startswith(("git ", "echo ")):
                self.bash(line, self.clone)
                self.chat.world.observe()
            elif line.startswith("gh pr create "):
                words = shlex.split(line)[3:]
                given = dict(zip(words[::2], words[1::2], strict=True))
                with self.chat.world._acting() as core:
                    texts = {"title": given["--title"], "body": given["--body"]}
                    pulls.create(core, head=given["--head"], base=given["--base"], author="maint", **texts)
            elif line.startswith("gh pr edit ") and "--add-label" in line:
                *_, number, _, labels = shlex.split(line)
                for label in labels.split(","):
                    self.chat.world.label(int(number), label)
            elif found := re.fullmatch(r"body\.md: between (.+?) and (.+?): (.+)", line):
                begin, end, said = found[1], found[2], found[3].replace(" / ", "\n").replace("**\n", "**\n\n")
                with self.chat.world._acting() as core:
                    issue = core.state.issues[41]
                    issue.body = f"{issue.body}\n\n{begin}\n{said}\n{end}"
            elif found := re.fullmatch(r"in CMakeLists.txt: (\S+)", line):
                self.edit(
                    "CMakeLists.txt", lambda text, to=found[1]: re.sub(r"(project\(.*VERSION) \S+", rf"\1 {to}", text)
                )
            elif found := re.fullmatch(rf"in {CHANGELOG}: keep (.+), and right below it add (.+) \(the day\)", line):
                top, dated = found[1], found[2].replace("YYYY-MM-DD", "2026-03-02")
                self.edit(
                    CHANGELOG, lambda text, top=top, dated=dated: text.replace(f"{top}\n", f"{top}\n\n{dated}\n", 1)
                )
            elif found := re.fullmatch(r"in (\S+): rocksdb at (\S+)", line):
                self.edit(found[1], lambda text, to=found[2]: re.sub(r"\b9\.6(\.1)?\b", to, text))
            elif found := re.fullmatch(rf"in {CHANGELOG}, \[Unreleased\], (\w+): (- .*)", line):
                part = f"### {found[1]}\n\n{found[2]}\n"
                self.edit(
                    CHANGELOG,
                    lambda text, part=part: text.replace("## [Unreleased]\n", f"## [Unreleased]\n\n{part}", 1),
                )
            else:
                self.typed.pop()

    def edit(self, path, change):
        file = self.clone / path
        before = file.read_text(encoding="utf-8")
        file.write_text(change(before), encoding="utf-8")
        assert file.read_text(encoding="utf-8") != before, path


async def test_a_whole_update_done_by_hand_to_its_end(converse, tmp_path):
    chat = await converse(seldom(effects="people"))
    hands = Hands(chat, tmp_path)
    await chat.say("maint", "#maintainers", "/deps update rocksdb 9.7.3 --cve CVE-2026-12345")
    await chat.say("maint", "in DEP-1", "!start")
    said = await chat.say("maint", "in DEP-1", "!done breaking-changes none of them concerns us")
    for _ in range(7):
        if "please do this by hand" not in said:
            break
        assert "only sees" not in said
        hands.obey(said)
        said = await chat.say("maint", "in DEP-1", "!retry")
    assert [line.split()[:2] for line in hands.typed if not line.startswith("in ")] == [
        ["git", "push"],
        ["git", "fetch"],
        ["git", "commit"],
        ["git", "fetch"],
        ["git", "commit"],
        ["gh", "pr"],
        ["gh", "pr"],
    ]
    await chat.play("%clock +30m\n%state DEP-1 security-label done\n%state DEP-1 build-and-test done")
    hands.obey("\n".join(next(post for post in reversed(chat.room.posts) if "by hand" in post.lines[0]).lines))
    await chat.play("%forge merge 41\n@maint in DEP-1: !retry\n%state DEP-1 run done")
    assert chat.text.count("please do this by hand") == 7  # the reviewers' turn is one of them, the results another
    log = chat.git("log", "--format=%an", "develop")
    assert "sopwith" not in log.split("\n")[:3]


async def test_a_version_and_its_changelog_are_set_by_hand_just_as_told(converse, tmp_path):
    chat = await converse(seldom(effects_of={"SOP-03.bump": "people"}))
    hands = Hands(chat, tmp_path)
    await chat.say("rm", "#releases", "/release rc 1.4.0")
    said = await chat.say("rm", "in REL-1", "!start")
    assert "echo 1.4.0rc1 > VERSION\nin CMakeLists.txt: 1.4.0\n" in said
    hands.obey(said)
    await chat.play("@rm in REL-1: !retry\n%wait REL-1 merge")
    assert len(hands.typed) == 5


async def test_a_changelog_whose_unreleased_was_renamed_is_told_what_is_missing(converse, tmp_path):
    chat = await converse(seldom(effects_of={"SOP-03.bump": "people"}))
    hands = Hands(chat, tmp_path)
    await chat.play("@rm #releases: /release rc 1.4.0\n@rm in REL-1: !start")
    hands.bash("git fetch -q && git switch -q release/v1.4.0-rc1", hands.clone)
    hands.edit(CHANGELOG, lambda text: text.replace("## [Unreleased]", "## [1.4.0-rc1] - 2026-03-02"))
    hands.bash("git commit -qam dated && git push -q origin HEAD", hands.clone)
    chat.world.observe()
    said = await chat.say("rm", "in REL-1", "!retry")
    assert "The changelog has no heading ## [Unreleased]; add one above the newest section" in said
