"""What the pages read and write, in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from broker.db.pool import Connection
from broker.keys.record import Dek, open_record

NOTE = "alert.note"
INBOX_MAX = 200


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as stored."""

    alert_id: UUID
    child_id: UUID
    subject: UUID
    state: str
    lane: str
    withdrawn: bool
    holder: str | None
    opened_at: datetime
    due_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    outcome: str | None
    sealed: bytes = field(repr=False)
    note: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Review:
    """An event that waits for a person; nothing of it is shown here but why it waits."""

    review_id: UUID
    reason: str
    candidates: int
    opened_at: datetime


_INBOX = (
    "select a.alert_id, a.child_id, c.subject_ref as subject, a.state, a.lane, a.withdrawn,"
    " a.holder, a.opened_at, a.due_at, a.acknowledged_at, a.acknowledged_by, a.outcome, a.sealed,"
    " a.note from alert a join child c using (child_id)"
    " where exists (select 1 from alert_recipient r where r.alert_id = a.alert_id"
    " and r.recipient = any($1::text[]))"
    " order by a.state = 'closed', a.state = 'acknowledged', a.due_at limit $2"
)
_ONE = (
    "select a.alert_id, a.child_id, c.subject_ref as subject, a.state, a.lane, a.withdrawn,"
    " a.holder, a.opened_at, a.due_at, a.acknowledged_at, a.acknowledged_by, a.outcome, a.sealed,"
    " a.note from alert a join child c using (child_id)"
    " where a.alert_id = $1 and exists (select 1 from alert_recipient r"
    " where r.alert_id = a.alert_id and r.recipient = any($2::text[]))"
)


async def inbox(connection: Connection, recipients: Sequence[str]) -> list[AlertRow]:
    """List alerts of these recipients, open ones first, by due time."""
    rows = await connection.fetch(_INBOX, list(recipients), INBOX_MAX)
    return [AlertRow(**dict(row)) for row in rows]


async def alert(
    connection: Connection, alert_id: UUID, recipients: Sequence[str]
) -> AlertRow | None:
    """Find one alert among those of these recipients."""
    row = await connection.fetchrow(_ONE, alert_id, list(recipients))
    return AlertRow(**dict(row)) if row else None


async def told_of(connection: Connection, child_id: UUID, recipients: Sequence[str]) -> bool:
    """Tell whether any of these recipients holds an alert about a child."""
    return bool(
        await connection.fetchval(
            "select exists (select 1 from alert a join alert_recipient r using (alert_id)"
            " where a.child_id = $1 and r.recipient = any($2::text[]))",
            child_id,
            list(recipients),
        )
    )


async def answer(
    connection: Connection,
    alert_id: UUID,
    *,
    state: str,
    by: str,
    outcome: str,
    note: bytes,
    at: datetime,
) -> None:
    """Put a person's answer on an alert."""
    await connection.execute(
        "update alert set state = $2, acknowledged_by = $3, outcome = $4, note = $5,"
        " acknowledged_at = $6, next_step_at = null where alert_id = $1",
        alert_id,
        state,
        by,
        outcome,
        note,
        at,
    )


async def reviews(connection: Connection, la_codes: Sequence[str]) -> list[Review]:
    """List events that wait, for these authorities; those of none wait at every front door."""
    rows = await connection.fetch(
        "select review_id, reason, cardinality(candidates) as candidates, opened_at from review"
        " where decided_at is null and (la_code = any($1::text[]) or la_code is null)"
        " and cardinality($1::text[]) > 0 order by opened_at limit $2",
        list(la_codes),
        INBOX_MAX,
    )
    return [Review(**dict(row)) for row in rows]


def open_note(dek: Dek, alert_id: UUID, sealed: bytes | None) -> str:
    """Open the note beside an answer."""
    if not sealed:
        return ""
    return open_record(dek, sealed, record=alert_id.bytes, column=NOTE).decode()
