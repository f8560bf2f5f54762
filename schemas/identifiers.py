"""Identifiers as checked value types: a string that has passed its check, or an error.

Formats, check digits and worked examples: the identifiers reference of this project
(NHS Data Dictionary for NHS numbers; DfE "A guide to unique pupil numbers" for UPNs; the
Police National Computer's own check letter). No message ever quotes the value.
"""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from schemas.errors import InvalidIdentifierError

NHS_NUMBER_DIGITS: Final = 10
TEST_RANGE_PREFIX: Final = "999"
"""NHS numbers of this range are never issued; the only ones allowed in demonstration data."""
UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""Check letters by remainder modulo 23; no I, O or S."""
PNC_LETTERS: Final = "ZABCDEFGHJKLMNPQRTUVWXY"
"""Check letters by remainder modulo 23."""

_LA_RANGES: Final = (
    "001-005 201-213 301-320 330-336 340-344 350-359 370-373 380-384 390-394 420 660-681 701-708"
    " 800-803 805-808 810-813 815 816 820-823 825 826 830 831 835-841 845 846 850-852 855-857 860"
    " 861 865-896 908 909 916 919 921 925 926 928 929 931 933 935-938 940-943"
)
"""Local authority codes that appear in UPNs, historic ones included (DfE; CIN validator)."""


def _expand(ranges: str) -> frozenset[str]:
    codes: set[str] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        codes |= {f"{number:03d}" for number in range(int(first), int(last or first) + 1)}
    return frozenset(codes)


LA_CODES: Final = _expand(_LA_RANGES)

_POSTCODE = re.compile(r"^([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][ABD-HJLNP-UW-Z]{2})$")
_UPN = re.compile(r"^[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]$")
_PNC = re.compile(r"^([0-9]{4})/?([0-9]{7})([A-HJ-NP-RT-Z])$")
_SEPARATORS = str.maketrans("", "", " -\t\u00a0")


def nhs_check_digit(nine: str) -> str | None:
    """Compute the check digit of nine digits; None when no number may begin with them."""
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    check = (11 - total % 11) % 11
    return None if check == NHS_NUMBER_DIGITS else str(check)


def parse_nhs_number(text: str) -> str:
    """Read an NHS number as people write it.

    Args:
        text: Ten digits, optionally spaced or hyphenated 3-3-4.

    Raises:
        InvalidIdentifierError: Not ten digits, one digit repeated, or the check digit is wrong.
    """
    digits = text.translate(_SEPARATORS)
    if len(digits) != NHS_NUMBER_DIGITS or not (digits.isascii() and digits.isdigit()):
        msg = "an NHS number is ten digits"
        raise InvalidIdentifierError(msg)
    if len(set(digits)) == 1 or nhs_check_digit(digits[:9]) != digits[9]:
        msg = "the NHS number's check digit is wrong"
        raise InvalidIdentifierError(msg)
    return digits


def is_test_nhs_number(number: str) -> bool:
    """Tell whether a number is of the range that is never issued."""
    return number.startswith(TEST_RANGE_PREFIX)


def parse_upn(text: str) -> str:
    """Read a unique pupil number.

    The authority in it is not held against a list: numbers outlive authorities.

    Raises:
        InvalidIdentifierError: Its form or check letter is wrong.
    """
    upn = text.translate(_SEPARATORS).upper()
    if not _UPN.match(upn):
        msg = "a UPN is a letter and twelve digits (the last may be a letter)"
        raise InvalidIdentifierError(msg)
    if upn_check_letter(upn[1:]) != upn[0]:
        msg = "the UPN's check letter is wrong"
        raise InvalidIdentifierError(msg)
    return upn


def upn_check_letter(twelve: str) -> str:
    """Compute the check letter of the twelve characters after it."""
    total = sum(_upn_value(char) * weight for weight, char in enumerate(twelve, start=2))
    return UPN_LETTERS[total % 23]


def _upn_value(char: str) -> int:
    return int(char) if char.isdigit() else UPN_LETTERS.index(char)


def is_temporary_upn(upn: str) -> bool:
    """Tell whether a UPN is temporary: its last character is a letter."""
    return upn[-1].isalpha()


def parse_la_code(text: str) -> str:
    """Read a local authority's three-digit code.

    Raises:
        InvalidIdentifierError: No authority has or had it.
    """
    code = text.strip()
    if code not in LA_CODES:
        msg = "a local authority code is three digits of a known authority"
        raise InvalidIdentifierError(msg)
    return code


def parse_pnc_id(text: str) -> str:
    """Read a Police National Computer identifier, as `YYYY/NNNNNNNL`.

    Raises:
        InvalidIdentifierError: Its form or check letter is wrong.
    """
    match = _PNC.match(text.strip().upper())
    if not match:
        msg = "a PNC id is a year, seven digits and a letter"
        raise InvalidIdentifierError(msg)
    year, serial, letter = match.groups()
    if PNC_LETTERS[int(year[2:] + serial) % 23] != letter:
        msg = "the PNC id's check letter is wrong"
        raise InvalidIdentifierError(msg)
    return f"{year}/{serial}{letter}"


def parse_postcode(text: str) -> str:
    """Read a postcode into the form `AB1 2CD`.

    Raises:
        InvalidIdentifierError: It has not the form of one.
    """
    match = _POSTCODE.match(text.translate(_SEPARATORS).upper())
    if not match:
        msg = "a postcode has the form AB1 2CD"
        raise InvalidIdentifierError(msg)
    return f"{match[1]} {match[2]}"


_Short = StringConstraints(max_length=40)
NhsNumber = Annotated[str, _Short, AfterValidator(parse_nhs_number)]
Upn = Annotated[str, _Short, AfterValidator(parse_upn)]
LaCode = Annotated[str, _Short, AfterValidator(parse_la_code)]
PncId = Annotated[str, _Short, AfterValidator(parse_pnc_id)]
Postcode = Annotated[str, _Short, AfterValidator(parse_postcode)]
