"""The durable spool: what is published stands here until a receipt says what became of it.

One SQLite file, every commit on disk before it returns. A sequence number, the digest
chain and the sealed bytes are written together, so that a kill at any point leaves either
nothing or the whole event. Only sealed bytes are kept: no second copy of a record.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from adapters.errors import SpoolError
from schemas.envelope import Envelope

FIRST_SEQUENCE = 1
START = bytes(32)
BUSY_TIMEOUT_S = 10
RESEND_S_MAX = 600.0

_SCHEMA = """
create table if not exists outgoing (
    sequence    integer primary key,
    event_id    text not null unique,
    topic       text not null,
    key         blob not null,
    headers     text not null,
    value       blob not null,
    digest      blob not null,
    fingerprint blob not null unique,
    record      blob not null,
    kind        text not null,
    state       text not null default 'waiting',
    reason      text,
    attempts    integer not null default 0,
    next_at     real not null default 0,
    created_at  real not null
);
create index if not exists outgoing_due on outgoing (next_at)
    where state in ('waiting', 'sent');
create index if not exists outgoing_record on outgoing (record, kind, sequence);
create table if not exists inbox (
    message_id text primary key,
    headers    text not null,
    value      blob not null,
    at         real not null
);
"""


class State(StrEnum):
    """Where an event stands on the agency's side."""

    WAITING = "waiting"
    SENT = "sent"
    PLACED = "placed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Place:
    """What the next event must carry: its sequence and the digest of the one before."""

    sequence: int
    prev: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """A sealed event to send, or to send again."""

    event_id: UUID
    topic: str
    key: bytes = field(repr=False)
    headers: list[tuple[str, bytes]] = field(repr=False)
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """An event that nobody has receipted."""

    event_id: UUID
    sequence: int
    state: str
    attempts: int
    age_s: float


class Spool:
    """One agency's spool. One process writes it; readers may look."""

    def __init__(self, path: Path) -> None:
        """Open, making it the first time.

        Raises:
            SpoolError: The file is not a spool, or cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
            self._db.execute("pragma journal_mode=wal")
            self._db.execute("pragma synchronous=full")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error:
            msg = f"the spool {path.name} cannot be opened: check the path and free space"
            raise SpoolError(msg) from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def find(self, fingerprint: bytes) -> UUID | None:
        """Find an event already spooled from the same words."""
        row = self._db.execute(
            "select event_id from outgoing where fingerprint = ?", (fingerprint,)
        ).fetchone()
        return UUID(row[0]) if row else None

    def last_of(self, record: bytes, kind: str) -> UUID | None:
        """Find the last event of a source record and type."""
        row = self._db.execute(
            "select event_id from outgoing where record = ? and kind = ?"
            " order by sequence desc limit 1",
            (record, kind),
        ).fetchone()
        return UUID(row[0]) if row else None

    def add(
        self,
        seal: Callable[[Place], Envelope],
        *,
        topic: str,
        key: bytes,
        fingerprint: bytes,
        record: bytes,
        kind: str,
        at: float,
    ) -> UUID:
        """Take the next sequence number, seal, and keep: all of it durably, or nothing.

        Args:
            seal: Seals the event into the place it is given.
            topic: Where it will be sent.
            key: The opaque Kafka key.
            fingerprint: Hash of what the event says.
            record: Hash of the source record's number.
            kind: The event's type.
            at: Now, in seconds.
        """
        self._db.execute("begin immediate")
        try:
            row = self._db.execute(
                "select sequence, digest from outgoing order by sequence desc limit 1"
            ).fetchone()
            place = Place(row[0] + 1, row[1]) if row else Place(FIRST_SEQUENCE, START)
            envelope = seal(place)
            self._db.execute(
                "insert into outgoing (sequence, event_id, topic, key, headers, value, digest,"
                " fingerprint, record, kind, created_at) values (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    place.sequence,
                    str(envelope.id),
                    topic,
                    key,
                    json.dumps([[n, v.decode()] for n, v in envelope.headers()]),
                    envelope.value,
                    envelope.digest(),
                    fingerprint,
                    record,
                    kind,
                    at,
                ),
            )
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise
        return envelope.id

    def last_sequence(self) -> int:
        """Tell the highest sequence number given."""
        row = self._db.execute("select max(sequence) from outgoing").fetchone()
        return int(row[0] or 0)

    def due(self, *, now: float, limit: int) -> list[Due]:
        """Give events to send: never sent, or without a receipt for too long."""
        rows = self._db.execute(
            "select event_id, topic, key, headers, value from outgoing"
            " where state in ('waiting', 'sent') and next_at <= ? order by sequence limit ?",
            (now, limit),
        ).fetchall()
        return [
            Due(UUID(i), topic, key, [(n, v.encode()) for n, v in json.loads(headers)], value)
            for i, topic, key, headers, value in rows
        ]

    def sent(self, events: Sequence[UUID], *, now: float, receipt_wait_s: float) -> None:
        """Mark events as taken by Kafka; each waits longer for its receipt than before."""
        self._change(
            "update outgoing set state = 'sent', attempts = attempts + 1,"
            " next_at = ? + min(?, ? * (1 << min(attempts, 10)))"
            " where event_id = ? and state in ('waiting', 'sent')",
            [(now, RESEND_S_MAX, receipt_wait_s, str(event)) for event in events],
        )

    def settle(self, receipts: Sequence[tuple[UUID, State, str | None]]) -> None:
        """Apply receipts."""
        self._change(
            "update outgoing set state = ?, reason = ? where event_id = ?",
            [(state.value, reason, str(event)) for event, state, reason in receipts],
        )

    def keep(self, messages: Sequence[tuple[UUID, list[tuple[str, bytes]], bytes]]) -> None:
        """Keep alerts sealed to this agency, once each."""
        self._change(
            "insert or ignore into inbox (message_id, headers, value, at)"
            " values (?, ?, ?, unixepoch())",
            [
                (str(message), json.dumps([[n, v.decode()] for n, v in headers]), value)
                for message, headers, value in messages
            ],
        )

    def inbox(self) -> list[Envelope]:
        """Give the alerts kept, oldest first, still sealed."""
        rows = self._db.execute("select headers, value from inbox order by message_id").fetchall()
        return [
            Envelope.parse([(n, v.encode()) for n, v in json.loads(headers)], value)
            for headers, value in rows
        ]

    def counts(self) -> dict[str, int]:
        """Count events by state."""
        rows = self._db.execute("select state, count(*) from outgoing group by state").fetchall()
        return {state.value: 0 for state in State} | dict(rows)

    def quarantined(self) -> list[tuple[UUID, str]]:
        """List what was quarantined, and why."""
        rows = self._db.execute(
            "select event_id, reason from outgoing where state = 'quarantined' order by sequence"
        ).fetchall()
        return [(UUID(event), reason or "") for event, reason in rows]

    def undelivered(self, *, now: float, older_than_s: float) -> list[Undelivered]:
        """List events without a receipt for longer than a person should accept."""
        rows = self._db.execute(
            "select event_id, sequence, state, attempts, ? - created_at from outgoing"
            " where state in ('waiting', 'sent') and created_at <= ? order by sequence",
            (now, now - older_than_s),
        ).fetchall()
        return [Undelivered(UUID(row[0]), *row[1:]) for row in rows]

    def _change(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not rows:
            return
        self._db.execute("begin immediate")
        try:
            self._db.executemany(sql, rows)
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise
