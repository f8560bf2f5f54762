"""What a police force may send (vocabulary 3.2)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.codes import code_of
from schemas.event import ConcernEvent, Narrative
from schemas.indicators import INDICATORS_MAX, NeglectIndicator
from schemas.person import Claim, ShortText

DaSubtype = Annotated[str, AfterValidator(code_of("da_subtype"))]
MissingRisk = Annotated[str, AfterValidator(code_of("missing_risk"))]
SchoolUrn = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class Grade(StrEnum):
    """The force's own grade of a public protection notice."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    IMMEDIATE = "immediate"


class PpnChildData(Claim):
    """A public protection notice about a child."""

    grade: Grade
    officer: ShortText | None = None
    neglect_indicators: tuple[NeglectIndicator, ...] = Field(default=(), max_length=INDICATORS_MAX)
    home_conditions: Narrative | None = Field(default=None, repr=False)
    child_seen: bool | None = None
    spoken_to_alone: bool | None = None
    actions: Narrative | None = Field(default=None, repr=False)


class PpnChild(ConcernEvent):
    """Public protection notice: child."""

    type: Literal["police.ppn.child.v1"] = "police.ppn.child.v1"
    data: PpnChildData


class DomesticAbuseData(Claim):
    """A domestic abuse incident; the kind of abuse is always named (learning theme 2)."""

    subtypes: Annotated[tuple[DaSubtype, ...], Field(min_length=1, max_length=5)]
    dash_count: int | None = Field(default=None, ge=0, le=27)
    strangulation: bool = False
    weapon: bool = False
    pregnant: bool = False
    separation: bool = False
    children_present: bool
    children_where: ShortText | None = Field(default=None, repr=False)
    parties_relationship: ShortText | None = Field(default=None, repr=False)


class DomesticAbuse(ConcernEvent):
    """Domestic abuse incident; the child is a victim (Domestic Abuse Act 2021 s3)."""

    type: Literal["police.domestic_abuse.v1"] = "police.domestic_abuse.v1"
    data: DomesticAbuseData


class EncompassNoticeData(Claim):
    """What the statutory Operation Encompass notice tells a school (guidance, 7 Nov 2025)."""

    police_reference: ShortText = Field(repr=False)
    place: ShortText = Field(repr=False)
    child_present: bool
    child_where: ShortText | None = Field(default=None, repr=False)
    circumstances: Narrative = Field(repr=False)
    school_urn: SchoolUrn = Field(repr=False)
    school_name: ShortText | None = Field(default=None, repr=False)


class EncompassNotice(ConcernEvent):
    """Operation Encompass notice to the child's school."""

    type: Literal["police.encompass_notice.v1"] = "police.encompass_notice.v1"
    data: EncompassNoticeData


class MissingFrom(StrEnum):
    """Where a child went missing from."""

    HOME = "home"
    CARE = "care"
    PLACEMENT = "placement"
    SCHOOL = "school"


class MissingStartedData(Claim):
    """A child reported missing."""

    risk: MissingRisk
    missing_from: MissingFrom


class MissingStarted(ConcernEvent):
    """A missing episode began."""

    type: Literal["police.missing_started.v1"] = "police.missing_started.v1"
    data: MissingStartedData


class MissingEndedData(Claim):
    """A missing child found."""

    found_where: ShortText | None = Field(default=None, repr=False)
    found_with: ShortText | None = Field(default=None, repr=False)
    injured: bool | None = None
    prevention_interview: bool | None = None


class MissingEnded(ConcernEvent):
    """A missing episode ended."""

    type: Literal["police.missing_ended.v1"] = "police.missing_ended.v1"
    data: MissingEndedData
