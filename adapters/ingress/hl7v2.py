"""HL7 v2 messages from files: framed or not, batched or not, in the characters they declare.

Splitting by the separators each message declares is the `hl7` library's. A message is one
row; its segments are found by name, so that their order does not matter. Escapes are read
here, not by the library, which writes a field it cannot read to the log whole.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import hl7

from adapters.errors import FileRefusedError, RowError
from adapters.ingress.record import FILE_BYTES_MAX, ROWS_MAX, Record

SEGMENTS_MAX = 200
MESSAGE_BYTES_MAX = 256 * 1024
ESCAPE_LENGTH_MAX = 64
"""Characters between two escape characters; the longest we read is a run of hex pairs."""

FRAME_START, FRAME_END = b"\x0b", b"\x1c"
"""The minimal lower layer protocol's block characters; files taken off a wire keep them."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
HEADERS = (b"MSH", b"FHS", b"BHS")
NULL = '""'
"""What a sender writes to delete a value: for us, nothing is said."""

_CHARSETS = {
    "": ("utf-8", "cp1252"),  # undeclared: what is not UTF-8 is what Windows calls ANSI
    "ASCII": ("utf-8", "cp1252"),
    "UNICODE UTF-8": ("utf-8",),
    "UTF-8": ("utf-8",),
    "8859/1": ("latin-1",),
    "8859/15": ("iso8859-15",),
}
"""HL7 table 0211, the character sets in use in the United Kingdom."""
_CHARSET_FIELD, _HEADER_NAME_LENGTH = 18, 3
_SEGMENT = re.compile(rb"^[A-Z][A-Z0-9]{2}$")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Value:
    """One repetition of a field, unescaped."""

    components: tuple[tuple[str, ...], ...] = field(repr=False)

    def part(self, component: int = 1, sub: int = 1) -> str:
        """One component's subcomponent, both counted from 1; empty when absent."""
        subs = self.components[component - 1] if component <= len(self.components) else ()
        return subs[sub - 1] if sub <= len(subs) else ""

    def subs(self, component: int) -> tuple[str, ...]:
        """Every subcomponent of a component; none when absent."""
        return self.components[component - 1] if component <= len(self.components) else ()


NOTHING = Value(())


@dataclass(frozen=True, slots=True)
class Message:
    """One parsed message; fields are read by segment name and number."""

    parsed: hl7.Message = field(repr=False)
    charset: str

    def one(self, segment: str) -> hl7.Segment | None:
        """The first segment of a name; None when absent."""
        return next(iter(self.all(segment)), None)

    def all(self, segment: str) -> list[hl7.Segment]:
        """Every segment of a name, in the order they stand."""
        return [item for item in self.parsed if str(item[0]) == segment]

    def text(self, segment: hl7.Segment | None, number: int, component: int = 1) -> str:
        """One component of a field's first repetition that says anything; empty when absent."""
        return next(iter(self.repeats(segment, number)), NOTHING).part(component)

    def repeats(self, segment: hl7.Segment | None, number: int) -> list[Value]:
        """A field's repetitions, without those that say nothing."""
        if segment is None or number >= len(segment):
            return []
        values = [
            Value(
                tuple(tuple(self._said(str(sub)) for sub in _items(part)) for part in _items(item))
            )
            for item in _items(segment[number])
        ]
        return [value for value in values if any(map(any, value.components))]

    def _said(self, raw: str) -> str:
        text = unescaped(raw, escape=self.parsed.esc, literal=self._literal, charset=self.charset)
        text = _CONTROLS.sub("", text).strip()
        return "" if text == NULL else text

    def _literal(self, code: str) -> str | None:
        separators = self.parsed.separators  # segment, field, repetition, component, sub
        meant = {
            "F": separators[1],
            "R": separators[2],
            "S": separators[3],
            "T": separators[4],
            "E": self.parsed.esc,
        }
        return meant.get(code)


def _items(part: object) -> list[object]:
    """What a container holds; a text holds itself."""
    return list(part) if isinstance(part, hl7.Container) else [part]


def unescaped(text: str, *, escape: str, literal: Callable[[str], str | None], charset: str) -> str:
    r"""Read the escapes of HL7 v2 chapter 2: separators, hex, line breaks; others say nothing.

    An escape character that begins no escape stands for itself: a source that forgot to
    escape a backslash loses none of its words.

    Args:
        text: As it stands in the message.
        escape: The message's escape character.
        literal: The separator that a one-letter code stands for.
        charset: What the bytes of `\X..\` are written in.
    """
    if escape not in text:
        return text
    mark = re.escape(escape)
    pattern = re.compile(f"{mark}([^{mark}\r\n]{{1,{ESCAPE_LENGTH_MAX}}}){mark}")

    def meant(match: re.Match[str]) -> str:
        code = match.group(1)
        found = literal(code)
        return found if found is not None else _escape(code, whole=match.group(0), charset=charset)

    return pattern.sub(meant, text)


def _escape(code: str, *, whole: str, charset: str) -> str:
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
        return bytes.fromhex(code[1:]).decode(charset, "replace")
    if re.fullmatch(r"\.(?:br|sp|ce|sk|fi|nf|in|ti)[+-]?[0-9]{0,3}", code):
        return "\n" if code[:3] in {".br", ".sp", ".ce"} else " "
    if re.fullmatch(r"[HN]|Z.*|[CM][0-9A-Fa-f]{4,6}", code):
        return ""
    return whole


