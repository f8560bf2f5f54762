"""The children in need census (Department for Education, XML) to events.

The census carries no names: a child is known by UPN, date of birth and the authority's own
number. A former UPN is never read: after an adoption nothing may lead back from the new
number to the old one. Element names are those of the census; rules are reused from the
census validator: a referral at most 40 weeks before birth, no initial conference at a
weekend, one open plan, an authority's number of at most 20 letters and digits.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import ClassVar
from xml.etree.ElementTree import Element

from adapters.errors import RowError
from adapters.ingress.fields import LONDON, Fields
from adapters.ingress.record import ROWS_MAX, Mapped, MappingContext, Record, Skipped
from adapters.ingress.xmltree import child, children, elements, text
from schemas import codes
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
PREVIOUS_PLANS_MAX = 50
EVENTS_MAX = 500
"""From one child; a census year gives some tens."""
SYSTEM = "csc"
"""Under this name the authority's CSV exports give the same numbers."""
MIDDAY = 12
"""A day is written down at noon, so that no time zone moves it to the day before or after."""
SATURDAY = 5

_TRUE, _FALSE = frozenset({"1", "true", "y"}), frozenset({"0", "false", "n", ""})
_SEXES = {"M": Sex.MALE, "1": Sex.MALE, "F": Sex.FEMALE, "2": Sex.FEMALE}
"""`Sex` from 2024, `GenderCurrent` before."""


class CinCensus:
    """A census return, a row for each child."""

    name: ClassVar[str] = "cin-census-xml"
    sector: ClassVar[str] = "social_care"

    def recognises(self, name: str, data: bytes) -> bool:
        """Tell by the name and the root."""
        return name.lower().endswith(".xml") and b"<Message" in data[:4096]

    def read(self, data: bytes) -> Iterator[Record | RowError]:
        """Read children.

        Raises:
            FileRefusedError: It is not a census, or not safe XML.
        """
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
        events: list[Mapped] = list(reader.events())
        if len(events) > EVENTS_MAX:
            reader.fields.wrong("CINdetails", f"gives over {EVENTS_MAX} events", "check the child")
        reader.fields.done()
        return events or [Skipped(record.row, "nothing happened in the period")]


