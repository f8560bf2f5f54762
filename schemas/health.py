"""What a health organisation may send (vocabulary 3.3)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.codes import code_of
from schemas.event import ConcernEvent, Narrative
from schemas.identifiers import NhsNumber
from schemas.indicators import INDICATORS_MAX, NeglectIndicator
from schemas.person import Claim, ShortText

OdsCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,6}$")]
SnomedCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,18}$")]
MandatedContact = Annotated[str, AfterValidator(code_of("hv_contact"))]


class EdAttendanceData(Claim):
    """An emergency department attendance."""

    provider: OdsCode | None = None
    complaint: ShortText | None = Field(default=None, repr=False)
    injury: ShortText | None = Field(default=None, repr=False)
    accompanied_by: ShortText | None = Field(default=None, repr=False)
    account_consistent: bool | None = None
    left_before_seen: bool | None = None
    safeguarding_codes: tuple[SnomedCode, ...] = Field(default=(), max_length=10)
    """SNOMED CT codes of the ECDS safeguarding concern reference set 999002381000000108."""


class EdAttendance(ConcernEvent):
    """Attended an emergency department (ADT A04, class E)."""

    type: Literal["health.ed_attendance.v1"] = "health.ed_attendance.v1"
    data: EdAttendanceData


class Setting(StrEnum):
    """Where an appointment was."""

    HOSPITAL = "hospital"
    GP = "gp"
    COMMUNITY = "community"
    DENTAL = "dental"
    OTHER = "other"


class WasNotBroughtData(Claim):
    """An appointment a child was not brought to."""

    setting: Setting
    specialty: ShortText | None = None
    safeguarding_relevant: bool = False
    """Post-injury, safeguarding, epilepsy, diabetes, oncology (learning theme 21)."""
    reason: ShortText | None = Field(default=None, repr=False)
    rebooked: bool | None = None


class WasNotBrought(ConcernEvent):
    """Was not brought to an appointment."""

    type: Literal["health.was_not_brought.v1"] = "health.was_not_brought.v1"
    data: WasNotBroughtData


class HvContactData(Claim):
    """A health visitor's contact."""

    contact: MandatedContact
    seen: bool
    safer_sleep_discussed: bool | None = None
    father_seen: bool | None = None
    routine_enquiry: bool | None = None
    neglect_indicators: tuple[NeglectIndicator, ...] = Field(default=(), max_length=INDICATORS_MAX)


class HvContact(ConcernEvent):
    """A health visitor's contact."""

    type: Literal["health.hv_contact.v1"] = "health.hv_contact.v1"
    data: HvContactData


class StayData(Claim):
    """An admission to, or discharge from, a ward."""

    provider: OdsCode | None = None
    reason: ShortText | None = Field(default=None, repr=False)
    safeguarding_outstanding: bool | None = None


class Admission(ConcernEvent):
    """Admitted (ADT A01)."""

    type: Literal["health.admission.v1"] = "health.admission.v1"
    data: StayData


class Discharge(ConcernEvent):
    """Discharged (ADT A03)."""

    type: Literal["health.discharge.v1"] = "health.discharge.v1"
    data: StayData


class RegistrationChangeData(Claim):
    """What changed on the hospital's index."""

    changed: Narrative | None = Field(default=None, repr=False)
    gp_practice: OdsCode | None = None


class RegistrationChange(ConcernEvent):
    """Demographics or registration changed (ADT A08, A28, A31)."""

    type: Literal["health.registration_change.v1"] = "health.registration_change.v1"
    data: RegistrationChangeData


class NumberMergedData(Claim):
    """Two hospital records joined into one."""

    superseded_nhs_number: NhsNumber | None = Field(default=None, repr=False)
    superseded_local_id: ShortText | None = Field(default=None, repr=False)


class NumberMerged(ConcernEvent):
    """Two records were merged at the source (ADT A40)."""

    type: Literal["health.number_merged.v1"] = "health.number_merged.v1"
    data: NumberMergedData
