"""What has been accepted, from whom, up to where; and what was quarantined."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from broker.db.pool import Connection
from broker.ids import new_id
from broker.intake.receive import Refused

GAP_WAIT_S = 120
"""Events of one adapter arrive interleaved over partitions: a gap is judged after this wait."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One source of one agency, and how fresh it is."""

    feed_id: int
    source: str
    agency: str
    last_event_age_s: float
    last_heartbeat_age_s: float | None
    gap_age_s: float | None


async def feeds_of(connection: Connection, sources: Mapping[str, str]) -> dict[str, int]:
    """Give each source its number, making it on first sight, and mark it as heard from.

    Args:
        connection: The batch's transaction.
        sources: The agency of each source.
    """
    if not sources:
        return {}
    rows = await connection.fetch(
        "insert into feed as f (source, agency)"
        " select s, a from unnest($1::text[], $2::text[]) as x (s, a) order by s"
        " on conflict (source) do update set last_event_at = now()"
        " returning source, feed_id",
        list(sources),
        list(sources.values()),
    )
    return {row["source"]: row["feed_id"] for row in rows}


async def heard(connection: Connection, feeds: Sequence[int]) -> None:
    """Mark heartbeats."""
    await connection.execute(
        "update feed set last_heartbeat_at = now() where feed_id = any($1::int[])", list(feeds)
    )


async def accept(
    connection: Connection, rows: Sequence[tuple[UUID, int, int, bytes, str]]
) -> set[tuple[UUID, int]]:
    """Take responsibility for events, once each.

    Args:
        connection: The batch's transaction.
        rows: Event id, feed, sequence, envelope digest, outcome.

    Returns:
        The `(event id, feed)` pairs seen for the first time.
    """
    fresh = await connection.fetch(
        "insert into accepted (event_id, feed_id, sequence, digest, outcome)"
        " select * from unnest($1::uuid[], $2::int[], $3::bigint[], $4::bytea[], $5::text[])"
        " on conflict do nothing returning event_id, feed_id",
        *(list(column) for column in zip(*rows, strict=True)),
    )
    return {(row["event_id"], row["feed_id"]) for row in fresh}


async def outcomes(
    connection: Connection, events: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], str]:
    """Tell what became of events accepted before."""
    rows = await connection.fetch(
        "select event_id, feed_id, outcome from accepted join unnest($1::uuid[], $2::int[])"
        " as x (event_id, feed_id) using (event_id, feed_id)",
        [event for event, _ in events],
        [feed for _, feed in events],
    )
    return {(row["event_id"], row["feed_id"]): row["outcome"] for row in rows}


async def settle(connection: Connection, held: Sequence[tuple[UUID, int]]) -> None:
    """Mark events that wait for a person."""
    if held:
        await connection.execute(
            "update accepted as a set outcome = 'held'"
            " from unnest($1::uuid[], $2::int[]) as x (event_id, feed_id)"
            " where a.event_id = x.event_id and a.feed_id = x.feed_id",
            [event for event, _ in held],
            [feed for _, feed in held],
        )


async def quarantine(connection: Connection, refused: Sequence[Refused]) -> None:
    """Keep records that can never be handled, exactly as they came."""
    if not refused:
        return
    await connection.executemany(
        "insert into quarantine (quarantine_id, topic, partition, kafka_offset, headers, key,"
        " value, reason, agency, event_id)"
        " values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10) on conflict do nothing",
        [
            (
                new_id(),
                item.raw.topic,
                item.raw.partition,
                item.raw.offset,
                json.dumps([[n, base64.b64encode(v).decode()] for n, v in item.raw.headers]),
                item.raw.key,
                item.raw.value,
                item.reason.value,
                item.agency,
                item.envelope.id if item.envelope else None,
            )
            for item in refused
        ],
    )


async def release(connection: Connection, quarantine_id: UUID, event_id: UUID) -> None:
    """Let a quarantined record come in again: it is no longer known as refused."""
    await connection.execute(
        "update quarantine set state = 'replayed' where quarantine_id = $1", quarantine_id
    )
    await connection.execute(
        "delete from accepted where event_id = $1 and outcome = 'quarantined'", event_id
    )


async def feeds(connection: Connection) -> list[Feed]:
    """List every feed with its age and any gap that has outlasted the wait."""
    await connection.execute(_ADVANCE)
    await connection.execute(_MARK_GAPS)
    rows = await connection.fetch(
        "select feed_id, source, agency, extract(epoch from now() - last_event_at) as event_age,"
        " extract(epoch from now() - last_heartbeat_at) as heartbeat_age,"
        " extract(epoch from now() - gap_since) as gap_age from feed order by feed_id"
    )
    return [
        Feed(
            feed_id=row["feed_id"],
            source=row["source"],
            agency=row["agency"],
            last_event_age_s=float(row["event_age"]),
            last_heartbeat_age_s=_float(row["heartbeat_age"]),
            gap_age_s=age if (age := _float(row["gap_age"])) and age > GAP_WAIT_S else None,
        )
        for row in rows
    ]


_ADVANCE = (
    "update feed as f set contiguous = x.reached from ("
    " select f2.feed_id, max(a.sequence) as reached from feed f2 join lateral ("
    "  select sequence, row_number() over (order by sequence) as n from accepted"
    "  where feed_id = f2.feed_id and sequence > f2.contiguous) a"
    "  on a.sequence = f2.contiguous + a.n group by f2.feed_id) x"
    " where f.feed_id = x.feed_id"
)
_MARK_GAPS = (
    "update feed as f set gap_since = case when exists ("
    " select 1 from accepted a where a.feed_id = f.feed_id and a.sequence > f.contiguous)"
    " then coalesce(f.gap_since, now()) end"
)


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
