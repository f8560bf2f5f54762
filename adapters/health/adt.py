"""HL7 v2 ADT messages to events (A01, A03, A04, A08, A11, A28, A31, A40).

Sources: the HL7 v2 identifiers the NHS uses: an NHS number stands in the repetition of
PID-3 whose assigning authority is NHS, or whose type code is NH.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from adapters.errors import RowError
from adapters.ingress.fields import LONDON, Fields
from adapters.ingress.hl7v2 import Message, messages
from adapters.ingress.record import Mapped, MappingContext, Record, Skipped, Withdrawal
from schemas.errors import InvalidIdentifierError
from schemas.event import Assertion, ConcernEvent, Purpose
from schemas.health import (
    Admission,
    Discharge,
    EdAttendance,
    EdAttendanceData,
    NumberMerged,
    NumberMergedData,
    RegistrationChange,
    RegistrationChangeData,
    StayData,
)
from schemas.identifiers import parse_nhs_number, parse_postcode
from schemas.person import (
    ALIASES_MAX,
    LOCAL_IDS_MAX,
    Address,
    ChildClaim,
    LocalId,
    NumberStatus,
    PersonClaim,
    PersonName,
    Protection,
    Role,
    Sex,
)
from schemas.times import Occurred, PartialDate, Precision

ADULT_YEARS = 18
EMERGENCY = "E"
NHS_AUTHORITIES = frozenset({"NHS", "2.16.840.1.113883.2.1.4.1"})
NHS_TYPE_CODES = frozenset({"NH", "NHS"})
VERIFIED = frozenset({"01", "1"})
CONFIDENTIAL_ADDRESS = frozenset({"V", "C", "CONF"})
_SNOMED_LENGTH_MIN, _SNOMED_LENGTH_MAX = 6, 18


class Adt:
    """ADT messages from a hospital's patient administration system."""

    name: ClassVar[str] = "health-adt-hl7"
    sector: ClassVar[str] = "health"

    def recognises(self, name: str, data: bytes) -> bool:
        """Tell by the first segment."""
        head = data.lstrip(b"\x0b\r\n \xef\xbb\xbf")[:3]
        return head in {b"MSH", b"FHS", b"BHS"} or name.lower().endswith(".hl7")

    def read(self, data: bytes) -> Iterator[Record | RowError]:
        """Read messages."""
        return messages(data)

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One message, one event; an adult's message is not ours to send."""
        message = record.parts
        assert isinstance(message, Message)
        fields = Fields(record.row, {})
        header = message.one("MSH")
        trigger = message.text(header, 9, 2)
        if message.text(header, 9, 1) != "ADT" or trigger not in _TRIGGERS:
            return [Skipped(record.row, "not one of the ADT messages that are sent on")]
        if len(message.all("PID")) != 1:
            fields.wrong("PID", "does not stand exactly once", "send one patient in a message")
            fields.done()
        pid = message.one("PID")
        occurred = _when(message, fields)
        born = _born(message.text(pid, 7), fields)
        fields.done()
        if born is not None and _age(born, occurred.at.date()) >= ADULT_YEARS:
            return [Skipped(record.row, "about an adult")]
        common = {
            "id": context.new_id(),
            "agency": context.agency,
            "recorded_at": context.recorded_at,
            "source_record": _record_id(message, fields),
            "occurred": occurred,
            "child": fields.build(lambda: _child(message, born, context)),
            "people": tuple(_people(message)),
            "purpose": Purpose.WELFARE_S17,
            "assertion": Assertion.FACT,
        }
        event = fields.build(lambda: _TRIGGERS[trigger](message, common))
        return [Withdrawal(event) if trigger == "A11" else event]


