"""Messages from bytes: frames, batches, separators, character sets and escapes."""

import logging
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import FileRefusedError, RowError
from adapters.ingress import hl7v2
from adapters.ingress.hl7v2 import Message, messages

MSH = rb"MSH|^~\&|PAS|RZZ|||20260501||ADT^A28|1|P|2.4"
PID = b"PID|1||1^^^RZZ^PI||Wren^Ada||20200505|F"


def read(data: bytes) -> list[Message | RowError]:
    found: list[Message | RowError] = []
    for item in messages(data):
        if isinstance(item, RowError):
            found.append(item)
        else:
            assert isinstance(item.parts, Message)
            found.append(item.parts)
    return found


def the_one(data: bytes) -> Message:
    (message,) = read(data)
    assert isinstance(message, Message)
    return message


def name_of(data: bytes) -> str:
    message = the_one(data)
    return message.text(message.one("PID"), 5)


def declared(charset: bytes) -> bytes:
    return MSH + b"||||||" + charset


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_segments_may_end_in_any_of_three_ways(end: bytes) -> None:
    data = end.join([MSH, PID, MSH, PID, b""])

    assert len(read(data)) == 2


def test_frames_taken_off_a_wire_are_read() -> None:
    data = b"".join(b"\x0b" + MSH + b"\r" + PID + b"\r\x1c\r" for _ in range(3))

    assert [type(item) for item in read(data)] == [Message] * 3


def test_a_message_cut_off_in_its_frame_is_refused_and_the_whole_ones_go_on() -> None:
    data = b"\x0b" + MSH + b"\r" + PID + b"\r\x1c\r\x0b" + MSH + b"\r" + PID[:-20]

    whole, cut = read(data)

    assert isinstance(whole, Message)
    assert isinstance(cut, RowError)
    assert cut.wrong == "is a message cut off before its end"


def test_a_batch_is_unwrapped() -> None:
    data = b"\r".join([rb"FHS|^~\&|PAS", rb"BHS|^~\&|PAS", MSH, PID, MSH, PID, b"BTS|2", b"FTS|1"])

    assert [type(item) for item in read(data)] == [Message] * 2


def test_a_batch_that_lost_a_message_says_so() -> None:
    data = b"\r".join([rb"BHS|^~\&|PAS", MSH, PID, b"BTS|2"])

    message, missing = read(data)

    assert isinstance(message, Message)
    assert isinstance(missing, RowError)
    assert missing.field == "BTS-1"


def test_other_separators_are_honoured() -> None:
    message = the_one(b"MSH#*!?$#PAS\rPID#1##9*A$B!8#x*y#O?S?Neill?F?Co*Ada")

    ids = message.repeats(message.one("PID"), 3)
    name = message.repeats(message.one("PID"), 5)[0]

    assert [value.part(1) for value in ids] == ["9", "8"]
    assert ids[0].subs(2) == ("A", "B")
    assert (name.part(1), name.part(2)) == ("O*Neill#Co", "Ada")


@pytest.mark.parametrize(
    ("written", "charset", "encoding"),
    [
        ("Bélanger", b"UNICODE UTF-8", "utf-8"),
        ("Bélanger", b"8859/1", "latin-1"),
        ("Bélanger", b"", "utf-8"),
        ("Bélanger", b"", "cp1252"),
        ("Šimůnek", b"UNICODE UTF-8", "utf-8"),
        ("Œuvray", b"8859/15", "iso8859-15"),
        ("Plain", b"ASCII", "ascii"),
        ("Zoë\u2019s", b"", "cp1252"),
    ],
)
def test_names_are_read_in_the_characters_they_were_written_in(
    written: str, charset: bytes, encoding: str
) -> None:
    data = declared(charset) + b"\rPID|1||||" + written.encode(encoding)

    assert name_of(data) == written


def test_a_name_that_is_not_in_the_declared_characters_is_refused_not_guessed() -> None:
    (error,) = read(declared(b"UNICODE UTF-8") + b"\rPID|1||||B\xe9langer")

    assert isinstance(error, RowError)
    assert error.field == "MSH-18"


