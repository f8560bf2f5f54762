"""HL7 v2 ADT messages to events (A01, A03, A04, A08, A11, A28, A31, A40).

Who the message is about is read by `patient.py`. Nothing is sent about an adult, about a
visit that is not an emergency or a stay, or from a system under test: those are counted.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, ClassVar

from adapters.errors import RowError
from adapters.health import patient
from adapters.ingress.fields import Fields, moment
from adapters.ingress.hl7v2 import BYTE_ORDER_MARK, FRAME_START, HEADERS, Message, messages
from adapters.ingress.record import Mapped, MappingContext, Record, Skipped, Withdrawal
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
from schemas.person import SHORT_TEXT_LENGTH_MAX, Protection
from schemas.times import Occurred, PartialDate

ADULT_YEARS = 18
EMERGENCY, OUTPATIENT = "E", "O"
"""HL7 table 0004, patient class."""
PRODUCTION = "P"
WRONG_RESULTS = frozenset({"D", "W", "X"})
"""HL7 table 0085: the observation was deleted, wrong, or not obtained."""
CODES_MAX = 10
SNOMED_SYSTEMS = frozenset({"SCT", "SNM", "SNOMED", "SNOMED-CT", "2.16.840.1.113883.6.96"})
SAFEGUARDING_CODES = frozenset(
    {
        "836881000000105",  # child is cause for safeguarding concern
        "1064961000000107",  # child in family is safeguarding concern
        "878111000000109",  # unborn child is cause for safeguarding concern
        "342191000000101",  # subject to child protection plan
        "342891000000105",  # no longer subject to child protection plan
        "375041000000100",  # family member subject to child protection plan
        "802271000000100",  # child protection category neglect
        "802301000000102",  # child protection category emotional
        "764841000000100",  # looked after child
        "764951000000107",  # no longer looked after child
    }
)
"""Royal College of General Practitioners' list. Other members of the reference set of the
Emergency Care Data Set are known by their question, which says that it is of safeguarding."""

_TIME = re.compile(
    r"^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\d{2}(?:\.\d{1,6})?)?([+-]\d{4})?$", re.ASCII
)
_ODS = re.compile(r"^[A-Z0-9]{3,6}$")
_SNOMED = re.compile(r"^[0-9]{6,18}$")

Common = dict[str, Any]
_Make = Callable[[Message, Common], ConcernEvent]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is made of a message, where its time stands, and whether a visit names it."""

    make: _Make
    arrival: tuple[tuple[str, int], ...] = ()
    of_visit: bool = False


class Adt:
    """ADT messages from a hospital's patient administration system."""

    name: ClassVar[str] = "health-adt-hl7"
    sector: ClassVar[str] = "health"

    def recognises(self, name: str, data: bytes) -> bool:
        """Tell by the first segment, or by the name."""
        head = data[:64].removeprefix(BYTE_ORDER_MARK).lstrip(FRAME_START + b"\r\n ")
        return head.startswith(HEADERS) or name.lower().endswith(".hl7")

    def read(self, data: bytes) -> Iterator[Record | RowError]:
        """Read messages."""
        return messages(data)

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One message, one event; an adult's message is not ours to send."""
        message = record.parts
        assert isinstance(message, Message)
        fields = Fields(record.row, {})
        header = message.one("MSH")
        if message.text(header, 11) not in {"", PRODUCTION}:
            return [Skipped(record.row, "from a system under test (MSH-11)")]
        trigger = message.text(header, 9, 2) or message.text(message.one("EVN"), 1)
        if message.text(header, 9) != "ADT" or trigger not in TRIGGERS:
            return [Skipped(record.row, "not one of the ADT messages that are sent on")]
        if len(message.all("PID")) != 1:
            fields.wrong("PID", "does not stand exactly once", "send one patient in a message")
            fields.done()
        kind = _kind(trigger, message, fields)
        if kind is None:
            return [Skipped(record.row, "about a visit that is neither an emergency nor a stay")]
        occurred = _occurred(message, kind, fields)
        born = patient.born(message, fields)
        fields.done()
        assert occurred is not None
        assert born is not None
        if _is_adult(born, occurred, fields):
            return [Skipped(record.row, "about an adult")]
        common = _common(message, kind, fields, context) | {"occurred": occurred}
        common["child"] = patient.child(message, fields, born, context)
        made = fields.build(lambda: kind.make(message, common))
        return [Withdrawal(made) if trigger == "A11" else made]


def _kind(trigger: str, message: Message, fields: Fields) -> _Kind | None:
    """What a message says; None when it is of no concern to anyone else.

    Raises:
        RowRefusedError: A visit is withdrawn, or a record joined, and it is not said which.
    """
    patient_class = message.text(message.one("PV1"), 2).upper()
    if trigger == "A04":
        return _ATTENDANCE if patient_class == EMERGENCY else None
    if trigger == "A40":
        return _Kind(partial(_merged, _superseded(message, fields)))
    if trigger != "A11":
        return TRIGGERS[trigger]
    for number, said in ((2, patient_class), (19, message.text(message.one("PV1"), 19))):
        if not said:
            fields.wrong(f"PV1-{number}", "is empty", "say which visit is withdrawn")
    fields.done()
    if patient_class == EMERGENCY:
        return _ATTENDANCE
    return None if patient_class == OUTPATIENT else _ADMISSION


def _common(message: Message, kind: _Kind, fields: Fields, context: MappingContext) -> Common:
    # A visit's number names it, so that its correction and its withdrawal find it.
    visit = message.text(message.one("PV1"), 19) if kind.of_visit else ""
    control = message.text(message.one("MSH"), 10)
    if not visit and not control:
        fields.wrong("MSH-10", "is empty", "send a message control id")
    return {
        "id": context.new_id(),
        "agency": context.agency,
        "recorded_at": context.recorded_at,
        "source_record": f"visit {visit}" if visit else f"message {control}",
        "people": patient.people(message, fields),
        "purpose": Purpose.WELFARE_S17,
        "assertion": Assertion.FACT,
    }


