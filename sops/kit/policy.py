"""Every number and name a procedure may be set to; the defaults are the document's.

A run keeps a copy: changing the settings changes later runs, never a running one.
"""

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sops.kit.calendar import BusinessCalendar
from sops.kit.ladder import Ladder, ladder
from sops.kit.model import Role, Severity

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Who is called while nobody acknowledges (`sops.kit.ladder` says how it is written).
PAGING = {
    Severity.P0: (
        "0m: first",
        "2m: first",
        "5m: first, second",
        "10m: on call, release manager",
        "15m: everyone, other chat",
        "every 5m until 1h",
        "every 15m until 4h",
        "every 30m",
    ),
    Severity.P1: (
        "0m: first",
        "15m: first",
        "30m: second",
        "60m: release manager",
        "90m: on call, release manager",
        "every 1h",
    ),
    Severity.P2: ("in working hours", "0m: first", "4h: first, second", "8h: on call, release manager", "every 1d"),
    Severity.P3: (),
}


class VersionFile(BaseModel):
    """A file that spells the version, and how; `at` says where in it (see `version_files.set_version`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    kind: Literal["plain", "cmake", "regex", "json", "toml"]
    at: str = ""

    @model_validator(mode="after")
    def _says_where(self) -> "VersionFile":
        if bool(self.at) == (self.kind in {"plain", "cmake"}):
            raise ValueError(f"{self.path}: `at` goes with regex, json and toml, and with those alone")
        return self


class Lane(BaseModel):
    """An edition that follows each release: a branch, here or in a repository of its own at the same git host."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    branch: str
    #: `owner/name`; empty for a branch of the project's own repository.
    repository: str = Field(default="", pattern=r"^([A-Za-z0-9][\w.-]*/[A-Za-z0-9_][\w.-]*)?$")

    @model_validator(mode="before")
    @classmethod
    def _branch_alone(cls, given: Any) -> Any:
        return {"branch": given} if isinstance(given, str) else given

    @property
    def where(self) -> str:
        return f"{self.repository} {self.branch}".lstrip()


class ExtraStep(BaseModel):
    """A step put into one of our procedures, behind the step `after`; `kind` and `who` as in a checklist's table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sop: str
    after: str
    id: str
    title: str
    kind: str = "sign-off"
    who: str = ""


class Security(BaseModel):
    """How a hole is kept from those who would use it, until everybody may read of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: From this CVSS score on nothing of a fix is pushed where others read before the disclosure; below it an ordinary
    #: pull request in neutral words will do. 0 for all of them, 11 for none.
    private_from: float = Field(7.0, ge=0, le=11)
    #: A private repository, `owner/name`, in which it is built and tested until then. Without one that is the
    #: advisory's temporary private fork, where nothing is tested by itself: two people say that it was.
    ci_repository: str = Field(default="", pattern=r"^([A-Za-z0-9][\w.-]*/[A-Za-z0-9_][\w.-]*)?$")