def _attendance(message: Message, common: dict[str, Any]) -> ConcernEvent:
    visit, extra = message.one("PV1"), message.one("PV2")
    codes = tuple(
        dict.fromkeys(
            code
            for item in (*message.all("OBX"), *message.all("DG1"))
            for code in (message.text(item, 5), message.text(item, 3))
            if code.isdigit() and _SNOMED_LENGTH_MIN <= len(code) <= _SNOMED_LENGTH_MAX
        )
    )
    diagnosis = message.text(message.one("DG1"), 4) or message.text(message.one("DG1"), 3, 2)
    reason = message.text(extra, 3, 2) or message.text(extra, 3, 1)
    return EdAttendance(
        **common,
        what_happened=f"Attended the emergency department. {reason}".strip(),
        data=EdAttendanceData(
            provider=_ods(message),
            complaint=reason or None,
            injury=diagnosis or None,
            accompanied_by=message.text(visit, 50) or None,
            safeguarding_codes=codes[:10],
        ),
    )


def _registered(message: Message, common: dict[str, Any]) -> ConcernEvent:
    if message.text(message.one("PV1"), 2) == EMERGENCY:
        return _attendance(message, common)
    return _changed(message, common)


def _admitted(message: Message, common: dict[str, Any]) -> ConcernEvent:
    reason = message.text(message.one("PV2"), 3, 2) or message.text(message.one("PV2"), 3)
    return Admission(
        **common,
        what_happened=f"Admitted to hospital. {reason}".strip(),
        data=StayData(provider=_ods(message), reason=reason or None),
    )


def _discharged(message: Message, common: dict[str, Any]) -> ConcernEvent:
    return Discharge(
        **common,
        what_happened="Discharged from hospital.",
        data=StayData(provider=_ods(message)),
    )


def _changed(_: Message, common: dict[str, Any]) -> ConcernEvent:
    return RegistrationChange(
        **common,
        what_happened="The hospital's record of who the child is, or where, changed.",
        data=RegistrationChangeData(),
    )


def _merged(message: Message, common: dict[str, Any]) -> ConcernEvent:
    old = message.repeats(message.one("MRG"), 1)
    number = next((parsed for parts in old if (parsed := _nhs(parts))), None)
    local = next((parts[0] for parts in old if not _is_nhs(parts)), None)
    return NumberMerged(
        **common,
        what_happened="Two hospital records of this child were joined.",
        data=NumberMergedData(superseded_nhs_number=number, superseded_local_id=local),
    )


_TRIGGERS: dict[str, Callable[[Message, dict[str, Any]], ConcernEvent]] = {
    "A01": _admitted,
    "A03": _discharged,
    "A04": _registered,
    "A08": _changed,
    "A11": _registered,
    "A28": _changed,
    "A31": _changed,
    "A40": _merged,
}


def _record_id(message: Message, fields: Fields) -> str:
    """A visit's number where there is one, so that its cancellation finds it."""
    visit = message.text(message.one("PV1"), 19)
    control = message.text(message.one("MSH"), 10)
    if not visit and not control:
        fields.wrong("MSH-10", "is empty", "send a message control id")
        fields.done()
    return f"visit {visit}" if visit else f"message {control}"


def _child(message: Message, born: PartialDate | None, context: MappingContext) -> ChildClaim:
    pid = message.one("PID")
    names = [
        PersonName(family=parts[0], given=parts[1] if len(parts) > 1 else "")
        for parts in message.repeats(pid, 5)
    ] or [PersonName()]
    identifiers = message.repeats(pid, 3)
    number = next((parsed for parts in identifiers if (parsed := _nhs(parts))), None)
    sex = message.text(pid, 8).upper()
    return ChildClaim(
        name=names[0],
        aliases=tuple(names[1 : ALIASES_MAX + 1]),
        born=born,
        sex=Sex(sex) if sex in set(Sex) else Sex.UNKNOWN,
        nhs_number=number,
        nhs_number_status=NumberStatus.VERIFIED
        if message.text(pid, 32) in VERIFIED
        else NumberStatus.UNVERIFIED,
        local_ids=tuple(
            LocalId(system=(_padded(parts)[3] or "pas")[:60], value=parts[0])
            for parts in identifiers
            if parts[0] and not _is_nhs(parts)
        )[:LOCAL_IDS_MAX],
        address=_address(message.repeats(pid, 11)),
        home_la=context.la_code,
    )


