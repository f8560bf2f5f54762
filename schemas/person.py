"""The child as the source knows it, and the other people in the event.

These are *claims*: what one agency wrote down, never the truth about a person.
Every personal value keeps out of `repr`, so that no log or traceback can show it.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.identifiers import LaCode, NhsNumber, Postcode, Upn
from schemas.times import PartialDate

NAME_LENGTH_MAX = 300
"""Characters in one name. Real names are long; 300 is the bound the matcher is tested to."""
ALIASES_MAX = 8
LOCAL_IDS_MAX = 8
SHORT_TEXT_LENGTH_MAX = 300

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=NAME_LENGTH_MAX)]
ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SHORT_TEXT_LENGTH_MAX)
]


class Claim(BaseModel):
    """Base of every part of an event: frozen, closed, silent about its values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Sex(StrEnum):
    """Sex as recorded, CIN census 2024 onwards (M, F, U unknown or unborn)."""

    MALE = "M"
    FEMALE = "F"
    UNKNOWN = "U"


class Protection(StrEnum):
    """Whether an address may be used or shown (the PDS sensitive flag; refuge, adoption)."""

    NONE = "none"
    PROTECTED = "protected"
    """Hidden from everyone but the team that protects it: refuge, adoption, witness, S-flag."""


class Address(Claim):
    """An address as claimed, with its protection flag."""

    lines: tuple[ShortText, ...] = Field(default=(), max_length=6, repr=False)
    postcode: Postcode | None = Field(default=None, repr=False)
    uprn: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")] | None = Field(
        default=None, repr=False
    )
    protection: Protection = Protection.NONE


class PersonName(Claim):
    """Given and family name as written by the source; either may be missing."""

    given: Name = Field(default="", repr=False)
    family: Name = Field(default="", repr=False)


class LocalId(Claim):
    """A source system's own number for a person; means nothing outside that system."""

    system: ShortText
    value: ShortText = Field(repr=False)


class NumberStatus(StrEnum):
    """How sure the source is of an NHS number (PDS tracing status, shortened)."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"


class AbsenceReason(StrEnum):
    """Why no NHS number is given (Children Act 2004 s16LC(6)-(8))."""

    UNKNOWN_DELAY = "unknown_delay"
    DETRIMENT = "detriment"
    NOT_RELEVANT = "not_relevant"
    NOT_COMMENCED = "not_commenced"


class ChildClaim(Claim):
    """The child an event is about, as its source knows the child."""

    name: PersonName = Field(default_factory=PersonName, repr=False)
    aliases: tuple[PersonName, ...] = Field(default=(), max_length=ALIASES_MAX, repr=False)
    born: PartialDate | None = Field(default=None, repr=False)
    expected_born: PartialDate | None = Field(default=None, repr=False)
    sex: Sex = Field(default=Sex.UNKNOWN, repr=False)
    nhs_number: NhsNumber | None = Field(default=None, repr=False)
    nhs_number_status: NumberStatus = NumberStatus.UNVERIFIED
    identifier_absence_reason: AbsenceReason | None = None
    upn: Upn | None = Field(default=None, repr=False)
    local_ids: tuple[LocalId, ...] = Field(default=(), max_length=LOCAL_IDS_MAX, repr=False)
    address: Address | None = Field(default=None, repr=False)
    home_la: LaCode | None = None
    school_urn: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = Field(
        default=None, repr=False
    )


class Role(StrEnum):
    """What a person is in the event (DPA 2018 s38 asks that categories be told apart)."""

    PARENT = "parent"
    CARER = "carer"
    SIBLING = "sibling"
    HOUSEHOLD = "household"
    SUSPECT = "suspect"
    VICTIM = "victim"
    WITNESS = "witness"
    PROFESSIONAL = "professional"


class PersonClaim(Claim):
    """Another person in the event and what they are to the child."""

    role: Role
    name: PersonName = Field(default_factory=PersonName, repr=False)
    born: PartialDate | None = Field(default=None, repr=False)
    relationship: ShortText | None = Field(default=None, repr=False)
    parental_responsibility: bool | None = None
    male_carer: bool | None = None
