"""`sopwith`: the command line. Like wiring, it may know concrete adapters; it connects only when a command runs.

One short command after another, so it is longer than other modules.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from adapters.console import Post
from adapters.sandbox.clock import VirtualClock
from bot.chat import replies
from bot.demo.interactive import converse
from bot.demo.lines import HELP
from bot.demo.play import Failed, Heard, Player
from bot.demo.transcript import Transcript
from bot.ending import run_to_its_end, told_how_it_ends
from bot.engine.plan import outline, specimen
from bot.logs import log_as_lines, quiet_log
from bot.placeholders import left_in_matrix, left_in_slack
from bot.procedures import configured
from bot.settings import CONFIG, Settings, read_settings
from bot.wiring import Sandbox, open_sandbox
from bot.wiring.audit import audited, exported, passed_over, seal_of, undone, unreadable
from bot.wiring.matrix import encrypt_keys
from bot.wiring.matrix import examined as matrix_examined
from bot.wiring.serve import serve as run_service
from bot.wiring.slack import examined, manifest_text
from sops import OWN
from sops.kit.document import compare, parse_document
from sops.kit.errors import SopwithError
from sops.kit.model import Sop
from sops.kit.policy import Policy
from storage import migrate

#: When scripts begin: a Monday morning in Berlin.
SCRIPT_START = datetime(2026, 4, 20, 8, 2, tzinfo=UTC)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Runs an organisation's procedures in its chats.",
)
sops_app = typer.Typer(no_args_is_help=True, help="The procedures, and how they cover a document.")
audit_app = typer.Typer(no_args_is_help=True, help="The record: verify it, or export it.")
doctor_app = typer.Typer(no_args_is_help=True, help="What is wrong, and what to do about it.")
slack_app = typer.Typer(no_args_is_help=True, help="Slack.")
matrix_app = typer.Typer(no_args_is_help=True, help="Matrix.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys of encrypted rooms.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(sops_app, name="sops")
app.add_typer(audit_app, name="audit")
app.add_typer(db_app, name="db")
app.add_typer(doctor_app, name="doctor")
app.add_typer(slack_app, name="slack")
app.add_typer(matrix_app, name="matrix")
matrix_app.add_typer(keys_app, name="keys")

Storage = Annotated[
    str,
    typer.Option("--storage", envvar="SOPWITH_STORAGE", help="The database, like sqlite:///sopwith.db"),
]


Begin = Callable[..., Awaitable[Sandbox]]
ItsSettings = Annotated[
    Path | None, typer.Option("--settings", help="A sopwith.toml: its policy, and the procedures it names.")
]
ItsProcedures = Annotated[
    list[Path] | None, typer.Option("--procedures", help="Your own: a Markdown document run as checklists.")
]
ItsModules = Annotated[list[str] | None, typer.Option("--module", help="Your own: a Python module.")]


def _configured(
    settings: Path | None, procedures: list[Path] | None, modules: list[str] | None
) -> tuple[Policy, list[Sop]]:
    return configured(read_settings(settings) if settings else None, procedures or [], modules or [])


def _told_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sopwith {version('sopwith')}")
        raise typer.Exit


@app.callback()
def everything(
    which: Annotated[  # the option acts by itself
        bool, typer.Option("--version", callback=_told_version, is_eager=True, help="Which version this is.")
    ] = False,
) -> None:
    """Runs an organisation's procedures in its chats."""


