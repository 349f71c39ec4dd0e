"""What the bot does in a security response (SOP-05). Everything is private until it is published."""

from contextlib import suppress
from dataclasses import dataclass
from shlex import quote

from sops.kit import escaping, hands
from sops.kit.action import Action, Conflict, Done, Owed, Probe, Todo, World, marker, twice
from sops.kit.changelog_entries import add_entry
from sops.kit.errors import AlreadyThere
from sops.kit.model import Role
from sops.kit.post_mortem import WritePostMortem
from sops.kit.run import Run
from sops.kit.security_gates import AGREED, TEXT, advisory_of, numbered, text_of, when_agreed
from sops.kit.timing import calendar
from sops.kit.world import Advisory

REPORTED = "advisory"  # the fact that names a report which came through the forge


def _scored(advisory: Advisory, run: Run) -> bool:
    """It says how bad it is and what is affected, as the run does."""
    return run.facts.get("cvss") in advisory.vectors and advisory.affected == run.facts.get("affected")


@dataclass(frozen=True)
class OpenAdvisory(Action):
    """A draft advisory, once: the report that came through the forge, where one is named, else a new one (row 1)."""

    keyless = True

    def says(self, run: Run) -> str:
        reported = run.facts.get(REPORTED)
        return f"accept the report {reported}" if reported else "open a draft advisory"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        summary, mark = quote(escaping.titled(run.title)[:200]), marker(run, "advisory")
        return (
            (
                f"gh api -X POST {hands.ADVISORIES} -f summary={summary} -f description={quote(mark)} -f severity=high"
                " -f 'vulnerabilities[][package][ecosystem]=other'"
            ),
            "the description may say more, as long as that line is in it",
        )

    async def probe(self, run: Run, world: World) -> Probe:
        if REPORTED in run.facts:
            return await self._reported(run, world)
        mark = marker(run, "advisory")
        found = [each for each in await world.forge.advisories() if mark in each.description]
        if not found:
            return Todo(self.says(run))
        news = twice("advisory", [each.url for each in found[:-1]])
        return Done({"ghsa": found[-1].ghsa, "ghsa.url": found[-1].url}, news)

    async def _reported(self, run: Run, world: World) -> Probe:
        wanted = str(run.facts[REPORTED])
        found = next((each for each in await world.forge.advisories() if each.ghsa == wanted), None)
        if found is None:
            return Conflict(f"GitHub has no advisory {wanted} here", "!set advisory GHSA-…, then !retry")
        if found.state == "triage":
            return Todo(self.says(run))
        if found.state != "draft":
            return Conflict(f"{wanted} is {found.state} already", "!set advisory GHSA-…, then !retry")
        return Done({"ghsa": found.ghsa, "ghsa.url": found.url})

    async def perform(self, run: Run, world: World) -> None:
        if REPORTED in run.facts:
            await world.forge.accept_advisory(str(run.facts[REPORTED]))
            return
        description = f"{escaping.quoted(str(run.facts.get('report') or run.title))}\n\n{marker(run, 'advisory')}"
        summary = escaping.titled(run.title)[:200]
        await world.forge.open_advisory(summary=summary, description=description, severity="high")


@dataclass(frozen=True)
class ScoreAdvisory(Action):
    """The advisory says how bad it is and what is affected (row 2)."""

    def says(self, run: Run) -> str:
        return "write score and affected versions into the advisory"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        facts = run.facts
        return (
            (
                f"gh api -X PATCH {hands.ADVISORIES}/{facts['ghsa']} -f cvss_vector_string={quote(str(facts['cvss']))}"
                " -f 'vulnerabilities[][package][ecosystem]=other'"
                f" -f {quote('vulnerabilities[][vulnerable_version_range]=' + str(facts['affected']))}"
            ),
        )

    async def probe(self, run: Run, world: World) -> Probe:
        found = await advisory_of(run, world) if "ghsa" in run.facts else None
        if found is None:
            return Todo(self.says(run))
        return Done() if _scored(found, run) else Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        facts = run.facts
        await world.forge.score_advisory(facts["ghsa"], vector=facts["cvss"], affected=facts["affected"])


@dataclass(frozen=True)
class OpenFork(Action):
    """The temporary private fork; it takes minutes, so asking again is no harm (row 3)."""

    def says(self, run: Run) -> str:
        return "ask for the temporary private fork"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh api -X POST {hands.ADVISORIES}/{run.facts['ghsa']}/forks",)

    async def probe(self, run: Run, world: World) -> Probe:
        found = await advisory_of(run, world) if "ghsa" in run.facts else None
        if found is None or not found.private_fork:
            return Todo(self.says(run))
        return Done({"fork": found.private_fork})

    async def perform(self, run: Run, world: World) -> Done:
        with suppress(AlreadyThere):
            await world.forge.open_private_fork(run.facts["ghsa"])
        return Done({"fork.asked": True})  # what follows waits for it


