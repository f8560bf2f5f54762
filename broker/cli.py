"""`fullpicture broker …` and what an operator types."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from broker import admin, logs, quarantine, roles, settings
from broker.app import opened
from broker.audit import store as audit_store
from broker.clock import utc_now
from broker.db import migrate as migrations
from broker.db.pool import Connection, open_pool, transaction
from broker.errors import BrokerError, SettingsError
from broker.keys import ceremony, store
from broker.keys.file_kms import FileKms
from broker.routing import agreement, practitioners
from broker.rules import threshold
from schemas.directory import Enrolment
from schemas.errors import FullpictureError

EXIT_FINDINGS = 1
EXIT_CONFIG = 2
EXIT_AWAY = 3

_T = TypeVar("_T")

app = typer.Typer(no_args_is_help=True)
topics = typer.Typer(no_args_is_help=True, help="Kafka's topics, from the one list.")
database = typer.Typer(no_args_is_help=True, help="PostgreSQL's schema.")
keys = typer.Typer(no_args_is_help=True, help="Keys and the signed directories.")
held = typer.Typer(no_args_is_help=True, help="Records that could not be handled.")
trail = typer.Typer(no_args_is_help=True, help="What was done, by whom.")
config = typer.Typer(no_args_is_help=True, help="Settings.")
for name, part in (
    ("topics", topics),
    ("db", database),
    ("keys", keys),
    ("quarantine", held),
    ("audit", trail),
    ("config", config),
):
    app.add_typer(part, name=name)

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a machine.")]
out = Console()
err = Console(stderr=True)


def _settings() -> settings.Settings:
    try:
        return settings.load()
    except BrokerError as error:
        err.print(f"[red]{error}[/red]", markup=True)
        raise typer.Exit(EXIT_CONFIG) from None


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    try:
        return asyncio.run(work)
    except FullpictureError as error:
        err.print(str(error), style="red", markup=False)
        away = error.code == "broker.unavailable"
        raise typer.Exit(EXIT_AWAY if away else EXIT_CONFIG) from None


@app.command("broker")
def broker(
    role: Annotated[str, typer.Argument(help="correlate, relay, notify or console.")],
    config_file: Annotated[
        Path | None, typer.Option("--config", help="Settings, in place of FULLPICTURE_CONFIG.")
    ] = None,
) -> None:
    """Run one role until stopped."""
    if config_file is not None:
        os.environ[settings.CONFIG_VARIABLE] = str(config_file)
    if role not in roles.ROLES:
        err.print(f"[red]there is no such role: use {', '.join(roles.ROLES)}[/red]")
        raise typer.Exit(EXIT_CONFIG)
    logs.configure(role)
    chosen = _settings()

    async def work() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await roles.run(role, chosen, stop)

    _run(work())


@topics.command("create")
def topics_create(
    replication: Annotated[int, typer.Option(min=1, max=9)] = admin.REPLICATION_PRODUCTION,
) -> None:
    """Make the topics that are missing."""
    made = _run(admin.create(_settings().kafka, replication=replication))
    out.print(f"made: {', '.join(made)}" if made else "every topic is there")


@topics.command("check")
def topics_check() -> None:
    """Compare the topics with the list."""
    found = _run(admin.differences(_settings().kafka))
    for line in found:
        out.print(line)
    out.print("topics are as listed" if not found else "")
    raise typer.Exit(EXIT_FINDINGS if found else 0)


@database.command("migrate")
def db_migrate() -> None:
    """Bring PostgreSQL's schema up to date."""

    async def work() -> list[str]:
        pool = await open_pool(_settings().database.url.get_secret_value(), size=1)
        async with pool.acquire() as connection:
            done = await migrations.migrate(connection)
        await pool.close()
        return done

    done = _run(work())
    out.print(f"applied: {', '.join(done)}" if done else "the schema is up to date")


@keys.command("init")
def keys_init() -> None:
    """Make the root, the development key file, the broker's keys and empty directories."""
    chosen = _settings().keys
    _run(ceremony.initialise(chosen.folder, chosen.directory, now=utc_now()))
    out.print("made. The key service is a FILE: for development only, never for real records.")
    out.print(f"Take {ceremony.ROOT_SEED} offline now; the broker does not need it to run.")


@keys.command("enrol")
def keys_enrol(files: list[Path]) -> None:
    """Add agencies to the signed directory, from what `adapter enrol` printed."""
    chosen = _settings().keys

    async def work() -> int:
        rows = [Enrolment.model_validate_json(path.read_bytes()) for path in files]
        ceremony.enrol(chosen.folder, chosen.directory, rows, now=utc_now())
        return len(rows)

    out.print(f"enrolled: {_run(work())}")


@keys.command("ingress")
def keys_ingress() -> None:
    """Make ingress keys for the days ahead and publish them."""
    chosen = _settings().keys
    kms = FileKms(chosen.folder / store.KMS_FILE)
    _run(ceremony.publish_ingress(chosen.folder, chosen.directory, kms, now=utc_now()))
    out.print(f"published, for {ceremony.EPOCHS_AHEAD} days ahead")


