"""What was quarantined: listed for a person, and tried again when its cause is gone."""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from broker.correlate import Journey, again
from broker.db.pool import Connection, transaction
from broker.errors import SettingsError
from broker.model.raw import RawRecord

LISTED_MAX = 500


@dataclass(frozen=True, slots=True)
class Held:
    """One record, with its sealed bytes."""

    quarantine_id: UUID
    topic: str
    partition: int
    offset: int
    headers: str = field(repr=False)
    key: bytes | None = field(repr=False)
    value: bytes = field(repr=False)
    reason: str
    agency: str | None
    event_id: UUID | None
    at: datetime

    def public(self) -> dict[str, object]:
        """What may be shown: places, codes and sizes."""
        return {
            "id": str(self.quarantine_id),
            "reason": self.reason,
            "agency": self.agency,
            "event_id": str(self.event_id) if self.event_id else None,
            "where": f"{self.topic}/{self.partition}/{self.offset}",
            "at": self.at.isoformat(),
            "bytes": len(self.value),
        }

    def header_names(self) -> list[str]:
        """The names of its headers that are ours; a stranger's could hold anything."""
        return [name for name, _ in json.loads(self.headers) if name.startswith("ce_")]

    def raw(self) -> RawRecord:
        """The record as it came."""
        return RawRecord(
            topic=self.topic,
            partition=self.partition,
            offset=self.offset,
            timestamp_ms=int(self.at.timestamp() * 1000),
            key=self.key,
            headers=tuple(
                (name, base64.b64decode(value)) for name, value in json.loads(self.headers)
            ),
            value=self.value,
        )


async def listed(connection: Connection) -> list[Held]:
    """List what is held, oldest first."""
    rows = await connection.fetch(
        "select quarantine_id, topic, partition, kafka_offset as offset, headers::text as headers,"
        " key, value, reason, agency, event_id, at from quarantine where state = 'held'"
        " order by at limit $1",
        LISTED_MAX,
    )
    return [Held(**dict(row)) for row in rows]


async def one(connection: Connection, quarantine_id: UUID) -> Held:
    """Find one record.

    Raises:
        SettingsError: There is none of that id.
    """
    found = [row for row in await listed(connection) if row.quarantine_id == quarantine_id]
    if not found:
        msg = "nothing is held under that id: see `fullpicture quarantine list`"
        raise SettingsError(msg)
    return found[0]


async def replay(journey: Journey, reason: str) -> tuple[int, int]:
    """Try every held record of a reason again; return how many were handled, and not."""
    async with transaction(journey.pool) as tx:
        rows = [row for row in await listed(tx) if row.reason == reason]
    handled = 0
    for row in rows:
        handled += await again(journey, row.raw(), row.quarantine_id)
    return handled, len(rows) - handled