@dataclass(frozen=True)
class PublishAdvisory(Action):
    """The advisory is public, with what is patched (row 8). From then on nothing is embargoed."""

    uses = ("patched", "ghsa", "score", "affected", "cve.wanted", AGREED, TEXT)
    public = True

    def says(self, run: Run) -> str:
        patched = run.facts.get("patched")
        which = run.facts.get("ghsa", "the advisory")
        score, affected = run.facts.get("score"), run.facts.get("affected")
        what = f": scored {score}, affected {affected}, patched in {patched}" if patched else ""
        what += f", as {number}" if (number := numbered(run)) else ""
        agreed = when_agreed(run)
        return f"publish {which}{f' {agreed}' if agreed else ''}{what}"

    def words(self, run: Run) -> str:
        return str(run.facts.get(TEXT, ""))

    def by_hand(self, run: Run) -> tuple[str, ...]:
        facts, number = run.facts, numbered(run)
        return (
            (
                f"gh api -X PATCH {hands.ADVISORIES}/{facts['ghsa']} -f state=published"
                f"{f' -f cve_id={number}' if number else ''}"
                " -f 'vulnerabilities[][package][ecosystem]=other'"
                f" -f {quote('vulnerabilities[][vulnerable_version_range]=' + str(facts['affected']))}"
                f" -f {quote('vulnerabilities[][patched_versions]=' + str(facts['patched']))}"
            ),
        )

    async def probe(self, run: Run, world: World) -> Probe:
        found = await advisory_of(run, world) if "ghsa" in run.facts else None
        if found is None:
            return Todo(self.says(run))
        same = _scored(found, run) and found.patched == run.facts.get("patched")
        if found.state == "published" and same and numbered(run) in {"", found.cve}:
            return Done({"disclosed": True, "advisory.url": found.url})
        if found.state != "published" and self.words(run) not in {"", text_of(found)}:
            return Conflict(
                "the advisory was edited since its request", "!retry asks for a yes to its text as it is now"
            )
        return Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> None:
        facts = run.facts
        await world.forge.publish_advisory(
            facts["ghsa"],
            vector=facts["cvss"],
            affected=facts["affected"],
            patched=facts["patched"],
            cve=numbered(run),
        )


@dataclass(frozen=True)
class RequestCve(Action):
    """A CVE is asked for, once (row 9)."""

    uses = ()
    public = True

    def says(self, run: Run) -> str:
        return "request a CVE from GitHub"

    def by_hand(self, run: Run) -> tuple[str, ...]:
        return (f"gh api -X POST {hands.ADVISORIES}/{run.facts['ghsa']}/cve",)

    async def probe(self, run: Run, world: World) -> Probe:
        found = await advisory_of(run, world) if "ghsa" in run.facts else None
        if found is not None and found.cve:
            return Done({"cve": found.cve})
        return Done() if run.facts.get("cve.asked") else Todo(self.says(run))

    async def perform(self, run: Run, world: World) -> Done:
        with suppress(AlreadyThere):
            await world.forge.request_cve(run.facts["ghsa"])
        return Done({"cve.asked": True})  # GitHub assigns it days later


@dataclass(frozen=True)
class WriteSecurityPostMortem(WritePostMortem):
    """The post-mortem below docs/security, and the prepared Security entry of the changelog (rows 5 and 11)."""

    def owes(self, run: Run) -> tuple[Owed, ...]:
        """Once it is public its post-mortem is owed, also where the run ends before (row 11)."""
        if not run.facts.get("disclosed") or "post-mortem.merge" in run.facts:
            return ()
        return (Owed("post-mortem", f"the post-mortem of {run.facts['ghsa']}", Role.SECURITY_LEAD),)

    def _path(self, run: Run) -> str:
        day = calendar(run).local(run.created_at).date().isoformat()
        return f"{run.policy.security_notes}/{day}-{str(run.facts.get('ghsa', run.name)).lower()}.md"

    async def _files(self, run: Run, world: World, base: str, text: str) -> dict[str, bytes]:
        files = await super()._files(run, world, base, text)
        data = await world.git.read(base, run.policy.changelog)
        if data is not None:
            said = f"{run.facts['changelog']} ({run.facts['ghsa']}, fixed in {run.facts['patched']})"
            files[run.policy.changelog] = add_entry(data, "Security", escaping.entry(said))
        return files
