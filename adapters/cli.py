"""`fullpicture adapter …`: what an agency types."""

import asyncio
import json
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from adapters import runner, settings
from adapters.errors import AdapterError
from adapters.sdk.keys import AgencyKeys
from adapters.sdk.transport import ALERTS
from schemas.errors import FullpictureError, SealError
from schemas.messages import AlertMessage

EXIT_FINDINGS = 1
EXIT_CONFIG = 2

app = typer.Typer(
    no_args_is_help=True,
    help="The agency's side. Exit codes: 0 all well, 1 findings, 2 settings or usage.",
)
Config = Annotated[Path, typer.Option("--config", "-c", help="The agency's TOML file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a machine.")]
out = Console()
err = Console(stderr=True)


def _settings(path: Path) -> settings.AdapterSettings:
    try:
        return settings.load(path)
    except AdapterError as error:
        err.print(f"[red]{error}[/red]")
        raise typer.Exit(EXIT_CONFIG) from None


def _adapter(path: Path) -> runner.Adapter:
    try:
        return runner.Adapter(_settings(path), tell=runner.tell_stderr)
    except FullpictureError as error:
        err.print(f"[red]{error}[/red]")
        raise typer.Exit(EXIT_CONFIG) from None


@app.command()
def run(config: Config) -> None:
    """Watch the folder and send what it holds until stopped."""
    adapter = _adapter(config)

    async def work() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await adapter.run(stop)

    asyncio.run(work())


@app.command()
def check(file: Path, config: Config, as_json: AsJson = False) -> None:
    """Read a file as `run` would, say what is wrong with it, and send nothing."""
    report = runner.check(file, _settings(config))
    if as_json:
        rows = [
            {"row": e.row, "field": e.field, "wrong": e.wrong, "do": e.do} for e in report.errors
        ]
        typer.echo(
            json.dumps(
                {
                    "outcome": report.outcome,
                    "format": report.format,
                    "rows": report.rows,
                    "events": len(report.events),
                    "skipped": report.skipped,
                    "file_error": report.file_error,
                    "errors": rows,
                }
            )
        )
    else:
        for line in report.lines():
            out.print(line, markup=False)
    raise typer.Exit(0 if report.outcome == "done" else EXIT_FINDINGS)


@app.command()
def inbox(config: Config, as_json: AsJson = False) -> None:
    """Show the alerts that were sealed to this agency."""
    adapter = _adapter(config)
    alerts: list[AlertMessage] = []
    for envelope in adapter.spool.inbox():
        try:
            body = adapter.transport.opened(envelope, ALERTS)
            alerts.append(AlertMessage.model_validate_json(body))
        except (SealError, ValidationError):
            err.print("[red]one message does not open with this agency's keys[/red]")
    if as_json:
        typer.echo(json.dumps([alert.model_dump(mode="json") for alert in alerts]))
        return
    table = Table("due", "for", "about", "why", title="Alerts")
    for alert in alerts:
        state = "withdrawn: " if alert.withdrawn else ""
        table.add_row(
            f"{alert.due_at:%a %d %b %H:%M}",
            alert.recipient,
            alert.child_name or "not shared",
            state + alert.sentence,
        )
    out.print(table)


@app.command()
def report(config: Config, as_json: AsJson = False) -> None:
    """Show what was sent, what became of it, and what nobody has receipted."""
    adapter = _adapter(config)
    counts = adapter.spool.counts()
    late = adapter.spool.undelivered(
        now=time.time(), older_than_s=adapter.settings.timing.undelivered_after_s
    )
    refused = adapter.spool.quarantined()
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "counts": counts,
                    "undelivered": [str(item.event_id) for item in late],
                    "quarantined": [[str(event), reason] for event, reason in refused],
                }
            )
        )
    else:
        for state, count in counts.items():
            out.print(f"{state}: {count}")
        for item in late:
            out.print(f"[red]not receipted for {item.age_s:.0f} s: {item.event_id}[/red]")
        for event, reason in refused:
            out.print(f"[red]quarantined ({reason}): {event}[/red]")
    raise typer.Exit(EXIT_FINDINGS if late or refused else 0)


@app.command()
def enrol(config: Config) -> None:
    """Make this agency's keys and print what the scheme owner needs (nothing secret)."""
    chosen = _settings(config)
    try:
        keys = AgencyKeys.generate(chosen.keys)
    except AdapterError as error:
        err.print(f"[red]{error}[/red]")
        raise typer.Exit(EXIT_CONFIG) from None
    enrolment = keys.enrolment(
        agency=chosen.agency, name=chosen.name, sector=chosen.sector, sources=[chosen.source]
    )
    typer.echo(enrolment.model_dump_json(indent=1))
