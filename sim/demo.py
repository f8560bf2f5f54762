"""`fullpicture demo`: eight weeks of invented families through the real thing."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from adapters import settings as adapter_settings
from adapters.runner import Adapter, new_id
from schemas.event import Assertion, ConcernEvent, Purpose
from schemas.health import Setting, WasNotBrought, WasNotBroughtData
from schemas.person import ChildClaim, PersonName
from schemas.times import Occurred, Precision
from sim.errors import StoryError
from sim.mailbox import MailSink
from sim.scheme import ROLES, Scheme
from sim.servers.both import Servers
from sim.servers.process import remembered_port
from sim.stories import (
    ENDINGS,
    HELD_ENDING,
    POLICE,
    QUARANTINED_ENDING,
    WEEKS,
    Drop,
    drops,
)
from sim.visitor import Visitor

SETTLE_TIMEOUT_S = 120.0
POLL_S = 0.3
OPEN_STATES = ("waiting", "sent")

out = Console()


async def run(folder: Path, *, fresh: bool, check: bool, week_s: float) -> bool:
    """Run the demonstration.

    Args:
        folder: Where everything stands.
        fresh: Start over.
        check: Verify every story's end and stop; otherwise stay until Ctrl-C.
        week_s: Seconds a simulated week takes.

    Returns:
        Whether every story ended as written.

    Raises:
        ServerStartError: A server or a role cannot start.
        StoryError: The events did not settle.
    """
    with ExitStack() as stack:
        out.print("starting Kafka and PostgreSQL (the first time downloads Kafka, 43 MB)")
        servers = stack.enter_context(Servers(folder, principals=Scheme.principals(), fresh=fresh))
        port = remembered_port(folder / "smtp-port")
        sink = stack.enter_context(MailSink(folder / "mail", port))
        scheme = Scheme(folder / "scheme", servers, smtp_port=port)
        stack.callback(scheme.stop)
        await scheme.prepare()
        _send_as_the_wrong_sender(scheme)
        for role in ROLES:
            scheme.start_role(role)
        for agency in scheme.agencies:
            scheme.start_adapter(agency.id)
        out.print(f"the console is at [link]{scheme.console_url}[/link]; choose any person")
        await _play(scheme, folder / "played.json", week_s=week_s)
        ok = await _summary(scheme, sink)
        ok = _endings(scheme) and ok
        out.print("every story ended as written" if ok else "[red]a story ended otherwise[/red]")
        if not check:
            out.print(f"look around: {scheme.console_url} (Ctrl-C stops everything)")
            await asyncio.Event().wait()
        return ok


def _send_as_the_wrong_sender(scheme: Scheme) -> None:
    """Put a health event under the police's key: the broker must refuse to believe it."""
    adapter = Adapter(adapter_settings.load(scheme.config(POLICE)), tell=lambda _: None)
    event = WasNotBrought(
        id=new_id(),
        agency=POLICE,
        recorded_at=datetime.now(UTC),
        source_record="WRONG-1",
        occurred=Occurred(at=datetime(2026, 1, 5, 12, tzinfo=UTC), precision=Precision.DAY),
        child=ChildClaim(name=PersonName(given="Nobody", family="Atall")),
        purpose=Purpose.WELFARE_S17,
        assertion=Assertion.FACT,
        what_happened="A health event from a police system.",
        data=WasNotBroughtData(setting=Setting.GP),
    )
    assert isinstance(event, ConcernEvent)
    adapter.publisher.publish(event)
    adapter.spool.close()


async def _play(scheme: Scheme, state: Path, *, week_s: float) -> None:
    played = _read(state)
    anchor = date.fromisoformat(played.get("anchor", datetime.now(UTC).date().isoformat()))
    done = int(played.get("weeks", 0))
    if done:
        out.print(f"going on after week {done}")
    files = drops(anchor)
    for week in range(done + 1, WEEKS + 1):
        for drop in (d for d in files if d.week == week):
            _drop(scheme, drop)
            out.print(f"week {week}: {drop.says}")
        await _settled(scheme, [d for d in files if d.week <= week])
        _write(state, {"anchor": anchor.isoformat(), "weeks": week})
        await asyncio.sleep(week_s)


