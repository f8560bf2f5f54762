"""What a school or education service may send (vocabulary 3.4)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.codes import code_of
from schemas.event import ConcernEvent, Narrative
from schemas.indicators import INDICATORS_MAX, HardshipSign, NeglectIndicator
from schemas.person import Claim, ShortText

ReasonCode = Annotated[str, AfterValidator(code_of("suspension_reason"))]
REASONS_MAX = 3
"""A census return carries up to three reasons."""


class ConcernLoggedData(Claim):
    """A concern a member of staff wrote down."""

    category: ShortText
    neglect_indicators: tuple[NeglectIndicator, ...] = Field(default=(), max_length=INDICATORS_MAX)
    actions: Narrative | None = Field(default=None, repr=False)
    logged_by: ShortText | None = Field(default=None, repr=False)


class ConcernLogged(ConcernEvent):
    """A concern logged in a school."""

    type: Literal["edu.concern_logged.v1"] = "edu.concern_logged.v1"
    data: ConcernLoggedData


class SuspensionData(Claim):
    """A fixed-period suspension."""

    start: date
    sessions: int = Field(ge=1, le=90)
    """Half days; a school day has two."""
    cumulative_days_term: float | None = Field(default=None, ge=0, le=45)
    reasons: Annotated[tuple[ReasonCode, ...], Field(max_length=REASONS_MAX)] = ()
    sen: bool | None = None
    social_worker_told: bool | None = None


class Suspension(ConcernEvent):
    """Suspended from school."""

    type: Literal["edu.suspension.v1"] = "edu.suspension.v1"
    data: SuspensionData


class PermanentExclusionData(Claim):
    """A permanent exclusion."""

    decided_on: date
    reasons: Annotated[tuple[ReasonCode, ...], Field(max_length=REASONS_MAX)] = ()
    sen: bool | None = None
    social_worker_told: bool | None = None
    day_six_provision: ShortText | None = None


class PermanentExclusion(ConcernEvent):
    """Permanently excluded from school."""

    type: Literal["edu.permanent_exclusion.v1"] = "edu.permanent_exclusion.v1"
    data: PermanentExclusionData


class AbsenceThreshold(StrEnum):
    """Persistent: 10 % of sessions missed; severe: 50 % (Department for Education)."""

    PERSISTENT = "persistent"
    SEVERE = "severe"


class AttendanceThresholdData(Claim):
    """Attendance that crossed a threshold."""

    threshold: AbsenceThreshold
    percent_missed: float = Field(ge=0, le=100)
    percent_unauthorised: float = Field(ge=0, le=100)
    sessions_possible: int = Field(ge=1)
    period_start: date
    period_end: date
    school_average_missed: float | None = Field(default=None, ge=0, le=100)


class AttendanceThreshold(ConcernEvent):
    """Absence crossed a threshold."""

    type: Literal["edu.attendance_threshold.v1"] = "edu.attendance_threshold.v1"
    data: AttendanceThresholdData


class RollAction(StrEnum):
    """What happened on the admission register."""

    ADDED = "added"
    DELETED = "deleted"


class RollChangeData(Claim):
    """A change of the admission register."""

    action: RollAction
    on: date
    ground: ShortText | None = None
    destination: ShortText | None = Field(default=None, repr=False)
    file_sent: bool | None = None


class RollChange(ConcernEvent):
    """Joined or left a school's roll."""

    type: Literal["edu.roll_change.v1"] = "edu.roll_change.v1"
    data: RollChangeData


class HardshipData(Claim):
    """A sign of hardship, in its own lane."""

    sign: HardshipSign


class EduHardship(ConcernEvent):
    """A school noted hardship."""

    type: Literal["edu.hardship.v1"] = "edu.hardship.v1"
    data: HardshipData