class _Reader:
    """Reads one child's element; what is wrong is collected, and refuses the child whole.

    Half a child's record would tell another story: a plan that began and never ended.
    """

    def __init__(self, fields: Fields, element: Element, context: MappingContext) -> None:
        self.fields = fields
        self._element = element
        self._context = context
        self._block = ""
        self._refused = False
        self._records: dict[str, int] = {}
        self._identifiers = child(element, "ChildIdentifiers")
        self._local = text(self._identifiers, "LAchildID")
        self._child = self._claim()

    def events(self) -> Iterator[ConcernEvent]:
        """Read every block of details."""
        blocks = children(self._element, "CINdetails")
        self._check_plans(blocks)
        for number, details in enumerate(blocks, 1):
            self._block = f"CINdetails[{number}]/"
            referred = self._day(details, "CINreferralDate")
            yield from self._referral(details, referred)
            for item in children(details, "Assessments"):
                yield from self._assessment(item)
            for item in children(details, "Section47"):
                yield from self._enquiry(item)
            for item in children(details, "ChildProtectionPlans"):
                yield from self._plan(item)
            self._conference(details)
            yield from self._closure(details, referred)

    def _referral(self, details: Element, referred: date | None) -> Iterator[ConcernEvent]:
        nfa = self._flag(details, "ReferralNFA")
        source = self._code(details, "ReferralSource", "referral_source")
        need = self._code(details, "PrimaryNeedCode", "primary_need")
        if referred is None:
            return
        # The census asks whether a referral ended in no further action; every other leads
        # to an assessment (Working Together 2023, chapter 3).
        outcome, words = ("nfa", "no further action") if nfa else ("assessment", "assessment")
        if self._too_early(referred):
            self._wrong("CINreferralDate", "is over 40 weeks before birth", "check both dates")
        yield from self._make(
            ReferralDecision,
            partial(
                ReferralDecisionData, outcome=outcome, referral_source=source, primary_need=need
            ),
            referred,
            f"referral {referred}",
            f"A referral was decided: {words}.",
        )

    def _assessment(self, item: Element) -> Iterator[ConcernEvent]:
        started = self._day(item, "AssessmentActualStartDate")
        done = self._day(item, "AssessmentAuthorisationDate")
        factors = self._factors(item)
        if done is None:
            return
        self._in_order("AssessmentAuthorisationDate", started, done)
        yield from self._make(
            AssessmentCompleted,
            partial(AssessmentCompletedData, authorised_on=done, factors=factors),
            done,
            f"assessment {started or done}",
            "An assessment was completed.",
        )

    def _factors(self, item: Element) -> tuple[str, ...]:
        group = child(item, "FactorsIdentifiedAtAssessment")
        known = codes.load("assessment_factors").codes
        found = [(factor.text or "").strip() for factor in children(group, "AssessmentFactors")]
        if any(factor not in known for factor in found if factor):
            self._wrong("AssessmentFactors", "is not a code of the list", "use the census's codes")
        return tuple(dict.fromkeys(factor for factor in found if factor))

    def _enquiry(self, item: Element) -> Iterator[ConcernEvent]:
        started = self._day(item, "S47ActualStartDate")
        unneeded = self._flag(item, "ICPCnotRequired")
        self._conference(item)
        if started is not None:
            yield from self._make(
                S47Started,
                partial(S47StartedData, started_on=started, conference_not_required=unneeded),
                started,
                f"section 47 {started}",
                "A section 47 enquiry began.",
            )

    def _plan(self, item: Element) -> Iterator[ConcernEvent]:
        started, ended = self._day(item, "CPPstartDate"), self._day(item, "CPPendDate")
        category = self._code(item, "InitialCategoryOfAbuse", "category_of_abuse")
        previous = self._number(item, "NumberOfPreviousCPP", PREVIOUS_PLANS_MAX)
        if started is None:
            self._wrong("CPPstartDate", "is empty", "give the day the plan began")
            return
        if category is None:
            self._wrong("InitialCategoryOfAbuse", "is empty", "use NEG, PHY, SAB, EMO or MUL")
            return
        self._in_order("CPPendDate", started, ended)
        yield from self._make(
            CpPlanStarted,
            partial(
                CpPlanStartedData, started_on=started, category=category, previous_plans=previous
            ),
            started,
            f"plan {started}",
            "A child protection plan began.",
        )
        if ended is not None:
            yield from self._make(
                CpPlanEnded,
                partial(CpPlanEndedData, ended_on=ended),
                ended,
                f"plan {started} end",
                "A child protection plan ended.",
            )

    def _closure(self, details: Element, referred: date | None) -> Iterator[ConcernEvent]:
        closed = self._day(details, "CINclosureDate")
        reason = self._code(details, "ReasonForClosure", "closure_reason")
        if closed is None:
            return
        if reason is None:
            self._wrong("ReasonForClosure", "is empty", "say why the case closed")
            return
        self._in_order("CINclosureDate", referred, closed)
        yield from self._make(
            Closure,
            partial(ClosureData, reason=reason, closed_on=closed),
            closed,
            f"closure {referred or closed}",
            "The case was closed.",
        )

    def _make(
        self,
        model: Callable[..., ConcernEvent],
        data: Callable[[], Claim],
        day: date,
        record: str,
        happened: str,
    ) -> Iterator[ConcernEvent]:
        if self._refused or self._child is None:
            return  # go on reading, so that one report names all that is wrong
        # Dates name a record, so that next year's census finds it whatever else it leaves out.
        seen = self._records[record] = self._records.get(record, 0) + 1
        noon = datetime(day.year, day.month, day.day, MIDDAY, tzinfo=LONDON).astimezone(UTC)
        common = {
            "id": self._context.new_id(),
            "agency": self._context.agency,
            "recorded_at": self._context.recorded_at,
            "source_record": f"{self._local} {record}" + (f" ({seen})" if seen > 1 else ""),
            "occurred": Occurred(at=noon, precision=Precision.DAY),
            "child": self._child,
            "purpose": Purpose.WELFARE_S17,
            "assertion": Assertion.FACT,
            "what_happened": happened,
        }
        yield self.fields.build(lambda: model(**common, data=data()))

    def _check_plans(self, blocks: list[Element]) -> None:
        plans = [plan for block in blocks for plan in children(block, "ChildProtectionPlans")]
        if sum(not text(plan, "CPPendDate") for plan in plans) > 1:
            self._wrong("CPPendDate", "is empty on two plans", "end the earlier plan")

    def _conference(self, element: Element) -> None:
        held = self._day(element, "DateOfInitialCPC")
        if held is not None and held.weekday() >= SATURDAY:
            self._wrong("DateOfInitialCPC", "is at a weekend", "check the date")

    def _too_early(self, referred: date) -> bool:
        born = (self._child.born or self._child.expected_born) if self._child else None
        if born is None or born.month is None or born.day is None:
            return False
        return referred < date(born.year, born.month, born.day) - REFERRAL_BEFORE_BIRTH_MAX

    def _claim(self) -> ChildClaim | None:
        local = self._local
        if not (local.isascii() and local.isalnum()) or len(local) > LOCAL_ID_LENGTH_MAX:
            self._wrong("LAchildID", "is not 1 to 20 letters and digits", "give the child's number")
        born = self._born("PersonBirthDate")
        expected = self._born("ExpectedPersonBirthDate", ahead=True)
        given = [text(self._identifiers, f"{kind}PersonBirthDate") for kind in ("", "Expected")]
        if not any(given):
            self._wrong("PersonBirthDate", "is empty", "give it, or the expected date")
        if all(given):
            self._wrong("ExpectedPersonBirthDate", "stands beside a date of birth", "give one")
        identifiers = Fields(0, {"UPN": text(self._identifiers, "UPN")})
        upn = identifiers.checked("UPN", parse_upn)
        if text(self._identifiers, "UPN") and upn is None:
            self._wrong("UPN", "is not a valid UPN", "correct it, or leave it empty")
        if self._refused:
            return None
        sex = text(self._identifiers, "Sex") or text(self._identifiers, "GenderCurrent")
        return self.fields.build(
            lambda: ChildClaim(
                born=born,
                expected_born=expected,
                sex=_SEXES.get(sex, Sex.UNKNOWN),
                upn=upn,
                local_ids=(LocalId(system=SYSTEM, value=local),),
                home_la=self._context.la_code,
            )
        )

    def _wrong(self, name: str, wrong: str, do: str) -> None:
        self._refused = True
        self.fields.wrong(f"{self._block}{name}", wrong, do)

    def _in_order(self, name: str, earlier: date | None, later: date | None) -> None:
        if earlier is not None and later is not None and later < earlier:
            self._wrong(name, "is before the start", "check both dates")

    def _code(self, element: Element, name: str, known: str) -> str | None:
        value = text(element, name)
        if value and value not in codes.load(known).codes:
            self._wrong(name, "is not a code of the list", "use the census's codes")
        return value or None

    def _flag(self, element: Element, name: str) -> bool:
        value = text(element, name).lower()
        if value not in _TRUE | _FALSE:
            self._wrong(name, "is neither true nor false", "write true or false")
        return value in _TRUE

    def _number(self, element: Element, name: str, most: int) -> int | None:
        value = text(element, name)
        if not value:
            return None
        number = int(value) if re.fullmatch("[0-9]{1,3}", value) else most + 1
        if number > most:
            self._wrong(name, f"is not a number from 0 to {most}", "correct it")
        return number

    def _born(self, name: str, *, ahead: bool = False) -> PartialDate | None:
        day = self._day(self._identifiers, name, ahead=ahead)
        return None if day is None else PartialDate(day.year, day.month, day.day)

    def _day(self, element: Element | None, name: str, *, ahead: bool = False) -> date | None:
        value = text(element, name)
        if not value:
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self._wrong(name, "is not a date", "write it as YYYY-MM-DD")
            return None
        if day > self._context.recorded_at.astimezone(LONDON).date() and not ahead:
            self._wrong(name, "is in the future", "check the date")
        return day