@app.command(epilog=f"\b\n{HELP}")
def demo(
    script: Annotated[
        Path | None, typer.Option("--script", help="Play this script instead of asking a person.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option("--home", help="Where repository and database go; a new temporary folder if unset.")
    ] = None,
    settings: ItsSettings = None,
    procedures: ItsProcedures = None,
    modules: ItsModules = None,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Mark every message as a rehearsal.")] = False,
) -> None:
    """Open the sandbox: a chat in this terminal, a repository and a GitHub that are gone afterwards.

    Nothing is installed and nothing outside is touched. Say `/incident declare P1 payments return 500` or
    `/release rc 1.4.0` and go on with what the bot suggests. With --script the conversation is read from a file, on
    a clock of its own, and the first expectation that fails ends it with exit code 1.
    """
    quiet_log()
    read = read_settings(settings) if settings else None
    begin = partial(
        open_sandbox,
        policy=read.policy if read else None,
        procedures=(*(read.procedures if read else ()), *(procedures or ())),
        modules=(*(read.modules if read else ()), *(modules or ())),
        rehearse=rehearse,
        sealed=True,
    )
    place = home.absolute() if home else Path(tempfile.mkdtemp(prefix="sopwith-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    if any((place / name).exists() for name in ("world", "sopwith.db")):
        raise SopwithError(f"{place} holds an earlier demo; name a new folder, since each demo's world begins anew.")
    if script is None:
        run_to_its_end(_interactive(begin, place))
    else:
        run_to_its_end(_scripted(begin, place, _read(script), script.name))


async def _scripted(begin: Begin, home: Path, text: str, name: str) -> None:
    sandbox = await begin(home, VirtualClock(SCRIPT_START))
    try:
        player = on_stage(sandbox)
        await player.play(text, name)
    finally:
        await sandbox.close()


async def _interactive(begin: Begin, home: Path) -> None:
    clock = VirtualClock(datetime.now(UTC), flowing=True)
    sandbox = await begin(home, clock)
    try:
        await converse(sandbox.stage, on_stage(sandbox), sandbox.world, sandbox.room)
    finally:
        await sandbox.close()
    typer.echo(f"The record of this demo: sopwith audit verify --storage {sandbox.storage}")


def on_stage(sandbox: Sandbox, echo: Callable[[str], None] = typer.echo) -> Player:
    """A player whose conversation is printed through `echo`."""
    heard = Heard()
    transcript = Transcript(sandbox.stage.clock.now, "Europe/Berlin", sandbox.room.run_in, echo)

    def show(post: Post, edited: bool) -> None:
        heard.show(transcript.show(post, edited))

    sandbox.room.on_show.append(show)
    return Player(sandbox.stage, heard, echo)


@app.command()
def serve(
    settings: Annotated[Path, typer.Option("--settings", help="What to serve; see sopwith.example.toml.")] = CONFIG,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="The real chat before a sandbox; every message says so.")
    ] = False,
) -> None:
    """Start the bot in its chats and keep it going. Tokens come from the environment, never from the file.

    SIGTERM and Ctrl-C end it; whatever is under way is found again at the next start.
    """
    log_as_lines()
    os.umask(0o077)  # what the bot writes is for its own eyes
    run_to_its_end(_until_told(read_settings(settings), rehearse))


async def _until_told(settings: Settings, rehearse: bool) -> None:
    serving = asyncio.ensure_future(
        run_service(settings, rehearse=rehearse, ready=lambda: typer.echo("Sopwith is serving.", err=True))
    )
    told: list[signal.Signals] = []

    def stop(by: signal.Signals) -> None:
        told.append(by)
        serving.cancel()

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop, each)
    with suppress(asyncio.CancelledError):
        await serving
    if not told:
        raise SopwithError("Sopwith stopped serving, though nobody told it to; start it again.")


def _tell(findings: Sequence[str], chat: str) -> NoReturn:
    typer.echo("\n".join(findings) or f"{chat} is as it should be.")
    raise typer.Exit(1 if findings else 0)


@doctor_app.command("slack")
def doctor_slack(
    settings: Annotated[Path, typer.Option("--settings", help="The settings to examine.")] = CONFIG,
) -> None:
    """What stands between the bot and its workspace, each with what to do about it. Exit code 1 if anything does."""
    found = read_settings(settings)
    if found.slack is None:
        raise SopwithError(f"{settings} has no section [slack]; sopwith.example.toml shows one.")
    _tell([*left_in_slack(found), *run_to_its_end(examined(found.slack))], "Slack")


@doctor_app.command("matrix")
def doctor_matrix(
    settings: Annotated[Path, typer.Option("--settings", help="The settings to examine.")] = CONFIG,
) -> None:
    """What stands between the bot and its homeserver, each with what to do about it. Exit code 1 if anything does."""
    found = read_settings(settings)
    if found.matrix is None:
        raise SopwithError(f"{settings} has no section [matrix]; sopwith.example.toml shows one.")
    _tell([*left_in_matrix(found), *run_to_its_end(matrix_examined(found.matrix))], "Matrix")


@doctor_app.command("post")
def doctor_post(storage: Storage = "sqlite:///sopwith.db") -> None:
    """What could not be handled after five tries, or delivered within a day. Exit code 1 if there is any.

    Also how many events could not be read at all; those are nobody's to mend here.
    """
    for line in run_to_its_end(passed_over(storage)):
        typer.echo(line, err=True)
    _tell(run_to_its_end(undone(storage)), "The post")


@doctor_app.command("runs")
def doctor_runs(storage: Storage = "sqlite:///sopwith.db") -> None:
    """Runs that another version of Sopwith stored and this one cannot read. Exit code 1 if there is any."""
    _tell(asyncio.run(unreadable(storage)), "Every run")


@slack_app.command("manifest")
def slack_manifest(
    settings: Annotated[Path | None, typer.Option("--settings", help="For renamed commands and HTTP mode.")] = None,
    url: Annotated[str, typer.Option("--url", help="The bot's address in HTTP mode, with /slack/events.")] = "",
) -> None:
    """The app's manifest, to be pasted where Slack asks for one when an app is created."""
    found = read_settings(settings).slack if settings else None
    typer.echo(manifest_text(found.commands if found else {}, url), nl=False)


