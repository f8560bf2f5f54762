"""CSV exports of a force's records: notices, domestic abuse, missing episodes."""

from datetime import date
from typing import ClassVar

from adapters.ingress.base import CsvFormat
from adapters.ingress.fields import Fields
from adapters.ingress.record import Mapped, MappingContext, Record, Withdrawal
from schemas.indicators import NeglectIndicator
from schemas.police import (
    DomesticAbuse,
    DomesticAbuseData,
    EncompassNotice,
    EncompassNoticeData,
    Grade,
    MissingEnded,
    MissingEndedData,
    MissingFrom,
    MissingStarted,
    MissingStartedData,
    PpnChild,
    PpnChildData,
)
from schemas.times import PartialDate

SCHOOL_AGE_MIN, SCHOOL_AGE_MAX = 4, 17
"""Operation Encompass covers Reception to 17 (statutory guidance, 7 November 2025)."""
WITHDRAWN = "withdrawn"


class Notices(CsvFormat):
    """Public protection notices about a child."""

    name: ClassVar[str] = "police-ppn-csv"
    sector: ClassVar[str] = "police"
    marks: ClassVar[tuple[str, ...]] = ("grade", "neglect indicators")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one notice; a row marked withdrawn takes its notice back."""
        fields = Fields(record.row, record.fields)
        grade = fields.choice("grade", Grade, required=True)
        indicators = fields.choices("neglect indicators", NeglectIndicator)
        common = self.common(fields, context)
        event = fields.build(
            lambda: PpnChild(
                **common,
                data=PpnChildData(
                    grade=grade or Grade.LOW,
                    officer=fields.text("officer"),
                    neglect_indicators=indicators,
                    home_conditions=fields.text("home conditions"),
                    child_seen=fields.flag("child seen"),
                    spoken_to_alone=fields.flag("spoken to alone"),
                    actions=fields.text("actions"),
                ),
            )
        )
        withdrawn = (fields.text("status") or "").lower() == WITHDRAWN
        return [Withdrawal(event) if withdrawn else event]


class DomesticAbuseIncidents(CsvFormat):
    """Domestic abuse incidents, a row for each child; the notice to the school is derived."""

    name: ClassVar[str] = "police-da-csv"
    sector: ClassVar[str] = "police"
    marks: ClassVar[tuple[str, ...]] = ("da subtypes", "child present")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """The incident, and the school's notice for a child of school age who was there."""
        fields = Fields(record.row, record.fields)
        subtypes = tuple(word.lower().replace(" ", "_") for word in fields.several("da subtypes"))
        if not subtypes:
            fields.wrong("da subtypes", "is empty", "name the kind of abuse")
        present = fields.flag("child present")
        dash = fields.number("dash")
        common = self.common(fields, context)
        incident = fields.build(
            lambda: DomesticAbuse(
                **common,
                data=DomesticAbuseData(
                    subtypes=subtypes,
                    dash_count=dash,
                    strangulation=fields.flag("strangulation") or False,
                    weapon=fields.flag("weapon") or False,
                    pregnant=fields.flag("pregnant") or False,
                    separation=fields.flag("separation") or False,
                    children_present=present or False,
                    children_where=fields.text("child where"),
                    parties_relationship=fields.text("parties"),
                ),
            )
        )
        school = fields.text("school urn")
        occurred = incident.occurred.at.date()
        if not (present and school and of_school_age(incident.child.born, occurred)):
            return [incident]
        notice = fields.build(
            lambda: EncompassNotice(
                **common | {"id": context.new_id(), "do_not_tell_parent": True},
                data=EncompassNoticeData(
                    police_reference=common["incident"] or common["source_record"],
                    place=fields.text("place") or "at home",
                    child_present=True,
                    child_where=fields.text("child where"),
                    circumstances=common["what_happened"],
                    school_urn=school,
                    school_name=fields.text("school name"),
                ),
            )
        )
        return [incident, notice]


class MissingEpisodes(CsvFormat):
    """Missing episodes; a row with a found date ends its episode too."""

    name: ClassVar[str] = "police-missing-csv"
    sector: ClassVar[str] = "police"
    marks: ClassVar[tuple[str, ...]] = ("risk", "missing from")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """The beginning, and the end when it is known."""
        fields = Fields(record.row, record.fields)
        missing_from = fields.choice("missing from", MissingFrom, required=True)
        risk = fields.needed("risk").lower().replace(" ", "_")
        found = fields.occurred("found", "found time") if fields.text("found") else None
        common = self.common(fields, context)
        common["incident"] = common["incident"] or common["source_record"]
        started = fields.build(
            lambda: MissingStarted(
                **common,
                data=MissingStartedData(risk=risk, missing_from=missing_from or MissingFrom.HOME),
            )
        )
        if found is None:
            return [started]
        ended = fields.build(
            lambda: MissingEnded(
                **common | {"id": context.new_id(), "occurred": found},
                data=MissingEndedData(
                    found_where=fields.text("found where"),
                    found_with=fields.text("found with"),
                    injured=fields.flag("injured"),
                    prevention_interview=fields.flag("prevention interview"),
                ),
            )
        )
        return [started, ended]


def of_school_age(born: PartialDate | None, on: date) -> bool:
    """Tell whether a school may have the child; when the age is unknown, yes."""
    if born is None:
        return True
    birthday = (born.month or 1, born.day or 1)
    age = on.year - born.year - ((on.month, on.day) < birthday)
    return SCHOOL_AGE_MIN <= age <= SCHOOL_AGE_MAX
