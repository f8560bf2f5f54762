"""Dates as far as a source knows them, and moments with their precision."""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import core_schema

_TEXT = re.compile(r"^([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?$")
PATTERN = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"


class Precision(StrEnum):
    """How exactly a moment is known; a time is never invented."""

    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A year, a year and month, or a whole date; written `2019`, `2019-05`, `2019-05-17`."""

    year: int = field(repr=False)
    month: int | None = field(default=None, repr=False)
    day: int | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> "PartialDate":
        """Read the written form.

        Raises:
            ValueError: It is not one, or no such day exists; the value is not quoted.
        """
        match = _TEXT.match(text)
        if not match:
            msg = "a date is YYYY, YYYY-MM or YYYY-MM-DD"
            raise ValueError(msg)
        year, month, day = (int(part) if part else None for part in match.groups())
        parsed = cls(year or 0, month, day)
        try:
            date(parsed.year, parsed.month or 1, parsed.day or 1)
        except ValueError:
            msg = "there is no such day"
            raise ValueError(msg) from None
        return parsed

    def __str__(self) -> str:
        """Write the form that `parse` reads."""
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
        if self.day is not None:
            text += f"-{self.day:02d}"
        return text

    @property
    def precision(self) -> Precision:
        """How much of the date is known."""
        if self.day is not None:
            return Precision.DAY
        return Precision.YEAR if self.month is None else Precision.MONTH

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate from and serialise to the written form."""
        from_text = core_schema.no_info_after_validator_function(
            cls.parse, core_schema.str_schema(pattern=PATTERN, max_length=10)
        )
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema(
                [core_schema.is_instance_schema(cls), from_text]
            ),
            serialization=core_schema.to_string_ser_schema(),
        )


class Occurred(BaseModel):
    """When something happened, and how exactly that is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    at: AwareDatetime
    precision: Precision = Precision.MINUTE

    @property
    def written(self) -> str:
        """Write as much as is known and no more; never a midnight nobody reported."""
        lengths = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10, Precision.MINUTE: 16}
        return self.at.isoformat()[: lengths[self.precision]].replace("T", " ")