def messages(data: bytes) -> Iterator[Record | RowError]:
    """Split a file into messages.

    Raises:
        FileRefusedError: There is no message in it, or it is too large.
    """
    if len(data) > FILE_BYTES_MAX:
        msg = f"the file is over {FILE_BYTES_MAX // 2**20} MB: split it"
        raise FileRefusedError(msg)
    plain = data.removeprefix(BYTE_ORDER_MARK)
    for mark in (FRAME_START, FRAME_END):
        plain = plain.replace(mark, b"\r" + mark + b"\r")
    lines = [line for line in re.split(rb"[\r\n]+", plain) if line.strip(b" \t")]
    first = next((line for line in lines if line not in {FRAME_START, FRAME_END}), b"")
    if not first.startswith(HEADERS) or not any(line.startswith(b"MSH") for line in lines):
        msg = "the file does not begin with an MSH segment: it is not an HL7 v2 file"
        raise FileRefusedError(msg)
    return _rows(lines)


def _rows(lines: list[bytes]) -> Iterator[Record | RowError]:
    row = 0
    for row, item in enumerate(_Splitter().split(lines), 1):
        if row > ROWS_MAX:
            yield RowError(row, "", f"is past message {ROWS_MAX}", "split the file")
            return
        yield _message(row, item) if isinstance(item, list) else RowError(row, *item)


_Wrong = tuple[str, str, str]


class _Splitter:
    """Puts the lines of a file into messages: segments, or what is wrong and what to do."""

    def __init__(self) -> None:
        self._segments: list[bytes] = []
        self._framed = False
        self._in_batch = 0

    def split(self, lines: list[bytes]) -> Iterator[list[bytes] | _Wrong]:
        """Read every line once."""
        for line in lines:
            if line == FRAME_START:
                yield from self._flush(broken=self._framed)
                self._framed = True
            elif line == FRAME_END:
                yield from self._flush()
                self._framed = False
            elif line.startswith((b"FHS", b"BHS", b"FTS", b"BTS")):
                yield from self._flush()
                yield from self._wrapper(line)
            elif line.startswith(b"MSH"):
                yield from self._flush()
                self._segments = [line]
                self._in_batch += 1
            elif self._segments:
                self._add(line)
            else:
                yield ("", "stands outside any message", "begin every message with MSH")
        yield from self._flush(broken=self._framed)

    def _add(self, line: bytes) -> None:
        separator = self._segments[0][3:4]
        if _SEGMENT.match(line[:3]) and line[3:4] in {separator, b""}:
            self._segments.append(line)
        else:
            # A line break inside a text: systems write it unescaped, and it starts no segment.
            self._segments[-1] += b" " + line

    def _flush(self, *, broken: bool = False) -> Iterator[list[bytes] | _Wrong]:
        whole, self._segments = self._segments, []
        if whole and broken:
            # Half a message reads as a whole one with less in it; a name may be cut short.
            yield ("MSH", "is a message cut off before its end", "send the message again")
        elif whole:
            yield whole

    def _wrapper(self, line: bytes) -> Iterator[_Wrong]:
        said = line.split(line[3:4])[1:2] if len(line) > _HEADER_NAME_LENGTH else []
        counted, self._in_batch = self._in_batch, 0
        wrong = line.startswith(b"BTS") and said and said[0].strip().isdigit()
        if wrong and int(said[0][:9]) != counted:
            yield (
                "BTS-1",
                "counts another number of messages than its batch holds",
                "check that the whole file arrived",
            )


def _message(row: int, segments: list[bytes]) -> Record | RowError:
    if len(segments) > SEGMENTS_MAX or sum(map(len, segments)) > MESSAGE_BYTES_MAX:
        limits = f"{SEGMENTS_MAX} segments or {MESSAGE_BYTES_MAX // 1024} KiB"
        return RowError(row, "", f"is larger than {limits}", "check where messages end")
    if len(segments) == 1:
        return RowError(row, "MSH", "is followed by no segment", "check where segments end")
    charsets = _CHARSETS.get(_charset(segments[0]))
    if charsets is None:
        return RowError(row, "MSH-18", "names a character set we cannot read", "send UNICODE UTF-8")
    whole = b"\r".join(segments)
    for charset in charsets:
        try:
            return Record(row, {}, Message(hl7.parse(whole.decode(charset)), charset))
        except UnicodeDecodeError:
            continue
        except (hl7.HL7Exception, IndexError, ValueError, AssertionError):
            return RowError(row, "MSH", "declares no separators that we can read", "check MSH-2")
    return RowError(row, "MSH-18", "names another character set than is used", "correct it")


def _charset(header: bytes) -> str:
    # MSH-1 is the separator itself, so MSH-18 stands at index 17.
    fields = header.split(header[3:4]) if len(header) > _HEADER_NAME_LENGTH else []
    named = fields[_CHARSET_FIELD - 1] if len(fields) >= _CHARSET_FIELD else b""
    repetition = header[5:6] or b"~"
    return named.split(repetition)[0].decode("ascii", "replace").strip().upper()
