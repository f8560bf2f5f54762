"""Words for people: what a code means, and when something is due; pure."""

from collections.abc import Mapping
from datetime import datetime

from broker.routing.due import LONDON
from schemas.directory import AgencyDirectory

WORDS: Mapping[str, str] = {
    "police.ppn.child.v1": "Public protection notice",
    "police.domestic_abuse.v1": "Domestic abuse incident",
    "police.encompass_notice.v1": "Operation Encompass notice",
    "police.missing_started.v1": "Reported missing",
    "police.missing_ended.v1": "Found",
    "health.ed_attendance.v1": "Emergency department attendance",
    "health.was_not_brought.v1": "Was not brought to an appointment",
    "health.hv_contact.v1": "Health visitor contact",
    "health.admission.v1": "Admitted to hospital",
    "health.discharge.v1": "Discharged from hospital",
    "health.registration_change.v1": "Health registration changed",
    "health.number_merged.v1": "Health records joined",
    "edu.concern_logged.v1": "Concern logged at school",
    "edu.suspension.v1": "Suspended from school",
    "edu.permanent_exclusion.v1": "Permanently excluded",
    "edu.attendance_threshold.v1": "Absence crossed a threshold",
    "edu.roll_change.v1": "School roll changed",
    "edu.hardship.v1": "Hardship noted by school",
    "csc.contact_outcome.v1": "Contact decided",
    "csc.referral_decision.v1": "Referral decided",
    "csc.assessment_completed.v1": "Assessment completed",
    "csc.s47_started.v1": "Section 47 enquiry started",
    "csc.cp_plan_started.v1": "Child protection plan started",
    "csc.cp_plan_ended.v1": "Child protection plan ended",
    "csc.lead_changed.v1": "Lead practitioner changed",
    "csc.closure.v1": "Case closed",
    "csc.hardship.v1": "Hardship noted",
    "fact": "fact",
    "opinion": "opinion",
    "allegation": "allegation",
    "superseded": "Corrected by a later record",
    "retracted": "Taken back by its agency",
    "sibling_or_twin": "May be a brother, sister or twin of a known child",
    "several_children_fit": "More than one known child fits",
    "too_little_said": "Too little was said to tell who the child is",
    "name_and_birth_only": "Name and date of birth fit a known child; nothing else does",
    "number_agrees_given_differs": "The number fits a known child; the given name does not",
    "number_agrees_nothing_else": "The number fits a known child; nothing else does",
    "details_agree_number_differs": "Everything fits a known child but the number",
    "family_name_differs": "Everything fits a known child but the family name",
    "birth_date_differs": "Everything fits a known child but the date of birth",
}


def agency_name(directory: AgencyDirectory, agency: str) -> str:
    """An agency's name as the directory writes it."""
    entry = directory.agency(agency)
    return entry.name if entry else agency


def due_sentence(due_at: datetime, now: datetime) -> str:
    """Say when an answer is due, and how long that is."""
    local = due_at.astimezone(LONDON)
    left = due_at - now
    minutes = int(abs(left).total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    span = f"{hours // 24} days" if hours >= 48 else f"{hours} h {minutes} min"  # noqa: PLR2004
    when = f"{local:%A %d %B} at {local:%H:%M}"
    if left.total_seconds() < 0:
        return f"Answer was due {when}: overdue by {span}"
    return f"Answer by {when}: {span} left"