@keys.command("show")
def keys_show() -> None:
    """Show who may send, and which keys are current."""
    chosen = _settings().keys

    async def work() -> None:
        agencies = ceremony.read_agencies(chosen.directory, now=utc_now())
        ingress = ceremony.read_ingress(chosen.directory, now=utc_now())
        table = Table("agency", "sector", "sources", "signing keys", title=f"v{agencies.version}")
        for entry in agencies.agencies:
            kids = ", ".join(key.key.kid for key in entry.signing)
            table.add_row(entry.agency, entry.sector, ", ".join(entry.sources), kids)
        out.print(table)
        out.print(f"ingress keys: {len(ingress.epochs)}, until {ingress.expires_at:%d %B %Y}")

    _run(work())


@held.command("list")
def quarantine_list(as_json: AsJson = False) -> None:
    """List what is held, and why."""
    rows = _run(_with_pool(quarantine.listed))
    if as_json:
        typer.echo(json.dumps([row.public() for row in rows]))
        return
    table = Table("id", "reason", "agency", "where", "when")
    for row in rows:
        table.add_row(
            str(row.quarantine_id),
            row.reason,
            row.agency or "not proved",
            f"{row.topic}/{row.partition}/{row.offset}",
            f"{row.at:%d %b %H:%M}",
        )
    out.print(table)


@held.command("show")
def quarantine_show(quarantine_id: UUID) -> None:
    """Show one record's headers; its bytes stay sealed."""
    row = _run(_with_pool(lambda tx: quarantine.one(tx, quarantine_id)))
    typer.echo(json.dumps(row.public() | {"headers": row.header_names()}, indent=1))


@held.command("replay")
def quarantine_replay(reason: str) -> None:
    """Try the held records of one reason again, with their own ids."""

    async def work() -> tuple[int, int]:
        async with opened(_settings()) as app:
            return await quarantine.replay(await app.journey(), reason)

    done, still = _run(work())
    out.print(f"handled: {done}; still held: {still}")


@trail.command("show")
def audit_show(
    action: Annotated[str | None, typer.Option(help="Only this action.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=audit_store.SHOWN_MAX)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the latest entries."""
    bodies = _run(_with_pool(lambda tx: audit_store.recent(tx, action=action, limit=limit)))
    entries = [json.loads(body) for body in bodies]
    if as_json:
        typer.echo(json.dumps(entries))
        return
    table = Table("at", "action", "who", "agency", "outcome", "object")
    for entry in entries:
        table.add_row(
            entry["at"][:19],
            entry["action"],
            entry["actor_ref"],
            entry["agency"] or entry["on_behalf_of"] or "",
            entry["outcome"],
            entry["object_digest"][:24],
        )
    out.print(table)


@trail.command("count")
def audit_count(as_json: AsJson = False) -> None:
    """Count entries by action."""
    counts = _run(_with_pool(audit_store.counts))
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for action, count in counts.items():
        out.print(f"{count:8d}  {action}")


@config.command("check")
def config_check() -> None:
    """Say what is wrong with the settings and the files they name, and what to do."""
    problems = _problems(_settings())
    for line in problems:
        out.print(line, style="red", markup=False)
    if not problems:
        out.print("settings, keys, directories and policies are in order")
    raise typer.Exit(EXIT_CONFIG if problems else 0)


def _problems(chosen: settings.Settings) -> list[str]:
    problems: list[str] = []
    for check in (
        lambda: chosen.kafka.security == "plaintext" or _password(chosen),
        lambda: FileKms(chosen.keys.folder / store.KMS_FILE),
        lambda: ceremony.read_agencies(chosen.keys.directory, now=utc_now()),
        lambda: ceremony.read_ingress(chosen.keys.directory, now=utc_now()),
        lambda: agreement.load(chosen.policy.sharing),
        lambda: practitioners.load(chosen.policy.practitioners),
        lambda: threshold.load(chosen.policy.thresholds),
    ):
        try:
            check()
        except FullpictureError as error:
            problems.append(str(error))
    console = chosen.console
    if not console.development_provider and not console.oidc_issuer:
        problems.append("console.oidc_issuer is empty: name your OpenID Connect provider")
    if not console.session_secret:
        problems.append("console.session_secret is empty: set 32 random bytes, kept secret")
    return problems


def _password(chosen: settings.Settings) -> bool:
    if not chosen.kafka.username or not chosen.kafka.secret():
        msg = "kafka.username and kafka.password_file are empty: set both"
        raise SettingsError(msg)
    return True


@app.command()
def doctor() -> None:
    """Check settings, PostgreSQL and Kafka, and say what to do."""
    chosen = _settings()
    lines = _problems(chosen)

    async def reach() -> None:
        try:
            pool = await open_pool(chosen.database.url.get_secret_value(), size=1)
            async with pool.acquire() as connection:
                missing = await migrations.pending(connection)
            await pool.close()
            if missing:
                lines.append("the schema is behind: run `fullpicture db migrate`")
        except FullpictureError as error:
            lines.append(f"{error}: check database.url and that PostgreSQL runs")
        try:
            lines.extend(await admin.differences(chosen.kafka))
        except FullpictureError as error:
            lines.append(f"{error}: check kafka.bootstrap, user and password")

    _run(reach())
    for line in lines:
        out.print(line, style="red", markup=False)
    if not lines:
        out.print("all well")
    raise typer.Exit(EXIT_FINDINGS if lines else 0)


async def _with_pool(act: Callable[[Connection], Awaitable[_T]]) -> _T:
    pool = await open_pool(_settings().database.url.get_secret_value(), size=1)
    try:
        async with transaction(pool) as tx:
            return await act(tx)
    finally:
        pool.terminate()
