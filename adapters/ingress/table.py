"""CSV as people export it: any of three separators, with or without a byte order mark."""

import csv
import io
from collections.abc import Iterator

from adapters.errors import FileRefusedError, RowError
from adapters.ingress.record import CELL_LENGTH_MAX, FILE_BYTES_MAX, ROWS_MAX, Record

_SEPARATORS = ",;\t"


def header_of(data: bytes) -> tuple[str, ...]:
    """Read the column names, in lower case; empty when there is no readable header."""
    first = data[:8192].split(b"\n", 1)[0]
    text = _text(first).strip("\r")
    names = next(csv.reader([text], delimiter=_separator(text)), [])
    return tuple(name.strip().lower() for name in names)


def rows(data: bytes, *, required: tuple[str, ...]) -> Iterator[Record | RowError]:
    """Read rows by column name.

    Args:
        data: The file.
        required: Columns that must be there, in lower case.

    Raises:
        FileRefusedError: It is too large, not text, or lacks a column.
    """
    if len(data) > FILE_BYTES_MAX:
        msg = f"the file is over {FILE_BYTES_MAX // 2**20} MB: split it"
        raise FileRefusedError(msg)
    if b"\x00" in data:
        msg = "the file is not text: export it as CSV again"
        raise FileRefusedError(msg)
    columns = header_of(data)
    missing = [name for name in required if name not in columns]
    if missing:
        msg = f"these columns are missing: {', '.join(missing)}; add them to the export"
        raise FileRefusedError(msg)
    text = _text(data)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_separator(text.split("\n", 1)[0]), strict=False
    )
    return _read(reader, columns)


def _read(reader: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[Record | RowError]:
    number = 0
    try:
        next(reader, None)
        for cells in reader:
            number += 1
            if number > ROWS_MAX:
                yield RowError(number, "", f"is past row {ROWS_MAX}", "split the file")
                return
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(columns):
                yield RowError(number, "", "has more cells than the header", "check separators")
            elif any(len(cell) > CELL_LENGTH_MAX for cell in cells):
                yield RowError(number, "", f"has a cell over {CELL_LENGTH_MAX}", "shorten it")
            else:
                yield Record(number, dict(zip(columns, cells, strict=False)))
    except csv.Error:
        yield RowError(number + 1, "", "cannot be read: a quotation mark is open", "close it")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Windows calls ANSI; every byte has a meaning in Latin-1.
        return data.decode("latin-1")


def _separator(header: str) -> str:
    return max(_SEPARATORS, key=header.count)
