"""HL7 v2 messages from files: framed or not, batched or not, in the characters they declare.

Parsing, separators and escapes are the `hl7` library's. A message is one row; segments
are found by name, so that their order does not matter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import hl7

from adapters.errors import FileRefusedError, RowError
from adapters.ingress.record import FILE_BYTES_MAX, ROWS_MAX, Record

SEGMENTS_MAX = 200
_CHARSETS = {"UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "8859/1": "latin-1", "8859/15": "latin9"}
_WRAPPERS = (b"FHS", b"BHS", b"BTS", b"FTS")
_CHARSET_FIELD = 18


@dataclass(frozen=True, slots=True)
class Message:
    """One parsed message; fields are read by segment name and number."""

    parsed: hl7.Message = field(repr=False)

    def one(self, segment: str) -> hl7.Segment | None:
        """The only segment of a name; None when absent."""
        found = self.all(segment)
        return found[0] if found else None

    def all(self, segment: str) -> list[hl7.Segment]:
        """Every segment of a name, in the order they stand."""
        return [item for item in self.parsed if str(item[0]) == segment]

    def text(self, segment: hl7.Segment | None, number: int, component: int = 1) -> str:
        """One component of a field's first repetition, unescaped; empty when absent."""
        repetitions = self.repeats(segment, number)
        parts = repetitions[0] if repetitions else []
        return parts[component - 1] if len(parts) >= component else ""

    def repeats(self, segment: hl7.Segment | None, number: int) -> list[list[str]]:
        """A field's repetitions, each as its components, unescaped."""
        if segment is None or number >= len(segment):
            return []
        found = []
        for repetition in segment[number]:
            parts = repetition if isinstance(repetition, hl7.Container) else [repetition]
            found.append([self.parsed.unescape(str(part)).strip() for part in parts])
        return [parts for parts in found if any(parts)]


def messages(data: bytes) -> Iterator[Record | RowError]:
    """Split a file into messages.

    Raises:
        FileRefusedError: There is no message in it, or it is too large.
    """
    if len(data) > FILE_BYTES_MAX:
        msg = f"the file is over {FILE_BYTES_MAX // 2**20} MB: split it"
        raise FileRefusedError(msg)
    # MLLP frames are 0x0B ... 0x1C 0x0D; files often keep them.
    plain = data.replace(b"\x0b", b"").replace(b"\x1c", b"")
    lines = [line for line in re.split(rb"[\r\n]+", plain) if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith(b"MSH")]
    stray = lines[: starts[0]] if starts else lines
    if not starts or any(not line.startswith(_WRAPPERS) for line in stray):
        msg = "the file does not begin with an MSH segment: it is not an HL7 v2 file"
        raise FileRefusedError(msg)
    return _read(lines, starts)


def _read(lines: list[bytes], starts: list[int]) -> Iterator[Record | RowError]:
    for row, (start, end) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), 1):
        if row > ROWS_MAX:
            yield RowError(row, "", f"is past message {ROWS_MAX}", "split the file")
            return
        segments = [line for line in lines[start:end] if not line.startswith(_WRAPPERS)]
        yield _message(row, segments)


def _message(row: int, segments: list[bytes]) -> Record | RowError:
    if len(segments) > SEGMENTS_MAX:
        return RowError(row, "", f"has more than {SEGMENTS_MAX} segments", "check its framing")
    charset = _charset(segments[0])
    if charset is None:
        return RowError(row, "MSH-18", "names a character set we cannot read", "send UNICODE UTF-8")
    try:
        text = b"\r".join(segments).decode(charset)
        parsed = hl7.parse(text)
    except (UnicodeDecodeError, hl7.HL7Exception, IndexError, ValueError, AssertionError):
        return RowError(row, "MSH", "cannot be read as a message", "check separators and MSH-18")
    return Record(row, {}, Message(parsed))


def _charset(header: bytes) -> str | None:
    separator = header[3:4]
    fields = header.split(separator) if separator else []
    # MSH-1 is the separator itself, so MSH-18 stands at index 17.
    named = fields[_CHARSET_FIELD - 1] if len(fields) >= _CHARSET_FIELD else b""
    text = named.decode("ascii", "replace").split("~")[0].strip().upper()
    return _CHARSETS.get(text) if text not in {"", "ASCII"} else "utf-8"
