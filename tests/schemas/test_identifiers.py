"""Identifiers are checked by their own rules, and no error quotes what was given."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidIdentifierError
from schemas.identifiers import (
    nhs_check_digit,
    parse_la_code,
    parse_nhs_number,
    parse_pnc_id,
    parse_postcode,
    parse_upn,
)

PARSERS = (parse_nhs_number, parse_upn, parse_la_code, parse_pnc_id, parse_postcode)


def _said(parse: Callable[[str], str], text: str) -> str:
    try:
        parse(text)
    except InvalidIdentifierError as error:
        return str(error)
    return ""


NINE = st.from_regex(r"[4-7][0-9]{8}", fullmatch=True)


@given(NINE)
def test_a_number_with_its_check_digit_is_read_with_or_without_spaces(nine: str) -> None:
    digit = nhs_check_digit(nine)
    if digit is None:
        return
    number = nine + digit
    assert parse_nhs_number(f"{number[:3]} {number[3:6]} {number[6:]}") == number


@given(NINE, st.integers(0, 9), st.integers(1, 9))
def test_one_digit_changed_is_always_refused(nine: str, place: int, by: int) -> None:
    digit = nhs_check_digit(nine)
    if digit is None:
        return
    number = nine + digit
    changed = str((int(number[place]) + by) % 10)
    with pytest.raises(InvalidIdentifierError):
        parse_nhs_number(number[:place] + changed + number[place + 1 :])


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text(min_size=4, max_size=30).filter(lambda text: bool(text.strip())))
def test_an_error_never_quotes_what_was_given(parse: Callable[[str], str], text: str) -> None:
    assert text not in _said(parse, text)


def test_a_postcode_is_normalised() -> None:
    assert parse_postcode("zz993fz") == "ZZ99 3FZ"
