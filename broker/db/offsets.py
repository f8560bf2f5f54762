"""How far each partition has been handled; the truth, of which Kafka's offset is a mirror.

Compare-and-set on `(next_offset, epoch)` is the first statement of every batch, so that a
worker that was stopped past its lease changes nothing when it wakes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.db.pool import Connection
from broker.errors import StaleAssignmentError


@dataclass(frozen=True, slots=True)
class Span:
    """A run of one partition's offsets: `first` handled first, `after` comes next."""

    topic: str
    partition: int
    first: int
    after: int
    epoch: int


async def take_over(
    connection: Connection, partitions: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """Begin a new epoch for each partition; return where to read on and the epoch."""
    rows = await connection.fetch(
        "insert into partition_offset as p (topic, partition, next_offset, epoch)"
        " select t, n, 0, 1 from unnest($1::text[], $2::int[]) as x (t, n)"
        " order by t, n"
        " on conflict (topic, partition) do update set epoch = p.epoch + 1"
        " returning topic, partition, next_offset, epoch",
        [topic for topic, _ in partitions],
        [number for _, number in partitions],
    )
    return {(r["topic"], r["partition"]): (r["next_offset"], r["epoch"]) for r in rows}


async def advance(connection: Connection, spans: Sequence[Span]) -> None:
    """Move each partition's offset on, if it still stands where this worker left it.

    Raises:
        StaleAssignmentError: At least one does not: roll back and change nothing.
    """
    status = await connection.execute(
        "update partition_offset as p set next_offset = x.after"
        " from (select * from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[],"
        " $5::bigint[]) as u (topic, partition, first, after, epoch)"
        " order by topic, partition) as x"
        " where p.topic = x.topic and p.partition = x.partition"
        " and p.next_offset = x.first and p.epoch = x.epoch",
        [span.topic for span in spans],
        [span.partition for span in spans],
        [span.first for span in spans],
        [span.after for span in spans],
        [span.epoch for span in spans],
    )
    if status != f"UPDATE {len(spans)}":
        msg = "the partition belongs to another worker"
        raise StaleAssignmentError(msg)


async def read(
    connection: Connection, partitions: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], tuple[int, int]]:
    """Tell the next offset and the epoch of partitions as they stand."""
    rows = await connection.fetch(
        "select topic, partition, next_offset, epoch from partition_offset"
        " join unnest($1::text[], $2::int[]) as x (topic, partition) using (topic, partition)",
        [topic for topic, _ in partitions],
        [number for _, number in partitions],
    )
    return {(r["topic"], r["partition"]): (r["next_offset"], r["epoch"]) for r in rows}


async def positions(connection: Connection) -> dict[tuple[str, int], int]:
    """Tell the next offset of every partition ever handled."""
    rows = await connection.fetch("select topic, partition, next_offset from partition_offset")
    return {(r["topic"], r["partition"]): r["next_offset"] for r in rows}
