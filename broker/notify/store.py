"""Doorbells to ring and alerts that wait, in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from broker.db.pool import Connection

TAKEN_MAX = 50
ATTEMPTS_BACKOFF_MAX = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A doorbell to ring."""

    notification_id: UUID
    alert_id: UUID
    recipient: str
    kind: str
    attempts: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An open alert whose next step has come."""

    alert_id: UUID
    child_id: UUID
    subject: UUID
    holder: str
    step: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What an operator watches, in numbers."""

    by_state: dict[str, int]
    overdue: int
    unrouted: int
    oldest_open_s: float
    quarantined: int


async def doorbells(connection: Connection) -> list[Waiting]:
    """Take doorbells that are due, under lock."""
    rows = await connection.fetch(
        "select n.notification_id, n.alert_id, n.recipient, n.kind, n.attempts, a.due_at"
        " from notification n join alert a using (alert_id)"
        " where n.sent_at is null and n.next_attempt_at <= now()"
        " order by n.created_at limit $1 for update of n skip locked",
        TAKEN_MAX,
    )
    return [Waiting(**dict(row)) for row in rows]


async def rung(connection: Connection, notification_id: UUID) -> None:
    """Mark a doorbell as rung."""
    await connection.execute(
        "update notification set sent_at = now(), attempts = attempts + 1"
        " where notification_id = $1",
        notification_id,
    )


async def try_later(connection: Connection, waiting: Waiting) -> None:
    """Try a doorbell again, ever later."""
    wait = min(timedelta(seconds=5 * 2**waiting.attempts), ATTEMPTS_BACKOFF_MAX)
    await connection.execute(
        "update notification set attempts = attempts + 1, next_attempt_at = now() + $2"
        " where notification_id = $1",
        waiting.notification_id,
        wait,
    )


async def unanswered(connection: Connection, *, now: datetime) -> list[Unanswered]:
    """Take open alerts whose next step has come, under lock."""
    rows = await connection.fetch(
        "select a.alert_id, a.child_id, c.subject_ref as subject, a.holder, a.step, a.due_at"
        " from alert a join child c using (child_id)"
        " where a.state = 'open' and a.holder is not null and a.next_step_at <= $1"
        " order by a.next_step_at limit $2 for update of a skip locked",
        now,
        TAKEN_MAX,
    )
    return [Unanswered(**dict(row)) for row in rows]


async def step(
    connection: Connection, alert_id: UUID, *, number: int, next_step_at: datetime
) -> None:
    """Put a step on the alert."""
    await connection.execute(
        "update alert set step = $2, next_step_at = $3 where alert_id = $1",
        alert_id,
        number,
        next_step_at,
    )


async def standing(connection: Connection) -> Standing:
    """Count what stands."""
    rows = await connection.fetch("select state, count(*) as n from alert group by state")
    row = await connection.fetchrow(
        "select count(*) filter (where due_at < now()) as overdue,"
        " count(*) filter (where holder is null) as unrouted,"
        " coalesce(extract(epoch from now() - min(opened_at)), 0) as oldest"
        " from alert where state = 'open'"
    )
    quarantined = await connection.fetchval("select count(*) from quarantine where state = 'held'")
    return Standing(
        by_state={"open": 0, "acknowledged": 0, "closed": 0}
        | {item["state"]: item["n"] for item in rows},
        overdue=row["overdue"] if row else 0,
        unrouted=row["unrouted"] if row else 0,
        oldest_open_s=float(row["oldest"]) if row else 0.0,
        quarantined=quarantined,
    )
