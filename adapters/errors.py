"""Every way an adapter can fail, one class per thing a caller does differently."""

from dataclasses import dataclass
from typing import ClassVar

from schemas.errors import FullpictureError


class AdapterError(FullpictureError):
    """Anything that went wrong on the agency's side."""

    code: ClassVar[str] = "adapter"


class ConfigError(AdapterError):
    """A setting or key file is missing or wrong; the message says what to do."""

    code: ClassVar[str] = "adapter.config"


class FileRefusedError(AdapterError):
    """A whole file cannot be read; the message says what is wrong and what to do."""

    code: ClassVar[str] = "adapter.file_refused"


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row, and what to do. Never a value from the row."""

    row: int
    field: str
    wrong: str
    do: str


class RowRefusedError(AdapterError):
    """One row cannot be mapped; the others go on."""

    code: ClassVar[str] = "adapter.row_refused"

    def __init__(self, *errors: RowError) -> None:
        """Keep what is wrong, field by field."""
        super().__init__(f"{len(errors)} fields of a row are wrong")
        self.errors = errors


class TooLargeError(AdapterError):
    """An event is larger than a sealed body may be."""

    code: ClassVar[str] = "adapter.too_large"


class SpoolError(AdapterError):
    """The spool cannot be used: wrong file, or another process writes it."""

    code: ClassVar[str] = "adapter.spool"