class Policy(BaseModel):
    """The numbers and names of this organisation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # The calendar of promises
    country: str = "DE"
    region: str | None = None
    zone: str = "Europe/Berlin"

    # The repository
    main: str = "main"
    develop: str = "develop"
    #: What `main` is for: `releases` and nothing else, so that people are asked about other work a release's merge
    #: would bring; or a `trunk`, where the approved head is tagged and merging it is owed. Empty: a trunk where it is
    #: `develop` as well. Where only a queue merges into it, the head is tagged always.
    main_is: Literal["", "releases", "trunk"] = ""
    changelog: str = "CHANGELOG.md"
    version_files: tuple[VersionFile, ...] = (
        VersionFile(path="VERSION", kind="plain"),
        VersionFile(path="CMakeLists.txt", kind="cmake"),
    )
    #: Checks that must exist and be green; empty means those the branch rules of `main` require.
    required_checks: tuple[str, ...] = ()
    announcements: str = "Announcements"
    incidents: str = "docs/incidents"
    incident_label: str = "incident"
    #: An incident has an issue of its own at the forge; where everybody reads there, it may have none.
    incident_issues: bool = True

    #: Who does what the bot would do: with `people` it says exactly what to do, and sees that it was done.
    effects: Literal["bot", "people"] = "bot"
    #: The same for one procedure or one of its steps: `"SOP-03"`, `"SOP-03.merge"`.
    effects_of: dict[str, Literal["bot", "people"]] = Field(default_factory=dict)

    #: Steps this organisation leaves out, and why: `"SOP-03.announce" = "we write to our users ourselves"`.
    off: dict[str, str] = Field(default_factory=dict)

    #: Whose word counts: who starts and steers a procedure (`"SOP-03"`; the first named owns it), or who answers for
    #: one of its steps (`"SOP-03.merge"`).
    roles: dict[str, tuple[Role, ...]] = Field(default_factory=dict)
    #: What the branch of a procedure is called (`"SOP-02"`), or that of a step (`"SOP-02.back-port"`): with {version},
    #: {final} (a candidate's without its number), {slug} or {name}.
    branches: dict[str, str] = Field(default_factory=dict)
    #: What a procedure's tag says: with {version} or {candidate}.
    tag_messages: dict[str, str] = Field(default_factory=dict)

    #: Steps this organisation adds.
    inserted: tuple[ExtraStep, ...] = ()

    # Approvals
    starter_counts: bool = False
    github_reviews: Literal["gate", "count"] = "gate"
    approvals: dict[str, int] = Field(default_factory=dict)
    approval_expires: timedelta = 2 * DAY
    grace: timedelta = timedelta(seconds=30)
    grace_p0: timedelta = timedelta(seconds=5)
    #: What far ends, or downtime of the bot, kept for so long from following its yes has another grace.
    yes_is_fresh: timedelta = Field(30 * MINUTE, ge=5 * MINUTE)
    #: And where the yes is older than this by then, it is asked for again.
    yes_stands: timedelta = Field(DAY, ge=HOUR)
    #: How long a break-glass waits that one person begins while nobody else on call is there, or over their own work;
    #: everybody is called meanwhile. Unset: there is none.
    override_alone: timedelta | None = Field(None, ge=timedelta(minutes=15))

    # Releases
    #: What a release consists of beside its page at the forge; each is waited for, and compared where that can be.
    artefacts: tuple[Literal["image", "archive", "pypi"], ...] = ("image", "archive")
    #: The file among a release's assets that lists their sums; empty if there is none, as where the bot publishes
    #: and the settings do not name one: it uploads nothing.
    checksums: str = "SHA256SUMS"
    #: Who publishes the release of a pushed tag: a workflow of the repository, or the bot.
    publisher: Literal["workflow", "bot"] = "workflow"
    #: Editions that follow each release, by name: the branch of each is brought to the release. One in a repository of
    #: its own is given the tag too: `Enterprise = { repository = "acme/enterprise", branch = "main" }`.
    lanes: dict[str, Lane] = Field(default_factory=dict)

    #: The image tag most people use.
    latest: str = "latest"
    #: The workflow that publishes the image of a tag.
    publish_workflow: str = "dockerhub-publish-on-release.yml"
    #: What the project is called in its package index; empty if it is in none. `artefacts` has a release wait for it.
    package: str = ""
    #: A rollback has that workflow build the earlier release again, instead of moving `latest` to its image.
    rollback_rebuilds: bool = False
    #: How long the announcement of a rollback waits for somebody to tell a workaround.
    workaround_wait: timedelta = 15 * MINUTE

    # Release candidates
    soak: timedelta = 7 * DAY
    blocker_labels: tuple[str, ...] = ("regression", "rc-blocker")

    # Hotfixes; other severities have none
    #: How long a fix may take, from the start (or what it was begun for) until it can be had.
    fix: dict[Severity, timedelta] = Field(default_factory=lambda: {Severity.P0: 2 * DAY, Severity.P1: 7 * DAY})
    #: A changed path with one of these words in it counts as a test.
    test_paths: tuple[str, ...] = ("test", "spec")
    #: How the names of the checks begin that a hotfix needs; empty means those every merge into `main` needs.
    hotfix_checks: tuple[str, ...] = ()
    expedited_label: str = "expedited"
    security_policy: str = "SECURITY.md"

    # Security; the time for a patch is `fix`
    security: Security = Field(default_factory=Security)
    security_acknowledge: timedelta = DAY
    #: How soon after the patch is out its advisory is published.
    advisory_within: timedelta = HOUR
    security_notes: str = "docs/security"

    # Dependencies
    #: Where dependencies are pinned, and in which manner (see `pins.repinned`); submodules are found by themselves.
    pin_files: dict[str, Literal["vcpkg", "cmake"]] = Field(
        default_factory=lambda: {"vcpkg.json": "vcpkg", "CMakeLists.txt": "cmake"}  # type: ignore[arg-type]
    )
    #: A dependency's name and the repository its release notes come from, `owner/name`.
    upstreams: dict[str, str] = Field(default_factory=dict)
    #: Workflows that build and test the editions; empty means that the pull request's checks do.
    dependency_workflows: tuple[str, ...] = ()
    performance_critical: tuple[str, ...] = ()
    #: The check that compares their speed before and after; empty means that a person does.
    benchmark_check: str = ""
    security_label: str = "security"

    # Newcomers
    #: A first-time contributor's pull request begins an onboarding by itself.
    onboard_first_timers: bool = False
    first_review_days: int = 5
    good_first_label: str = "good first issue"
    contributors: str = "CONTRIBUTORS.md"
    #: What a welcome points to: how a change gets in, and how people treat each other; empty if there is none.
    contributing: str = "CONTRIBUTING.md"
    code_of_conduct: str = "CODE_OF_CONDUCT.md"

    # Incidents; None in `acknowledge` means the end of the next business day
    acknowledge: dict[Severity, timedelta | None] = Field(
        default_factory=lambda: {
            Severity.P0: 15 * MINUTE,
            Severity.P1: 2 * HOUR,
            Severity.P2: 8 * HOUR,
            Severity.P3: None,
        }
    )
    #: How often an open incident owes its readers a word; None means never.
    update: dict[Severity, timedelta | None] = Field(
        default_factory=lambda: {
            Severity.P0: 30 * MINUTE,
            Severity.P1: HOUR,
            Severity.P2: 4 * HOUR,
            Severity.P3: None,
        }
    )
    #: The furthest off that somebody may put the next update of a P0 or P1.
    longest_update: timedelta = 4 * HOUR
    #: Who is called, and when, while nobody acknowledges; without an end. A severity that is left out keeps its
    #: default, an empty one is told of in working hours once its time is over, like everything else that is late.
    #: How many incidents of the last hour somebody without a role may have open before another one calls nobody.
    unknown_declare: int = Field(5, gt=0)
    paging: dict[Severity, tuple[str, ...]] = Field(default_factory=lambda: dict(PAGING))
    post_mortem_days: int = 5
    #: After so many business days something owed is asked for.
    obligation_days: int = 5
    thresholds: tuple[int, ...] = (50, 80, 100)
    #: What is late is told of so many days afterwards, and then again each `late_every` days, without an end.
    late_days: tuple[int, ...] = (1, 3, 7)
    late_every: int = 7
    #: From which hour, and to which, people are told of what is not urgent; on business days, in `zone`.
    working_hours: tuple[int, int] = (9, 18)
    #: At which hour of each business day, in `zone`, the open P3 incidents are listed where incidents are told.
    digest_hour: int = Field(9, ge=0, le=23)
    #: Who answers for an incident, in the order they are called.
    escalation: tuple[Role, ...] = (Role.ON_CALL, Role.RELEASE_MANAGER)

    # How often a gate looks by itself, as the net under the forge's own news
    look_every: timedelta = 5 * MINUTE
    look_every_soak: timedelta = 15 * MINUTE

    def left_to_people(self, sop: str, step: str) -> bool:
        """Whether people do the deeds of that step, by the closest setting there is."""
        return self.effects_of.get(f"{sop}.{step}", self.effects_of.get(sop, self.effects)) == "people"

    def ladder(self, severity: Severity) -> Ladder | None:
        """Whom to call while nobody acknowledges; None where that is only told of once it is late."""
        lines = self.paging[severity]
        return ladder(lines) if lines else None

    @field_validator("paging", mode="after")
    @classmethod
    def _every_severity(cls, given: dict[Severity, tuple[str, ...]]) -> dict[Severity, tuple[str, ...]]:
        return {**PAGING, **given}

    @model_validator(mode="before")
    @classmethod
    def _bare_releases(cls, given: Any) -> Any:
        """What the bot publishes has no assets, unless the settings name the file that lists them."""
        if isinstance(given, dict) and given.get("publisher") == "bot":
            return {"checksums": "", **given}
        return given

    @model_validator(mode="after")
    def _usable(self) -> "Policy":
        """Raises ConfigurationError on an unknown country or zone, ValueError on what no clock could use."""
        BusinessCalendar(self.country, self.region, self.zone)
        if list(self.thresholds) != sorted(set(self.thresholds)) or not self.thresholds or self.thresholds[-1] != 100:
            raise ValueError("thresholds rise, and the last one is 100")
        if not all(reason.strip() for reason in self.off.values()):
            raise ValueError("a step that is switched off needs a reason")
        if "pypi" in self.artefacts and not self.package:
            raise ValueError("artefacts name pypi, so package says what the project is called there")
        if not self.escalation:
            raise ValueError("escalation names at least one role")
        self._reminds()
        return self

    def _reminds(self) -> None:
        """Raises ValueError on what would call nobody, or never again."""
        for severity in self.paging:
            self.ladder(severity)
        if list(self.late_days) != sorted(set(self.late_days)) or not self.late_days or self.late_days[0] < 1:
            raise ValueError("late_days rise, and begin with 1 or more")
        if self.late_every < 1:
            raise ValueError("late_every is a day at least")
        if not 0 <= self.working_hours[0] < self.working_hours[1] <= 24:
            raise ValueError("working_hours are two hours of a day, the earlier one first")
