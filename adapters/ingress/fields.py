"""Read a row's fields into checked values, collecting what is wrong with each.

A mapping asks for every field first and builds its event after `done`, so that one report
names all that is wrong with a row. No message ever quotes a cell.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from adapters.errors import RowError, RowRefusedError
from schemas.errors import InvalidIdentifierError
from schemas.identifiers import parse_la_code, parse_nhs_number, parse_postcode, parse_upn
from schemas.times import Occurred, PartialDate, Precision

LONDON = ZoneInfo("Europe/London")
_BRITISH = re.compile(r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$")
_ISO = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")
_MOMENT = re.compile(r"^(\S+)[ T](\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")
_YES = frozenset({"y", "yes", "true", "1"})
_NO = frozenset({"n", "no", "false", "0"})

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


class Fields:
    """One row being read."""

    def __init__(self, row: int, values: Mapping[str, str]) -> None:
        self._row = row
        self._values = values
        self._errors: list[RowError] = []

    def wrong(self, name: str, wrong: str, do: str) -> None:
        """Note what is wrong with a field."""
        self._errors.append(RowError(self._row, name, wrong, do))

    def done(self) -> None:
        """Stop here if anything was wrong.

        Raises:
            RowRefusedError: Something was.
        """
        if self._errors:
            raise RowRefusedError(*self._errors)

    def build(self, make: Callable[[], _T]) -> _T:
        """Build the event, naming the fields of the contract it does not keep.

        Raises:
            RowRefusedError: The event does not fit the contract.
        """
        self.done()
        try:
            return make()
        except ValidationError as error:
            for item in error.errors(include_input=False, include_context=False, include_url=False):
                name = ".".join(str(part) for part in item["loc"][:3])
                self.wrong(name, f"does not fit the contract ({item['type']})", "correct it")
        # Not chained: pydantic's error quotes the input, which is about a child.
        raise RowRefusedError(*self._errors)

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A text, stripped; None when empty."""
        value = self._values.get(name, "").strip()
        if not value and required:
            self.wrong(name, "is empty", "fill it in")
        return value or None

    def needed(self, name: str) -> str:
        """A text that must be there."""
        return self.text(name, required=True) or ""

    def checked(self, name: str, parse: Callable[[str], str]) -> str | None:
        """An identifier, by its own parser."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return parse(value)
        except InvalidIdentifierError as error:
            self.wrong(name, str(error), "check it at the source, or leave it empty")
            return None

    def nhs_number(self, name: str) -> str | None:
        """An NHS number."""
        return self.checked(name, parse_nhs_number)

    def upn(self, name: str) -> str | None:
        """A unique pupil number."""
        return self.checked(name, parse_upn)

    def postcode(self, name: str) -> str | None:
        """A postcode."""
        return self.checked(name, parse_postcode)

    def la_code(self, name: str) -> str | None:
        """A local authority's code."""
        return self.checked(name, parse_la_code)

    def born(self, name: str) -> PartialDate | None:
        """A date of birth as far as it is known."""
        value = self.text(name)
        return None if value is None else self._try(name, _partial, value)

    def day(self, name: str) -> date | None:
        """A whole date."""
        value = self.text(name)
        partial = None if value is None else self._try(name, _partial, value)
        if partial is None:
            return None
        if partial.month is None or partial.day is None:
            self.wrong(name, "is not a whole date", "write it as DD/MM/YYYY")
            return None
        return date(partial.year, partial.month, partial.day)

    def occurred(self, name: str, time_name: str | None = None) -> Occurred | None:
        """When it happened; local times are Europe/London's, and none is invented."""
        value = self.needed(name)
        clock = self.text(time_name) if time_name else None
        if not value:
            return None
        return self._try(name, moment, f"{value} {clock}" if clock else value)

    def flag(self, name: str) -> bool | None:
        """Yes or no; None when empty."""
        value = (self.text(name) or "").lower()
        if value and value not in _YES | _NO:
            self.wrong(name, "is neither yes nor no", "write Y or N")
        return value in _YES if value else None

    def number(self, name: str) -> int | None:
        """A whole number; None when empty."""
        value = self.text(name)
        return None if value is None else self._try(name, _whole, value)

    def choice(self, name: str, kind: type[_E], *, required: bool = False) -> _E | None:
        """One word of a closed list."""
        value = self.text(name, required=required)
        return None if value is None else self._word(name, kind, value)

    def choices(self, name: str, kind: type[_E]) -> tuple[_E, ...]:
        """Words of a closed list, separated by semicolons."""
        words = [word for word in (self.text(name) or "").split(";") if word.strip()]
        found = [self._word(name, kind, word) for word in words]
        return tuple(dict.fromkeys(word for word in found if word is not None))

    def several(self, name: str) -> Sequence[str]:
        """Texts separated by semicolons."""
        return [part.strip() for part in (self.text(name) or "").split(";") if part.strip()]

    def _word(self, name: str, kind: type[_E], value: str) -> _E | None:
        word = value.strip().lower().replace(" ", "_").replace("-", "_")
        for member in kind:
            if word in {member.value.lower(), member.name.lower()}:
                return member
        self.wrong(name, "is not a word of the list", f"use one of: {', '.join(kind)}")
        return None

    def _try(self, name: str, parse: Callable[[str], _T], value: str) -> _T | None:
        try:
            return parse(value)
        except ValueError as error:
            self.wrong(name, str(error), "correct it at the source")
            return None


def moment(text: str) -> Occurred:
    """Read a date, or a date and a time.

    Raises:
        ValueError: It is neither, or the clocks went forward over it.
    """
    match = _MOMENT.match(text.strip())
    if match is None:
        partial = _partial(text.strip())
        start = datetime(partial.year, partial.month or 1, partial.day or 1, tzinfo=LONDON)
        return Occurred(at=start, precision=partial.precision)
    day_text, hour, minute, zone = match.groups()
    partial = _partial(day_text)
    if partial.precision is not Precision.DAY or int(hour) > 23 or int(minute) > 59:  # noqa: PLR2004
        msg = "is not a date and time"
        raise ValueError(msg)
    day = date(partial.year, partial.month or 1, partial.day or 1)
    if zone:
        iso = f"{day.isoformat()}T{int(hour):02d}:{minute}:00{zone.replace('Z', '+00:00')}"
        return Occurred(at=datetime.fromisoformat(iso))
    local = datetime.combine(day, time(int(hour), int(minute)), LONDON)
    if local.astimezone(UTC).astimezone(LONDON).time() != local.time():
        msg = "is a time that day did not have: the clocks went forward over it"
        raise ValueError(msg)
    return Occurred(at=local)


def _partial(text: str) -> PartialDate:
    british = _BRITISH.match(text)
    if british:
        day, month, year = british.groups()
        return PartialDate.parse(f"{year}-{int(month):02d}-{int(day):02d}")
    if _ISO.match(text):
        return PartialDate.parse(text)
    msg = "is not a date (DD/MM/YYYY or YYYY-MM-DD)"
    raise ValueError(msg)


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        msg = "is not a whole number"
        raise ValueError(msg)
    return int(text)
