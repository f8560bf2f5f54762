"""The children in need census (Department for Education, XML) to events.

The census carries no names: a child is known by UPN, date of birth and the authority's own
number. Rules reused from the census validator: a referral at most 40 weeks before birth,
one open plan, an authority's number of at most 20 letters and digits.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import ClassVar
from xml.etree.ElementTree import Element

from adapters.errors import RowError
from adapters.ingress.fields import LONDON, Fields
from adapters.ingress.record import ROWS_MAX, Mapped, MappingContext, Record, Skipped
from adapters.ingress.xmltree import child, children, elements, text
from schemas.event import Assertion, ConcernEvent, Purpose
from schemas.identifiers import parse_upn
from schemas.person import ChildClaim, Claim, LocalId, Sex
from schemas.social_care import (
    AssessmentCompleted,
    AssessmentCompletedData,
    Closure,
    ClosureData,
    CpPlanEnded,
    CpPlanEndedData,
    CpPlanStarted,
    CpPlanStartedData,
    ReferralDecision,
    ReferralDecisionData,
    S47Started,
    S47StartedData,
)
from schemas.times import Occurred, PartialDate, Precision

LOCAL_ID_LENGTH_MAX = 20
REFERRAL_BEFORE_BIRTH_MAX = timedelta(weeks=40)
SYSTEM = "csc"
_TRUE = frozenset({"1", "true", "y"})

FACTORS = "FactorsIdentifiedAtAssessment"


class CinCensus:
    """A census return, a row for each child."""

    name: ClassVar[str] = "cin-census-xml"
    sector: ClassVar[str] = "social_care"

    def recognises(self, name: str, data: bytes) -> bool:
        """Tell by the name and the root."""
        return name.lower().endswith(".xml") and b"<Message" in data[:4096]

    def read(self, data: bytes) -> Iterator[Record | RowError]:
        """Read children."""
        for row, element in enumerate(elements(data, root="Message", each="Child"), 1):
            if row > ROWS_MAX:
                yield RowError(row, "", f"is past child {ROWS_MAX}", "split the file")
                return
            yield Record(row, {}, element)

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """Every decision, enquiry, assessment and plan of one child."""
        element = record.parts
        assert isinstance(element, Element)
        reader = _Reader(Fields(record.row, {}), element, context)
        events = list(reader.events())
        reader.fields.done()
        return list(events) or [Skipped(record.row, "nothing happened in the period")]


class _Reader:
    """Reads one child's element; what is wrong is collected, row by row."""

    def __init__(self, fields: Fields, element: Element, context: MappingContext) -> None:
        self.fields = fields
        self._element = element
        self._context = context
        self._identifiers = child(element, "ChildIdentifiers")
        self._local = text(self._identifiers, "LAchildID")
        self._child = self._claim()
        fields.done()

    def events(self) -> Iterator[Mapped]:
        """Read every block of details."""
        for number, details in enumerate(children(self._element, "CINdetails"), 1):
            referred = self._day(details, "CINreferralDate")
            yield from self._referral(details, referred, number)
            yield from self._assessments(details, number)
            for enquiry in children(details, "Section47"):
                yield from self._enquiry(enquiry)
            yield from self._plans(details)
            closed = self._day(details, "CINclosureDate")
            if closed is not None:
                reason = text(details, "ReasonForClosure")
                yield self._make(
                    Closure,
                    partial(ClosureData, reason=reason, closed_on=closed),
                    closed,
                    f"closure {number}",
                    "The case was closed.",
                )

    def _referral(
        self, details: Element, referred: date | None, number: int
    ) -> Iterator[ConcernEvent]:
        if referred is None:
            return
        born = self._child.born or self._child.expected_born
        if born is not None and born.month and born.day:
            birth = date(born.year, born.month, born.day)
            if referred < birth - REFERRAL_BEFORE_BIRTH_MAX:
                self.fields.wrong(
                    "CINreferralDate", "is over 40 weeks before birth", "check both dates"
                )
                return
        nfa = text(details, "ReferralNFA").lower() in _TRUE
        yield self._make(
            ReferralDecision,
            partial(
                ReferralDecisionData,
                outcome="nfa" if nfa else "assessment",
                referral_source=text(details, "ReferralSource") or None,
                primary_need=text(details, "PrimaryNeedCode") or None,
            ),
            referred,
            f"referral {number}",
            "A referral was decided: no further action."
            if nfa
            else "A referral was decided: assessment.",
        )

    def _assessments(self, details: Element, number: int) -> Iterator[ConcernEvent]:
        for index, item in enumerate(children(details, "Assessments"), 1):
            done = self._day(item, "AssessmentAuthorisationDate")
            if done is None:
                continue
            factors = tuple(
                (factor.text or "").strip()
                for factor in children(
                    child(item, "FactorsIdentifiedAtAssessment"), "AssessmentFactors"
                )
            )
            yield self._make(
                AssessmentCompleted,
                partial(AssessmentCompletedData, authorised_on=done, factors=factors),
                done,
                f"assessment {number}.{index}",
                "An assessment was completed.",
            )

    def _enquiry(self, enquiry: Element) -> Iterator[ConcernEvent]:
        started = self._day(enquiry, "S47ActualStartDate")
        if started is not None:
            unneeded = text(enquiry, "ICPCnotRequired").lower() in _TRUE
            yield self._make(
                S47Started,
                partial(S47StartedData, started_on=started, conference_not_required=unneeded),
                started,
                f"section 47 {started}",
                "A section 47 enquiry began.",
            )

    def _plans(self, details: Element) -> Iterator[ConcernEvent]:
        plans = children(details, "ChildProtectionPlans")
        if sum(not text(plan, "CPPendDate") for plan in plans) > 1:
            self.fields.wrong("CPPendDate", "two plans are open at once", "end the earlier one")
            return
        for plan in plans:
            started, ended = self._day(plan, "CPPstartDate"), self._day(plan, "CPPendDate")
            if started is not None:
                yield self._make(
                    CpPlanStarted,
                    partial(
                        CpPlanStartedData,
                        started_on=started,
                        category=text(plan, "InitialCategoryOfAbuse"),
                    ),
                    started,
                    f"plan {started}",
                    "A child protection plan began.",
                )
            if started is not None and ended is not None:
                yield self._make(
                    CpPlanEnded,
                    partial(CpPlanEndedData, ended_on=ended),
                    ended,
                    f"plan {started}",
                    "A child protection plan ended.",
                )

    def _make(
        self,
        model: Callable[..., ConcernEvent],
        data: Callable[[], Claim],
        day: date,
        what: str,
        happened: str,
    ) -> ConcernEvent:
        start = datetime(day.year, day.month, day.day, 12, tzinfo=LONDON)
        common = {
            "id": self._context.new_id(),
            "agency": self._context.agency,
            "recorded_at": self._context.recorded_at,
            "source_record": f"{self._local} {what}",
            "occurred": Occurred(at=start.astimezone(UTC), precision=Precision.DAY),
            "child": self._child,
            "purpose": Purpose.WELFARE_S17,
            "assertion": Assertion.FACT,
            "what_happened": happened,
        }
        return self.fields.build(lambda: model(**common, data=data()))

    def _claim(self) -> ChildClaim:
        if not self._local.isalnum() or len(self._local) > LOCAL_ID_LENGTH_MAX:
            self.fields.wrong(
                "LAchildID", "is not 1 to 20 letters and digits", "give the system's own number"
            )
            self.fields.done()
        born = self._born("PersonBirthDate")
        expected = self._born("ExpectedPersonBirthDate")
        if born is None and expected is None:
            self.fields.wrong("PersonBirthDate", "is empty", "give it, or the expected date")
        identifiers = Fields(0, {"upn": text(self._identifiers, "UPN")})
        upn = identifiers.checked("upn", parse_upn)
        if text(self._identifiers, "UPN") and upn is None:
            self.fields.wrong("UPN", "is not a valid UPN", "correct it, or leave it empty")
        sex = text(self._identifiers, "Sex") or text(self._identifiers, "GenderCurrent")
        sex = {"1": "M", "2": "F"}.get(sex, sex)
        return self.fields.build(
            lambda: ChildClaim(
                born=born,
                expected_born=expected,
                sex=Sex(sex) if sex in set(Sex) else Sex.UNKNOWN,
                upn=upn,
                local_ids=(LocalId(system=SYSTEM, value=self._local),),
                home_la=self._context.la_code,
            )
        )

    def _born(self, name: str) -> PartialDate | None:
        value = text(self._identifiers, name)
        try:
            return PartialDate.parse(value) if value else None
        except ValueError as error:
            self.fields.wrong(name, str(error), "write it as YYYY-MM-DD")
            return None

    def _day(self, element: Element, name: str) -> date | None:
        value = text(element, name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            self.fields.wrong(name, "is not a date", "write it as YYYY-MM-DD")
            return None