def _is_adult(born: PartialDate, occurred: Occurred, fields: Fields) -> bool:
    day = occurred.at.date()
    if date(born.year, born.month or 1, born.day or 1) > day:
        fields.wrong("PID-7", "is after the event", "correct the date of birth")
        fields.done()
    return patient.age_at_most(born, day) >= ADULT_YEARS


def _attended(message: Message, common: Common) -> ConcernEvent:
    reason = _reason(message)
    diagnosis = message.one("DG1")
    found = message.text(diagnosis, 4) or message.text(diagnosis, 3, 2)
    sentences = ["Attended the emergency department.", reason, found]
    return EdAttendance(
        **common,
        what_happened=" ".join(sentence for sentence in sentences if sentence),
        data=EdAttendanceData(
            provider=_provider(message),
            complaint=reason[:SHORT_TEXT_LENGTH_MAX] or None,
            injury=found[:SHORT_TEXT_LENGTH_MAX] or None,
            safeguarding_codes=tuple(_safeguarding(message))[:CODES_MAX],
        ),
    )


def _admitted(message: Message, common: Common) -> ConcernEvent:
    reason = _reason(message)
    return Admission(
        **common,
        what_happened=f"Admitted to hospital. {reason}".strip(),
        data=StayData(provider=_provider(message), reason=reason[:SHORT_TEXT_LENGTH_MAX] or None),
    )


def _discharged(message: Message, common: Common) -> ConcernEvent:
    emergency = message.text(message.one("PV1"), 2).upper() == EMERGENCY
    return Discharge(
        **common,
        what_happened="Left the emergency department."
        if emergency
        else "Discharged from hospital.",
        data=StayData(provider=_provider(message)),
    )


def _changed(message: Message, common: Common) -> ConcernEvent:
    practice = next(iter(message.repeats(message.one("PD1"), 3)), None)
    codes = [practice.part(10), practice.part(3), practice.part(1)] if practice else []
    address = common["child"].address
    if address is not None and address.protection is Protection.PROTECTED:
        codes = []  # the surgery would say where a hidden child lives
    return RegistrationChange(
        **common,
        what_happened="The hospital's record of who the child is, or where, changed.",
        data=RegistrationChangeData(
            gp_practice=next((code.upper() for code in codes if _ODS.match(code.upper())), None)
        ),
    )


def _superseded(message: Message, fields: Fields) -> NumberMergedData:
    old = message.repeats(message.one("MRG"), 1)
    number, local = patient.nhs_number(old, fields, "MRG-1"), patient.local_ids(old)
    if number is None and not local:
        fields.wrong("MRG-1", "names no record", "say which record was joined to this one")
    return fields.build(
        lambda: NumberMergedData(
            superseded_nhs_number=number,
            superseded_local_id=local[0].value if local else None,
        )
    )


def _merged(superseded: NumberMergedData, _: Message, common: Common) -> ConcernEvent:
    return NumberMerged(
        **common, what_happened="Two hospital records of this child were joined.", data=superseded
    )


_ATTENDANCE = _Kind(_attended, (("PV1", 44),), of_visit=True)
_ADMISSION = _Kind(_admitted, (("PV1", 44),), of_visit=True)
_CHANGE = _Kind(_changed)
TRIGGERS: dict[str, _Kind | None] = {
    "A01": _ADMISSION,
    "A03": _Kind(_discharged, (("PV1", 45),), of_visit=True),
    "A04": None,
    "A08": _CHANGE,
    "A11": None,
    "A28": _CHANGE,
    "A31": _CHANGE,
    "A40": None,
}
"""What each trigger says; None where more of the message decides."""


def _reason(message: Message) -> str:
    extra = message.one("PV2")
    return message.text(extra, 3, 2) or message.text(extra, 3)


def _safeguarding(message: Message) -> Iterator[str]:
    """Read safeguarding codes and no others: a diagnosis is not everyone's to know."""
    seen: set[str] = set()
    for observation in message.all("OBX"):
        if message.text(observation, 11).upper() in WRONG_RESULTS:
            continue
        question = f"{message.text(observation, 3)} {message.text(observation, 3, 2)}".lower()
        for answer in message.repeats(observation, 5):
            code = answer.part(1)
            asked = "safeguard" in question and answer.part(3).upper() in SNOMED_SYSTEMS
            if _SNOMED.match(code) and code not in seen and (asked or code in SAFEGUARDING_CODES):
                seen.add(code)
                yield code


def _occurred(message: Message, kind: _Kind, fields: Fields) -> Occurred | None:
    """The visit's own time, else the event's, else the message's; none is a wrong row."""
    for segment, number in (*kind.arrival, ("EVN", 6), ("EVN", 2), ("MSH", 7)):
        text = message.text(message.one(segment), number)
        if text:
            found = _moment(text)
            if found is None:
                fields.wrong(f"{segment}-{number}", "is not a time", "send YYYYMMDDHHMM")
            return found
    fields.wrong("MSH-7", "is empty", "send the time of the message")
    return None


def _moment(text: str) -> Occurred | None:
    match = _TIME.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, zone = match.groups()
    days = "-".join(part for part in (year, month, day) if part)
    try:
        return moment(f"{days} {hour}:{minute}{zone or ''}" if minute else days)
    except ValueError:
        return None


def _provider(message: Message) -> str | None:
    code = message.text(message.one("MSH"), 4).upper()
    return code if _ODS.match(code) else None
