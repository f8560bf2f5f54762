"""What a source format is: rows in, events out, both pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from adapters.errors import RowError
from schemas.event import ConcernEvent

FILE_BYTES_MAX = 64 * 1024 * 1024
ROWS_MAX = 200_000
CELL_LENGTH_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file, as its format reads it. `row` counts from 1 after any header."""

    row: int
    fields: Mapping[str, str] = field(repr=False)
    parts: object = field(default=None, repr=False)
    """What a format that is not flat carries to its own mapping (a message, an element)."""


@dataclass(frozen=True, slots=True)
class MappingContext:
    """What a mapping is handed because it may not fetch it: who, when, and new ids."""

    agency: str
    la_code: str | None
    recorded_at: datetime
    new_id: Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The source takes a record back: the event of that record, of that type, is retracted."""

    event: ConcernEvent = field(repr=False)
    """The record said again, as it was; its id is new, and the spool fills `retracts`."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that rightly sends nothing: an adult's, or one within every threshold."""

    row: int
    why: str


Mapped = ConcernEvent | Withdrawal | Skipped


class SourceFormat(Protocol):
    """One file format of one sector."""

    name: ClassVar[str]
    sector: ClassVar[str]

    def recognises(self, name: str, data: bytes) -> bool:
        """Tell whether a file, by name and content, is of this format."""
        ...

    def read(self, data: bytes) -> Iterator[Record | RowError]:
        """Read rows.

        Raises:
            FileRefusedError: The file is not readable as this format at all.
        """
        ...

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """Turn one row into events.

        Raises:
            RowRefusedError: The row is wrong; each wrong field with what to do.
        """
        ...
