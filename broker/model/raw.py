"""A Kafka record as it came, before anything is believed of it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RawRecord:
    """Bytes and where they stood. Headers may be anything a stranger can write."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes], ...] = field(repr=False)
    value: bytes = field(repr=False)
