"""Where children are found and made: blind keys in, sealed claims out."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from broker.db.pool import Connection
from broker.identity.known import KnownAs
from broker.keys.keyring import Keyring, WrappedDek
from broker.keys.record import SALT_BYTES, Dek, open_record, seal_record

KNOWN_AS = "child.known_as"
PICTURE = "child.picture"
CANDIDATES_PER_KEY_MAX = 50
"""A key shared by more children than this says nothing; it is counted, never silently cut."""
LOCK_BUCKETS = 1024
"""Advisory locks on match keys fall into this many, so that a batch cannot exhaust the table."""
LOCK_SPACE = 7301


@dataclass(frozen=True, slots=True)
class Child:
    """A child's row, opened. `picture` stays as bytes: its room reads it."""

    child_id: UUID
    subject: UUID
    dek: Dek = field(repr=False)
    known: KnownAs = field(repr=False)
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewChild:
    """A child made in this transaction."""

    child_id: UUID
    subject: UUID
    dek: Dek = field(repr=False)
    wrapped: WrappedDek = field(repr=False)
    provisional: bool
    known: KnownAs = field(repr=False)
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Review:
    """An event a person must place, and between whom."""

    review_id: UUID
    child_id: UUID
    event_id: UUID
    reason: str
    candidates: tuple[UUID, ...]
    la_code: str | None
    opened_at: datetime


async def lock_keys(connection: Connection, keys: Iterable[bytes]) -> None:
    """Take turns with any other worker that looks for, or makes, the same unknown child.

    Held to the end of the transaction; taken in order, so that nobody waits in a ring.
    """
    buckets = sorted({int.from_bytes(key[:4], "big") % LOCK_BUCKETS for key in keys})
    await connection.execute(
        "select pg_advisory_xact_lock($1, bucket) from unnest($2::int[]) as bucket",
        LOCK_SPACE,
        buckets,
    )


async def find(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, list[UUID]]:
    """Find who is filed under each key: one round trip for a whole batch."""
    rows = await connection.fetch(
        "select k.key, m.child_id from unnest($1::bytea[]) as k (key)"
        " cross join lateral (select child_id from match_key where key = k.key limit $2) as m",
        list(keys),
        CANDIDATES_PER_KEY_MAX + 1,
    )
    found: dict[bytes, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["key"], []).append(row["child_id"])
    return found


_LOAD = (
    "select child_id, subject_ref, dek, dek_version, known_as, picture from child"
    " where child_id = any($1::uuid[]) and standing = 'confirmed' order by child_id"
)
_LOAD_FOR_CHANGE = f"{_LOAD} for update"


async def load(
    connection: Connection, children: Iterable[UUID], *, keyring: Keyring, for_change: bool
) -> dict[UUID, Child]:
    """Open children's rows; for change, locked in the order of their ids.

    Raises:
        IntegrityError: A row was changed or swapped.
    """
    rows = await connection.fetch(_LOAD_FOR_CHANGE if for_change else _LOAD, sorted(children))
    deks = await keyring.open(
        WrappedDek(row["child_id"], row["dek_version"], row["dek"]) for row in rows
    )
    return {row["child_id"]: _opened(row, deks[row["child_id"]]) for row in rows}


def _opened(row: asyncpg.Record, dek: Dek) -> Child:
    record = row["child_id"].bytes
    return Child(
        child_id=row["child_id"],
        subject=row["subject_ref"],
        dek=dek,
        known=KnownAs.from_bytes(open_record(dek, row["known_as"], record=record, column=KNOWN_AS)),
        picture=open_record(dek, row["picture"], record=record, column=PICTURE),
    )


async def add(connection: Connection, children: Sequence[NewChild]) -> None:
    """Make children."""
    if not children:
        return
    await connection.execute(
        "insert into child (child_id, subject_ref, standing, dek, dek_version, known_as, picture)"
        " select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::int[],"
        " $6::bytea[], $7::bytea[])",
        [child.child_id for child in children],
        [child.subject for child in children],
        ["provisional" if child.provisional else "confirmed" for child in children],
        [child.wrapped.wrapped for child in children],
        [child.wrapped.version for child in children],
        [_seal(child.dek, child.known.to_bytes(), KNOWN_AS) for child in children],
        [_seal(child.dek, child.picture, PICTURE) for child in children],
    )


async def change(connection: Connection, pictures: Sequence[tuple[Dek, bytes]]) -> None:
    """Write children's new pictures."""
    if not pictures:
        return
    await connection.execute(
        "update child as c set picture = x.picture"
        " from unnest($1::uuid[], $2::bytea[]) as x (child_id, picture)"
        " where c.child_id = x.child_id",
        [dek.child_id for dek, _ in pictures],
        [_seal(dek, picture, PICTURE) for dek, picture in pictures],
    )


async def learn(connection: Connection, known: Sequence[tuple[Dek, KnownAs]]) -> None:
    """Write what children are known as, where an event said something new."""
    if not known:
        return
    await connection.execute(
        "update child as c set known_as = x.known_as"
        " from unnest($1::uuid[], $2::bytea[]) as x (child_id, known_as)"
        " where c.child_id = x.child_id",
        [dek.child_id for dek, _ in known],
        [_seal(dek, value.to_bytes(), KNOWN_AS) for dek, value in known],
    )


async def file_under(connection: Connection, keys: Sequence[tuple[bytes, UUID]]) -> None:
    """File children under keys; a key already held changes nothing."""
    if not keys:
        return
    await connection.execute(
        "insert into match_key (key, child_id)"
        " select * from unnest($1::bytea[], $2::uuid[]) on conflict do nothing",
        [key for key, _ in keys],
        [child for _, child in keys],
    )


async def ask(connection: Connection, reviews: Sequence[Review]) -> None:
    """Put events before a person."""
    for review in reviews:
        await connection.execute(
            "insert into review (review_id, child_id, event_id, reason, candidates, la_code,"
            " opened_at) values ($1, $2, $3, $4, $5, $6, $7)",
            review.review_id,
            review.child_id,
            review.event_id,
            review.reason,
            list(review.candidates),
            review.la_code,
            review.opened_at,
        )


async def waiting(connection: Connection) -> tuple[int, float]:
    """Count the events that wait for a person, and the age of the oldest in seconds."""
    row = await connection.fetchrow(
        "select count(*) as n, coalesce(extract(epoch from now() - min(opened_at)), 0) as age"
        " from review where decided_at is null"
    )
    return (row["n"], float(row["age"])) if row else (0, 0.0)


def _seal(dek: Dek, plaintext: bytes, column: str) -> bytes:
    return seal_record(
        dek, plaintext, record=dek.child_id.bytes, column=column, salt=os.urandom(SALT_BYTES)
    )
