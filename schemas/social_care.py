"""What children's social care may send (vocabulary 3.5)."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.codes import code_of
from schemas.education import HardshipData
from schemas.event import ConcernEvent, Narrative
from schemas.identifiers import LaCode
from schemas.person import Claim, ShortText

OutcomeOfContact = Annotated[str, AfterValidator(code_of("contact_outcome"))]
OutcomeOfReferral = Annotated[str, AfterValidator(code_of("referral_outcome"))]
ReferralSource = Annotated[str, AfterValidator(code_of("referral_source"))]
PrimaryNeed = Annotated[str, AfterValidator(code_of("primary_need"))]
CategoryOfAbuse = Annotated[str, AfterValidator(code_of("category_of_abuse"))]
Factor = Annotated[str, AfterValidator(code_of("assessment_factors"))]
ClosureReason = Annotated[str, AfterValidator(code_of("closure_reason"))]
FACTORS_MAX = 41


class ContactOutcomeData(Claim):
    """What was decided about a contact, and by whom."""

    outcome: OutcomeOfContact
    category: ShortText
    decided_by: ShortText | None = None
    """The worker's id; who decided matters when it is decided again (learning theme 2)."""


class ContactOutcome(ConcernEvent):
    """A contact was decided."""

    type: Literal["csc.contact_outcome.v1"] = "csc.contact_outcome.v1"
    data: ContactOutcomeData


class ReferralDecisionData(Claim):
    """What was decided about a referral, and by whom."""

    outcome: OutcomeOfReferral
    referral_source: ReferralSource | None = None
    primary_need: PrimaryNeed | None = None
    decided_by: ShortText | None = None


class ReferralDecision(ConcernEvent):
    """A referral was decided."""

    type: Literal["csc.referral_decision.v1"] = "csc.referral_decision.v1"
    data: ReferralDecisionData


class AssessmentCompletedData(Claim):
    """An assessment authorised, with its factors."""

    authorised_on: date
    factors: Annotated[tuple[Factor, ...], Field(max_length=FACTORS_MAX)] = ()


class AssessmentCompleted(ConcernEvent):
    """An assessment was completed."""

    type: Literal["csc.assessment_completed.v1"] = "csc.assessment_completed.v1"
    data: AssessmentCompletedData


class S47StartedData(Claim):
    """A section 47 enquiry."""

    started_on: date
    conference_not_required: bool | None = None


class S47Started(ConcernEvent):
    """A section 47 enquiry began."""

    type: Literal["csc.s47_started.v1"] = "csc.s47_started.v1"
    data: S47StartedData


class CpPlanStartedData(Claim):
    """A child protection plan."""

    started_on: date
    category: CategoryOfAbuse
    previous_plans: int | None = Field(default=None, ge=0, le=50)


class CpPlanStarted(ConcernEvent):
    """A child protection plan began."""

    type: Literal["csc.cp_plan_started.v1"] = "csc.cp_plan_started.v1"
    data: CpPlanStartedData


class CpPlanEndedData(Claim):
    """The end of a child protection plan."""

    ended_on: date
    reason: ShortText | None = None


class CpPlanEnded(ConcernEvent):
    """A child protection plan ended."""

    type: Literal["csc.cp_plan_ended.v1"] = "csc.cp_plan_ended.v1"
    data: CpPlanEndedData


class LeadChangedData(Claim):
    """Who leads now; `ended` with no successor is itself news (learning theme 10)."""

    worker_id: ShortText
    worker_name: ShortText | None = Field(default=None, repr=False)
    worker_email: ShortText | None = Field(default=None, repr=False)
    team: ShortText | None = None
    la_code: LaCode
    reason: ShortText | None = None
    previous_worker_id: ShortText | None = None
    ended: bool = False


class LeadChanged(ConcernEvent):
    """The lead practitioner changed."""

    type: Literal["csc.lead_changed.v1"] = "csc.lead_changed.v1"
    data: LeadChangedData


class ClosureData(Claim):
    """Why a case closed."""

    reason: ClosureReason
    closed_on: date


class Closure(ConcernEvent):
    """A case was closed."""

    type: Literal["csc.closure.v1"] = "csc.closure.v1"
    data: ClosureData


class CscHardship(ConcernEvent):
    """Social care or housing noted hardship."""

    type: Literal["csc.hardship.v1"] = "csc.hardship.v1"
    data: HardshipData
    note: Narrative | None = Field(default=None, repr=False)
