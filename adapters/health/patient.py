"""Who an HL7 v2 message is about: PID, PD1, ARV and NK1 to claims.

Sources: HL7 v2 tables 0001 (sex), 0063 and 0131 (relationship), 0190 (address type), 0200
(name type), 0445 (identity reliability) and 0717 (access restriction); the NHS's own values
of them are those of the NHS England ITK HL7 v2 ADT message specification.
"""

import calendar
from datetime import date

import hl7

from adapters.ingress.fields import Fields
from adapters.ingress.hl7v2 import Message, Value
from adapters.ingress.record import MappingContext
from schemas.errors import InvalidIdentifierError
from schemas.event import PEOPLE_MAX
from schemas.identifiers import parse_nhs_number, parse_postcode
from schemas.person import (
    ALIASES_MAX,
    LOCAL_IDS_MAX,
    SHORT_TEXT_LENGTH_MAX,
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
from schemas.times import PartialDate

NHS_AUTHORITIES = frozenset({"NHS", "2.16.840.1.113883.2.1.4.1"})
NHS_TYPE_CODES = frozenset({"NH", "NHS"})
LOCAL_TYPE_CODES = frozenset({"", "PI", "PT", "PN", "MR", "LR"})
"""Numbers of a patient at a hospital. Passports, driving licences and accounts stay there."""
VERIFIED = frozenset({"NSTS01", "01", "1"})
DEFAULT_BIRTH_DATE, DEFAULT_ADDRESS = "UD", "UA"
"""What the source wrote because a box had to be filled (table 0445): no evidence of anyone."""
HOME_ADDRESS_TYPES = ("H", "HOME", "RH", "", "P", "L", "C")
"""Best first. Offices, mailing, holiday, birth and bad addresses are not where a child lives."""
FULL_NAME_TYPES = ("L", "R", "", "D", "U")
"""Best first; every other is an alias, but for a coded pseudonym."""
PSEUDONYM = "S"
UNLISTED = "UL"
RESTRICTED = frozenset({"ALL", "DEM", "LOC"})
DELETED = "D"
ADDRESS_LINES_MAX = 6
DEFAULT_SYSTEM = "pas"

_SEXES = {"M": Sex.MALE, "1": Sex.MALE, "F": Sex.FEMALE, "2": Sex.FEMALE}
_RELATIONSHIPS = {
    Role.PARENT: "MTH FTH PAR 3 03 7 07 12 13 61",
    Role.CARER: "GRD CGV 5 05 6 06 20",
    Role.SIBLING: "SIB BRO SIS 14 15",
    Role.HOUSEHOLD: "GRP EXF DOM SPO OAD 1 01 2 02 4 04 16",
}
_ROLES = {code: role for role, codes in _RELATIONSHIPS.items() for code in codes.split()}
_WORDS = (
    ("grand", Role.HOUSEHOLD),
    ("partner", Role.HOUSEHOLD),
    ("boyfriend", Role.HOUSEHOLD),
    ("girlfriend", Role.HOUSEHOLD),
    ("foster", Role.CARER),
    ("mother", Role.PARENT),
    ("father", Role.PARENT),
    ("parent", Role.PARENT),
    ("guardian", Role.CARER),
    ("carer", Role.CARER),
    ("brother", Role.SIBLING),
    ("sister", Role.SIBLING),
    ("sibling", Role.SIBLING),
    ("aunt", Role.HOUSEHOLD),
    ("uncle", Role.HOUSEHOLD),
    ("relative", Role.HOUSEHOLD),
)
"""In order: a mother's partner is not a mother, and a grandmother is not either."""


def born(message: Message, fields: Fields) -> PartialDate | None:
    """Read PID-7 as far as it is known; what is wrong with it is noted."""
    pid = message.one("PID")
    written = message.text(pid, 7)
    if not written or DEFAULT_BIRTH_DATE in _reliability(message):
        fields.wrong("PID-7", "gives no date of birth", "give at least the year")
        return None
    digits = written[:8]
    parts = (digits[:4], digits[4:6], digits[6:8])
    if "00" in parts:
        fields.wrong("PID-7", "has a month or day 00", "leave out what is not known")
        return None
    try:
        return PartialDate.parse("-".join(part for part in parts if part))
    except ValueError as error:
        fields.wrong("PID-7", str(error), "correct the date of birth")
        return None


def age_at_most(born_on: PartialDate, day: date) -> int:
    """Tell the greatest age that is certain, in whole years; a partial date is read late.

    Someone whose month of birth is unknown is taken for as young as they may be, so that no
    child is left out for an adult.
    """
    month = born_on.month or 12
    last = born_on.day or calendar.monthrange(born_on.year, month)[1]
    return day.year - born_on.year - ((day.month, day.day) < (month, last))


def child(
    message: Message, fields: Fields, born_on: PartialDate | None, context: MappingContext
) -> ChildClaim:
    """Read the child.

    Raises:
        RowRefusedError: Two NHS numbers are given, or a value does not fit the contract.
    """
    pid = message.one("PID")
    names = fields.build(lambda: _names(message))
    identifiers = message.repeats(pid, 3)
    number = nhs_number(identifiers, fields, "PID-3")
    reliability = _reliability(message)
    verified = bool(VERIFIED & reliability)
    return fields.build(
        lambda: ChildClaim(
            name=names[0] if names else PersonName(),
            aliases=tuple(names[1 : ALIASES_MAX + 1]),
            born=born_on,
            sex=_SEXES.get(message.text(pid, 8).upper(), Sex.UNKNOWN),
            nhs_number=number,
            nhs_number_status=NumberStatus.VERIFIED
            if verified and number
            else NumberStatus.UNVERIFIED,
            local_ids=tuple(local_ids(identifiers))[:LOCAL_IDS_MAX],
            address=None if DEFAULT_ADDRESS in reliability else _address(message),
            home_la=context.la_code,
        )
    )


def nhs_number(identifiers: list[Value], fields: Fields, name: str) -> str | None:
    """Find the NHS number by its assigning authority or its type code.

    A number that is not one is left out, and the name and date still count: a message about
    a child does not wait for a number to be corrected.
    """
    found: dict[str, None] = {}
    for value in filter(_is_nhs, identifiers):
        try:
            found[parse_nhs_number(value.part(1))] = None
        except InvalidIdentifierError:
            continue
    if len(found) > 1:
        fields.wrong(name, "names two NHS numbers", "send the one that is the patient's")
    return next(iter(found), None)


def local_ids(identifiers: list[Value]) -> list[LocalId]:
    """Read the hospital's own numbers, each under the authority that assigned it."""
    return [
        LocalId(system=value.part(4)[:SHORT_TEXT_LENGTH_MAX] or DEFAULT_SYSTEM, value=value.part(1))
        for value in identifiers
        if 0 < len(value.part(1)) <= SHORT_TEXT_LENGTH_MAX
        and value.part(5).upper() in LOCAL_TYPE_CODES
        and not _is_nhs(value)
    ]


def people(message: Message, fields: Fields) -> tuple[PersonClaim, ...]:
    """Read parents, carers, siblings and others close to the child; employers stay out.

    Raises:
        RowRefusedError: A value does not fit the contract.
    """
    found = [_person(message, kin, fields) for kin in message.all("NK1")]
    return tuple(dict.fromkeys(person for person in found if person is not None))[:PEOPLE_MAX]


def _person(message: Message, kin: hl7.Segment, fields: Fields) -> PersonClaim | None:
    code = message.text(kin, 3).upper() or message.text(kin, 7).upper()
    said = message.text(kin, 3, 2) or message.text(kin, 3) or message.text(kin, 7, 2)
    role = _ROLES.get(code) or _role_in_words(said)
    name = next(iter(message.repeats(kin, 2)), None)
    if role is None or name is None:
        return None
    return fields.build(
        lambda: PersonClaim(
            role=role,
            name=PersonName(family=name.part(1), given=name.part(2)),
            relationship=said[:SHORT_TEXT_LENGTH_MAX] or None,
        )
    )


def _reliability(message: Message) -> frozenset[str]:
    return frozenset(value.part(1).upper() for value in message.repeats(message.one("PID"), 32))


def _is_nhs(value: Value) -> bool:
    authority = {sub.upper() for sub in value.subs(4)}
    return bool(NHS_AUTHORITIES & authority) or value.part(5).upper() in NHS_TYPE_CODES


def _names(message: Message) -> list[PersonName]:
    written = [
        value
        for value in message.repeats(message.one("PID"), 5)
        if value.part(7).upper() != PSEUDONYM and (value.part(1) or value.part(2))
    ]
    ranked = sorted(written, key=lambda value: _rank(value.part(7), FULL_NAME_TYPES))
    # The surname may stand with its prefix and a partner's surname as subcomponents.
    names = [PersonName(family=value.part(1), given=value.part(2)) for value in ranked]
    return list(dict.fromkeys(names))


def _rank(kind: str, order: tuple[str, ...]) -> int:
    return order.index(kind.upper()) if kind.upper() in order else len(order)


def _address(message: Message) -> Address | None:
    homes = [
        value
        for value in message.repeats(message.one("PID"), 11)
        if value.part(7).upper() in HOME_ADDRESS_TYPES
    ]
    if not homes:
        return None
    home = min(homes, key=lambda value: _rank(value.part(7), HOME_ADDRESS_TYPES))
    lines = [home.part(component) for component in (1, 2, 8, 3, 4)]
    return Address(
        lines=tuple(line for line in lines if line)[:ADDRESS_LINES_MAX],
        postcode=_postcode(home.part(5)),
        protection=Protection.PROTECTED if _protected(message, home) else Protection.NONE,
    )


def _postcode(text: str) -> str | None:
    try:
        return parse_postcode(text) if text else None
    except InvalidIdentifierError:
        # As with numbers: the rest of the address still says where the child lives.
        return None


def _protected(message: Message, home: Value) -> bool:
    """PD1-12 (protection indicator), XAD-18 (unlisted), or a restriction (ARV) say so."""
    restrictions = (arv for arv in message.all("ARV") if message.text(arv, 2).upper() != DELETED)
    return (
        message.text(message.one("PD1"), 12).upper() == "Y"
        or home.part(18).upper() == UNLISTED
        or any(message.text(arv, 3).upper() in RESTRICTED for arv in restrictions)
    )


def _role_in_words(said: str) -> Role | None:
    lowered = said.lower()
    return next((role for word, role in _WORDS if word in lowered), None)