def _read(state: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {}
    return body


def _write(state: Path, body: dict[str, Any]) -> None:
    state.write_text(json.dumps(body), encoding="utf-8")


def _drop(scheme: Scheme, drop: Drop) -> None:
    folder = scheme.inbox(drop.agency)
    if (folder / drop.lands_in / drop.file).exists():
        return
    partial = folder / f".{drop.file}"
    partial.write_bytes(drop.content)
    partial.rename(folder / drop.file)


async def _settled(scheme: Scheme, files: list[Drop]) -> None:
    """Wait until every file was taken and every event receipted."""
    until = time.monotonic() + SETTLE_TIMEOUT_S
    while time.monotonic() < until:
        taken = all((scheme.inbox(d.agency) / d.lands_in / d.file).exists() for d in files)
        if taken and not any(_spool(scheme, a.id, OPEN_STATES) for a in scheme.agencies):
            return
        await asyncio.sleep(POLL_S)
    waiting = [d.file for d in files if not (scheme.inbox(d.agency) / d.lands_in / d.file).exists()]
    left = {a.id: _spool(scheme, a.id, OPEN_STATES) for a in scheme.agencies}
    msg = (
        f"not settled in {SETTLE_TIMEOUT_S:.0f} s: files {waiting}, unreceipted {left}; the logs "
        f"are in {scheme.folder}"
    )
    raise StoryError(msg)


def _spool(scheme: Scheme, agency: str, states: tuple[str, ...]) -> int:
    adapter = Adapter(adapter_settings.load(scheme.config(agency)), tell=lambda _: None)
    try:
        counts = adapter.spool.counts()
    finally:
        adapter.spool.close()
    return sum(count for state, count in counts.items() if state in states)


async def _summary(scheme: Scheme, sink: MailSink) -> bool:
    connection = await asyncpg.connect(scheme.servers.postgres.url)
    try:
        rows = await connection.fetch("select outcome, count(*) from accepted group by 1")
        outcomes: dict[str, int] = {row[0]: row[1] for row in rows}
        alerts = await connection.fetch(
            "select rule, count(*), count(*) filter (where state = 'open')"
            " from alert group by 1 order by 1"
        )
        audit = await connection.fetchval("select count(*) from audit.pending")
    finally:
        await connection.close()
    sent = sum(
        _spool(scheme, a.id, ("waiting", "sent", "placed", "quarantined")) for a in scheme.agencies
    )
    table = Table("alert", "raised", "open", title="What happened")
    for rule, count, still in alerts:
        table.add_row(rule, str(count), str(still))
    out.print(table)
    placed, held = outcomes.get("placed", 0), outcomes.get("held", 0)
    refused, beats = outcomes.get("quarantined", 0), outcomes.get("heartbeat", 0)
    adds_up = sent == placed + held + refused + beats
    out.print(
        f"events sent {sent} = placed {placed} + held for a person {held} + quarantined "
        f"{refused} + heartbeats {beats}: {'yes' if adds_up else 'NO'}"
    )
    out.print(f"audit entries: {audit}; doorbell e-mails: {len(sink.mails())}")
    checks: list[tuple[str, Callable[[], bool]]] = [
        ("the sum", lambda: adds_up),
        ("one event held", lambda: held == HELD_ENDING),
        ("one event quarantined", lambda: refused >= QUARANTINED_ENDING),
        ("one live alert a story", lambda: len(alerts) == len(ENDINGS)),
        ("audit entries", lambda: audit > 0),
    ]
    wrong = [name for name, holds in checks if not holds()]
    for name in wrong:
        out.print(f"[red]not as written: {name}[/red]")
    return not wrong


def _endings(scheme: Scheme) -> bool:
    """Sign in as each person, read the alert, answer it, and see that the answer stands."""
    ok = True
    for ending in ENDINGS:
        with Visitor(scheme.console_url) as visitor:
            try:
                visitor.sign_in(ending.person)
                visitor.answer(ending)
                out.print(f"[green]ok[/green] {ending.story}: {ending.person} answered")
            except StoryError as error:
                out.print(f"[red]no[/red] {ending.story}: {error}")
                ok = False
    return ok