@keys_app.callback()
def matrix_keys() -> None:
    """The keys of encrypted rooms."""


@keys_app.command("encrypt")
def matrix_keys_encrypt(
    settings: Annotated[Path, typer.Option("--settings", help="Whose keys.")] = CONFIG,
) -> None:
    """Put keys that were kept without a passphrase under the one in SOPWITH_MATRIX__STORE_KEY. Stop the bot first."""
    found = read_settings(settings)
    if found.matrix is None:
        raise SopwithError(f"{settings} has no section [matrix].")
    files = encrypt_keys(found.matrix)
    typer.echo(f"The keys in {found.matrix.store} are under the passphrase now ({files} devices).")


@sops_app.command("list")
def list_sops(settings: ItsSettings = None, procedures: ItsProcedures = None, modules: ItsModules = None) -> None:
    """Every procedure, your own too, and what starts it."""
    _, every = _configured(settings, procedures, modules)
    for sop in every:
        typer.echo(f"{sop.id}  {sop.title:<24} /{sop.command}")


@sops_app.command("show")
def show_sop(
    sop_id: Annotated[str, typer.Argument(metavar="ID", help="Like SOP-03.")],
    settings: ItsSettings = None,
    procedures: ItsProcedures = None,
    modules: ItsModules = None,
) -> None:
    """The steps of one procedure, with the rows of the document they serve."""
    policy, every = _configured(settings, procedures, modules)
    sop = next((each for each in (*every, *OWN) if each.id == sop_id.upper()), None)
    if sop is None:
        raise _wrong(f"There is no procedure {sop_id}; `sopwith sops list` shows them.")
    typer.echo(replies.lists.sop(sop, outline(specimen(sop, policy))).plain())


@sops_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A procedure document in Markdown.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    settings: ItsSettings = None,
    procedures: ItsProcedures = None,
    modules: ItsModules = None,
) -> None:
    """Compare a document with the procedures, row by row. Exit code 1 if anything is uncovered."""
    policy, every = _configured(settings, procedures, modules)
    report = compare(parse_document(_read(file)), every)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join([*report.lines(), *replies.starting.left_out_by_settings(policy.off)]))
    raise typer.Exit(1 if report.uncovered else 0)


@audit_app.command()
def verify(
    storage: Storage = "sqlite:///sopwith.db",
    head: Annotated[str, typer.Option("--head", help="A hash the bot told, to hold the record against.")] = "",
    against: Annotated[
        Path | None, typer.Option("--against", help="Seals kept outside the database: the file of record.seals.")
    ] = None,
    signers: Annotated[
        Path | None, typer.Option("--signers", help="Who may sign seals, as ssh-keygen's allowed signers file.")
    ] = None,
) -> None:
    """Recompute the record, and tell each run again from it; names what was changed, removed or inserted.

    The database is only read. See docs/record.md for what this proves, and against whom.
    """
    found = run_to_its_end(audited(storage, against, signers))
    typer.echo("\n".join(replies.record.audited(found.audit, found.faults)))
    if found.faults:
        raise typer.Exit(1)
    seal = run_to_its_end(seal_of(storage, head)) if head else None
    kept = found.kept or seal
    typer.echo("\n".join(replies.record.proved(found.audit, found.signed, found.signer, kept)))
    if head:
        typer.echo(replies.record.held_against(seal))
    raise typer.Exit(1 if head and seal is None else 0)


@audit_app.command()
def export(
    storage: Storage = "sqlite:///sopwith.db",
    markdown: Annotated[bool, typer.Option("--markdown", help="For people, instead of JSON lines.")] = False,
    run: Annotated[str, typer.Option("--run", help="Only this run, like REL-1.")] = "",
) -> None:
    """Write the record to standard output: JSON lines with every hash, or Markdown for people."""
    for line in run_to_its_end(exported(storage, markdown, run.upper())):
        typer.echo(line.encode("utf-8", "backslashreplace").decode())  # there may be bytes that are no text


@db_app.command()
def upgrade(storage: Storage = "sqlite:///sopwith.db") -> None:
    """Create the tables, or bring them up to this version. Safe to repeat."""
    migrate(storage)
    typer.echo("The database is up to date.")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as problem:
        raise _wrong(f"{file} cannot be read: {problem.strerror}.") from problem
    except UnicodeDecodeError as problem:
        raise _wrong(f"{file} is not UTF-8 text.") from problem


def _wrong(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)


def main() -> None:
    """The entry point: whatever goes wrong ends with a sentence."""
    told_how_it_ends(_command)


def _command() -> None:
    try:
        app()
    except Failed as problem:
        typer.echo(f"FAILED {problem}", err=True)
        sys.exit(1)
