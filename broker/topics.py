"""The one list of topics, and who may write and read each; pure.

Everything that makes, checks, grants or charts a topic reads it here. Names say the
sector and nothing about a child; keys are opaque hashes (`schemas.envelope`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

DAY_MS = 24 * 60 * 60 * 1000
CONCERNS_RETENTION_MS = 7 * DAY_MS
"""Ingress keys are destroyed a day after this (security design 2.1)."""
OUTWARD_RETENTION_MS = 14 * DAY_MS
MESSAGE_BYTES_MAX = 64 * 1024
"""A sealed body is at most 16 KiB plus headers; a batch receipt is the largest message."""

SECTORS = ("police", "health", "education", "social_care")
CONCERNS_PREFIX = "concerns."
ALERTS = "alerts"
RECEIPTS = "receipts"
QUARANTINE = "quarantine"

CORRELATE_GROUP = "correlate"


def concerns_topic(sector: str) -> str:
    """Name the ingress topic of a sector."""
    return f"{CONCERNS_PREFIX}{sector}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it must exist: name, partitions, configuration of Kafka's own keys."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


def _topic(name: str, *, partitions: int, retention_ms: int) -> Topic:
    return Topic(
        name=name,
        partitions=partitions,
        config={
            "cleanup.policy": "delete",
            "retention.ms": str(retention_ms),
            "max.message.bytes": str(MESSAGE_BYTES_MAX),
        },
    )


TOPICS: tuple[Topic, ...] = (
    *(
        _topic(concerns_topic(sector), partitions=6, retention_ms=CONCERNS_RETENTION_MS)
        for sector in SECTORS
    ),
    _topic(ALERTS, partitions=3, retention_ms=OUTWARD_RETENTION_MS),
    _topic(RECEIPTS, partitions=3, retention_ms=OUTWARD_RETENTION_MS),
    _topic(QUARANTINE, partitions=1, retention_ms=OUTWARD_RETENTION_MS),
)

Operation = Literal["READ", "WRITE", "DESCRIBE"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One thing one principal may do; whatever is not granted is refused."""

    principal: str
    operation: Operation
    resource: Literal["topic", "group"]
    name: str
    prefixed: bool = False


def group_of(agency: str) -> str:
    """Name the consumer group under which an agency reads its receipts and alerts."""
    return f"agency-{agency}"


def grants(agencies: Iterable[tuple[str, str]]) -> tuple[Grant, ...]:
    """List every grant: `(agency, sector)` pairs in, the broker's own roles added.

    An agency writes its own sector's topic and reads receipts and alerts, in which only
    those sealed to it open for it. The relay alone writes outward.
    """
    rows: list[Grant] = []
    for agency, sector in agencies:
        rows += _may_write(agency, concerns_topic(sector))
        rows += [*_may_read(agency, RECEIPTS), *_may_read(agency, ALERTS)]
        rows.append(Grant(agency, "READ", "group", group_of(agency), prefixed=True))
    rows += _may_read("correlate", CONCERNS_PREFIX, prefixed=True)
    rows.append(Grant("correlate", "READ", "group", CORRELATE_GROUP))
    for name in (ALERTS, RECEIPTS, QUARANTINE):
        rows += _may_write("relay", name)
    return tuple(rows)


def _may_write(principal: str, topic: str) -> list[Grant]:
    return [
        Grant(principal, "WRITE", "topic", topic),
        Grant(principal, "DESCRIBE", "topic", topic),
    ]


def _may_read(principal: str, topic: str, *, prefixed: bool = False) -> list[Grant]:
    return [
        Grant(principal, "READ", "topic", topic, prefixed=prefixed),
        Grant(principal, "DESCRIBE", "topic", topic, prefixed=prefixed),
    ]
