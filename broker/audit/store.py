"""Where entries stand; appended in the transaction of the act, never changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from broker.audit.entry import Entry, body_of
from broker.db.pool import Connection
from broker.ids import new_id

SHOWN_MAX = 500


async def append(connection: Connection, entries: Sequence[Entry], *, at: datetime) -> None:
    """Record acts, in order, in the caller's transaction."""
    if not entries:
        return
    await connection.execute(
        "insert into audit.pending (entry_id, at, action, subject_ref, body, detail)"
        " select * from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[],"
        " $5::bytea[], $6::bytea[])",
        [new_id() for _ in entries],
        [at] * len(entries),
        [entry.action.value for entry in entries],
        [entry.subject for entry in entries],
        [body_of(entry, at=at) for entry in entries],
        [entry.detail for entry in entries],
    )


async def recent(
    connection: Connection, *, action: str | None = None, limit: int = SHOWN_MAX
) -> list[bytes]:
    """Give the bodies of the latest entries, newest first."""
    rows = await connection.fetch(
        "select body from audit.pending where $1::text is null or action = $1"
        " order by entry_id desc limit $2",
        action,
        min(limit, SHOWN_MAX),
    )
    return [row["body"] for row in rows]


async def who_looked(connection: Connection, subject: UUID) -> list[bytes]:
    """Give the bodies of every view, route and answer about one child, newest first."""
    rows = await connection.fetch(
        "select body from audit.pending where subject_ref = $1"
        " and action in ('picture.view', 'alert.view', 'alert.acknowledge', 'alert.route',"
        " 'view.denied') order by entry_id desc limit $2",
        subject,
        SHOWN_MAX,
    )
    return [row["body"] for row in rows]


async def counts(connection: Connection) -> dict[str, int]:
    """Count entries by action."""
    rows = await connection.fetch(
        "select action, count(*) as n from audit.pending group by action order by action"
    )
    return {row["action"]: row["n"] for row in rows}
