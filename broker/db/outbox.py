"""What must leave for Kafka, written in the transaction that decided it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from broker.db.pool import Connection

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One sealed message on its way out; the key is opaque or absent."""

    topic: str
    headers: Headers
    value: bytes
    key: bytes | None = None


async def put(connection: Connection, messages: Sequence[Outgoing]) -> None:
    """Add messages, in order."""
    if not messages:
        return
    await connection.execute(
        "insert into outbox (topic, key, headers, value)"
        " select t, k, h::jsonb, v"
        " from unnest($1::text[], $2::bytea[], $3::text[], $4::bytea[])"
        " with ordinality as x (t, k, h, v, n) order by n",
        [message.topic for message in messages],
        [message.key for message in messages],
        [_dump(message.headers) for message in messages],
        [message.value for message in messages],
    )


async def take(connection: Connection, *, limit: int) -> list[tuple[int, Outgoing]]:
    """Take the oldest messages under lock, passing over what another relay holds."""
    rows = await connection.fetch(
        "select seq, topic, key, headers::text as headers, value from outbox"
        " order by seq limit $1 for update skip locked",
        limit,
    )
    return [
        (
            row["seq"],
            Outgoing(
                topic=row["topic"],
                key=row["key"],
                headers=_load(row["headers"]),
                value=row["value"],
            ),
        )
        for row in rows
    ]


async def remove(connection: Connection, seqs: Sequence[int]) -> None:
    """Forget messages that Kafka has taken durably."""
    await connection.execute("delete from outbox where seq = any($1::bigint[])", list(seqs))


async def oldest_age_s(connection: Connection) -> float:
    """Tell how long the oldest message has waited, in seconds; 0 when none waits."""
    age = await connection.fetchval(
        "select extract(epoch from now() - min(created_at)) from outbox"
    )
    return float(age or 0)


def _dump(headers: Headers) -> str:
    return json.dumps(headers)


def _load(text: str) -> Headers:
    return tuple((name, value) for name, value in json.loads(text))