def test_an_unknown_character_set_is_refused() -> None:
    (error,) = read(declared(b"ISO IR87") + b"\r" + PID)

    assert isinstance(error, RowError)
    assert error.field == "MSH-18"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (rb"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (rb"O\X27\Neill", "O'Neill"),
        (rb"Zo\XC3AB\ ", "Zoë"),
        (rb"one\.br\two\.sp2\three", "one\ntwo\nthree"),
        (rb"\H\loud\N\ly", "loudly"),
        (rb"left\Zlocal stuff\right", "leftright"),
        (rb"C:\notes\today", r"C:\notes\today"),
        (rb"half\open", r"half\open"),
        (rb"\X4\ \Xzz\ \.sp99999999999\ ", r"\X4\ \Xzz\ \.sp99999999999" + "\\"),
        (rb"bell\X0007\ rings", "bell rings"),
        (rb'""', ""),
    ],
)
def test_escapes_are_read_and_a_stray_escape_character_loses_no_words(
    written: bytes, meant: str
) -> None:
    assert name_of(MSH + b"\rPID|1||||" + written) == meant


def test_nothing_of_a_field_is_ever_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    data = MSH + rb"\rPID|1||||CANARY\Zx\ \Xzz\ \C1234\ \\ \M123456\ \.spx\|".replace(rb"\r", b"\r")

    name_of(data)

    assert caplog.records == []


def test_a_line_break_inside_a_text_begins_no_segment() -> None:
    message = the_one(b"\r\n".join([MSH, PID, b"NTE|1||first line", b"second line", b"PV1|1|E"]))

    assert message.text(message.one("NTE"), 3) == "first line second line"
    assert message.text(message.one("PV1"), 2) == "E"


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"record,occurred\n1,2\n", b"FHS|^~\\&|x\r", b"PID|1"]
)
def test_a_file_without_a_message_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefusedError, match="MSH"):
        messages(data)


def test_a_message_over_its_limits_is_refused_and_the_next_goes_on() -> None:
    long = MSH + b"\r" + b"\r".join([PID] * (hl7v2.SEGMENTS_MAX + 1))
    wide = MSH + b"\r" + PID + b"|" * hl7v2.MESSAGE_BYTES_MAX
    data = b"\r".join([long, wide, MSH, PID])

    first, second, third = read(data)

    assert isinstance(first, RowError)
    assert isinstance(second, RowError)
    assert isinstance(third, Message)


def test_the_widest_message_allowed_stays_in_bounds() -> None:
    data = MSH + b"\r" + b"PID" + b"|" * (hl7v2.MESSAGE_BYTES_MAX - len(MSH) - 4)
    tracemalloc.start()

    message = the_one(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert message.text(message.one("PID"), 5) == ""
    assert peak < 300 * 2**20


HOSTILE = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                MSH,
                PID,
                b"\r",
                b"\n",
                b"\x0b",
                b"\x1c",
                b"|",
                b"^",
                b"~",
                b"&",
                b"\\",
                b"MSH",
                b"BTS|",
            ]
        ),
    ),
    max_size=30,
)


@given(HOSTILE)
@settings(max_examples=300)
def test_any_bytes_give_messages_row_errors_or_a_refusal(parts: list[bytes]) -> None:
    data = b"".join(parts)
    try:
        found = read(data)
    except FileRefusedError:
        return
    for item in found:
        if isinstance(item, Message):
            for segment in item.parsed:
                for number in range(len(segment)):
                    item.repeats(segment, number)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60))
def test_a_name_that_is_escaped_comes_back(name: str) -> None:
    codes = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
    escaped = "".join(codes.get(char, char) for char in name)

    found = name_of(declared(b"UNICODE UTF-8") + b"\rPID|1||||" + escaped.encode())

    assert found == ("" if name.strip() == '""' else name.strip())