def _padded(parts: list[str]) -> list[str]:
    return [*parts, *[""] * 8]


def _is_nhs(parts: list[str]) -> bool:
    padded = _padded(parts)
    return padded[3].upper() in NHS_AUTHORITIES or padded[4].upper() in NHS_TYPE_CODES


def _nhs(parts: list[str]) -> str | None:
    if not _is_nhs(parts):
        return None
    try:
        return parse_nhs_number(parts[0])
    except InvalidIdentifierError:
        # A wrong number is no number: the message goes on without it, the name still counts.
        return None


def _address(repeats: list[list[str]]) -> Address | None:
    if not repeats:
        return None
    padded = _padded(repeats[0])
    try:
        postcode = parse_postcode(padded[4]) if padded[4] else None
    except InvalidIdentifierError:
        postcode = None
    hidden = padded[6].upper() in CONFIDENTIAL_ADDRESS
    return Address(
        lines=tuple(part for part in padded[:4] if part),
        postcode=postcode,
        protection=Protection.PROTECTED if hidden else Protection.NONE,
    )


def _people(message: Message) -> Iterator[PersonClaim]:
    for kin in message.all("NK1"):
        name = message.repeats(kin, 2)
        relationship = message.text(kin, 3, 2) or message.text(kin, 3)
        if name:
            parts = _padded(name[0])
            parent = relationship.lower() in {"mother", "father", "parent"}
            yield PersonClaim(
                role=Role.PARENT if parent else Role.HOUSEHOLD,
                name=PersonName(family=parts[0], given=parts[1]),
                relationship=relationship or None,
            )


def _when(message: Message, fields: Fields) -> Occurred:
    """The visit's own time, else the event's, else the message's.

    Raises:
        RowRefusedError: None of them can be read.
    """
    for segment, number in (("PV1", 44), ("EVN", 2), ("MSH", 7)):
        text = message.text(message.one(segment), number)
        moment = _moment(text) if text else None
        if moment is not None:
            return moment
        if text:
            fields.wrong(f"{segment}-{number}", "is not a time", "send YYYYMMDDHHMM")
    fields.wrong("MSH-7", "gives no time", "send the time of the message")
    return fields.build(lambda: Occurred(at=datetime.max.replace(tzinfo=UTC)))


def _moment(text: str) -> Occurred | None:
    digits = text.split(".", maxsplit=1)[0].split("+", maxsplit=1)[0].split("-", maxsplit=1)[0]
    formats = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 8: "%Y%m%d"}
    wanted = formats.get(len(digits))
    try:
        at = datetime.strptime(digits, wanted or "%Y").replace(tzinfo=LONDON)
    except ValueError:
        return None
    if wanted is None:
        return None
    return Occurred(
        at=at, precision=Precision.DAY if len(digits) == len("YYYYMMDD") else Precision.MINUTE
    )


def _born(text: str, fields: Fields) -> PartialDate | None:
    digits = text[:8]
    if not digits:
        return None
    parts = (digits[:4], digits[4:6], digits[6:8])
    try:
        return PartialDate.parse("-".join(part for part in parts if part))
    except ValueError as error:
        fields.wrong("PID-7", str(error), "correct the date of birth")
        return None


def _age(born: PartialDate, on: date) -> int:
    birthday = (born.month or 1, born.day or 1)
    return on.year - born.year - ((on.month, on.day) < birthday)


def _ods(message: Message) -> str | None:
    code = message.text(message.one("MSH"), 4).upper()
    return code if 3 <= len(code) <= 6 and code.isalnum() and code.isascii() else None  # noqa: PLR2004
