"""The chronology: every event of a child, sealed, in the order of occurrence."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from broker.db.pool import Connection
from broker.keys.record import SALT_BYTES, Dek, open_record, seal_record

SEALED = "chronology.sealed"
REFOLD_EVENTS_MAX = 5_000
"""A correction re-reads at most this many of a child's newest events."""
PAGE_ENTRIES_MAX = 200


@dataclass(frozen=True, slots=True)
class NewEntry:
    """One event on its way onto a child's chronology."""

    entry_id: UUID
    dek: Dek = field(repr=False)
    feed_id: int
    event_id: UUID
    occurred_on: date
    received_at: datetime
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it stands on a chronology."""

    entry_id: UUID
    event_id: UUID
    occurred_on: date
    received_at: datetime
    correction: str | None
    corrected_by: UUID | None
    body: bytes = field(repr=False)


async def add(connection: Connection, entries: Sequence[NewEntry]) -> set[UUID]:
    """Put events on chronologies; return those that were corrected before they arrived."""
    if not entries:
        return set()
    rows = await connection.fetch(
        "insert into chronology (entry_id, child_id, feed_id, event_id, occurred_on,"
        " received_at, sealed, corrected_by, correction)"
        " select x.*, c.by_event_id, c.kind from unnest($1::uuid[], $2::uuid[], $3::int[],"
        " $4::uuid[], $5::date[], $6::timestamptz[], $7::bytea[])"
        " as x (entry_id, child_id, feed_id, event_id, occurred_on, received_at, sealed)"
        " left join correction c"
        " on c.target_event_id = x.event_id and c.feed_id = x.feed_id"
        " returning event_id, correction",
        [entry.entry_id for entry in entries],
        [entry.dek.child_id for entry in entries],
        [entry.feed_id for entry in entries],
        [entry.event_id for entry in entries],
        [entry.occurred_on for entry in entries],
        [entry.received_at for entry in entries],
        [
            seal_record(
                entry.dek,
                entry.body,
                record=entry.entry_id.bytes,
                column=SEALED,
                salt=os.urandom(SALT_BYTES),
            )
            for entry in entries
        ],
    )
    return {row["event_id"] for row in rows if row["correction"] is not None}


async def correct(
    connection: Connection, corrections: Sequence[tuple[int, UUID, UUID, str]]
) -> set[UUID]:
    """Record corrections and strike out what they correct; return the children touched.

    Args:
        connection: The batch's transaction.
        corrections: Feed, the event corrected, the event that corrects it, and how.
    """
    if not corrections:
        return set()
    columns = [list(column) for column in zip(*corrections, strict=True)]
    await connection.execute(
        "insert into correction (feed_id, target_event_id, by_event_id, kind)"
        " select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[])"
        " on conflict do nothing",
        *columns,
    )
    rows = await connection.fetch(
        "update chronology as c set corrected_by = x.by_event, correction = x.kind"
        " from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[])"
        " as x (feed_id, target, by_event, kind)"
        " where c.event_id = x.target and c.feed_id = x.feed_id and c.correction is null"
        " returning c.child_id",
        *columns,
    )
    return {row["child_id"] for row in rows}


async def standing(connection: Connection, dek: Dek) -> list[bytes]:
    """Open a child's newest events that nothing has struck out, oldest first."""
    rows = await connection.fetch(
        "select entry_id, sealed from chronology where child_id = $1 and correction is null"
        " order by occurred_on desc, entry_id desc limit $2",
        dek.child_id,
        REFOLD_EVENTS_MAX,
    )
    return [
        open_record(dek, row["sealed"], record=row["entry_id"].bytes, column=SEALED)
        for row in reversed(rows)
    ]


async def page(connection: Connection, dek: Dek, *, limit: int = PAGE_ENTRIES_MAX) -> list[Entry]:
    """Open a page of a child's chronology, newest first, struck-out entries included."""
    rows = await connection.fetch(
        "select entry_id, event_id, occurred_on, received_at, correction, corrected_by, sealed"
        " from chronology where child_id = $1"
        " order by occurred_on desc, entry_id desc limit $2",
        dek.child_id,
        min(limit, PAGE_ENTRIES_MAX),
    )
    return [
        Entry(
            entry_id=row["entry_id"],
            event_id=row["event_id"],
            occurred_on=row["occurred_on"],
            received_at=row["received_at"],
            correction=row["correction"],
            corrected_by=row["corrected_by"],
            body=open_record(dek, row["sealed"], record=row["entry_id"].bytes, column=SEALED),
        )
        for row in rows
    ]
