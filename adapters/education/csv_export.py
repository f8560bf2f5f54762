"""CSV exports of a school's records: concerns, suspensions, attendance, roll, hardship."""

from collections.abc import Sequence
from typing import ClassVar

from adapters.ingress.base import CsvFormat
from adapters.ingress.fields import Fields
from adapters.ingress.record import Mapped, MappingContext, Record, Skipped
from schemas.codes import load
from schemas.education import (
    AbsenceThreshold,
    AttendanceThreshold,
    AttendanceThresholdData,
    ConcernLogged,
    ConcernLoggedData,
    EduHardship,
    HardshipData,
    PermanentExclusion,
    PermanentExclusionData,
    RollAction,
    RollChange,
    RollChangeData,
    Suspension,
    SuspensionData,
)
from schemas.indicators import HardshipSign, NeglectIndicator

PERSISTENT_PERCENT, SEVERE_PERCENT = 10.0, 50.0
"""Department for Education: persistent absence 10 % of sessions missed, severe 50 %."""
NOT_POSSIBLE = frozenset(["D", "X", "Q", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7", "Z", "#"])
"""Not possible sessions: no attendance was required or it could not be (2024 regulations)."""
AUTHORISED = frozenset(["C", "C1", "C2", "E", "I", "J1", "M", "R", "S", "T"])
UNAUTHORISED = frozenset(["G", "N", "O", "U"])


class Concerns(CsvFormat):
    """Concerns as a safeguarding log exports them."""

    name: ClassVar[str] = "education-concerns-csv"
    sector: ClassVar[str] = "education"
    marks: ClassVar[tuple[str, ...]] = ("category", "logged by")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one concern."""
        fields = Fields(record.row, record.fields)
        category = fields.needed("category")
        indicators = fields.choices("neglect indicators", NeglectIndicator)
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: ConcernLogged(
                    **common,
                    data=ConcernLoggedData(
                        category=category,
                        neglect_indicators=indicators,
                        actions=fields.text("actions"),
                        logged_by=fields.text("logged by"),
                    ),
                )
            )
        ]


class Exclusions(CsvFormat):
    """Suspensions and permanent exclusions."""

    name: ClassVar[str] = "education-suspensions-csv"
    sector: ClassVar[str] = "education"
    marks: ClassVar[tuple[str, ...]] = ("exclusion type", "reasons")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """SUSP is a suspension, PERM a permanent exclusion."""
        fields = Fields(record.row, record.fields)
        kind = fields.needed("exclusion type").upper()
        if kind not in {"SUSP", "PERM"}:
            fields.wrong("exclusion type", "is not known", "use SUSP or PERM")
        sessions = fields.number("sessions")
        if kind == "SUSP" and sessions is None:
            fields.wrong("sessions", "is empty", "give the number of half days")
        reasons = tuple(word.upper() for word in fields.several("reasons"))
        common = self.common(fields, context)
        day = common["occurred"].at.date()
        told, sen = fields.flag("social worker told"), fields.flag("sen")
        if kind == "PERM":
            return [
                fields.build(
                    lambda: PermanentExclusion(
                        **common,
                        data=PermanentExclusionData(
                            decided_on=day,
                            reasons=reasons,
                            sen=sen,
                            social_worker_told=told,
                            day_six_provision=fields.text("day six provision"),
                        ),
                    )
                )
            ]
        return [
            fields.build(
                lambda: Suspension(
                    **common,
                    data=SuspensionData(
                        start=day,
                        sessions=sessions or 0,
                        reasons=reasons,
                        sen=sen,
                        social_worker_told=told,
                    ),
                )
            )
        ]


class Attendance(CsvFormat):
    """A pupil's marks over a period, as codes separated by spaces."""

    name: ClassVar[str] = "education-attendance-csv"
    sector: ClassVar[str] = "education"
    marks: ClassVar[tuple[str, ...]] = ("marks", "period start", "period end")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """An event only when a threshold is crossed; other pupils' marks stay at school."""
        fields = Fields(record.row, record.fields)
        codes = [code.upper() for code in fields.needed("marks").split()]
        unknown = sum(code not in load("attendance").codes for code in codes)
        if unknown:
            fields.wrong("marks", f"{unknown} codes are not of the 2024 list", "correct them")
        start, end = fields.day("period start"), fields.day("period end")
        if start is None or end is None:
            fields.wrong("period start", "the period is not whole", "give its first and last day")
        fields.done()
        possible, missed, unauthorised = summary(codes)
        if possible == 0 or 100.0 * missed / possible < PERSISTENT_PERCENT:
            return [Skipped(record.row, "no threshold is crossed")]
        percent = 100.0 * missed / possible
        common = self.common(fields, context)
        severe = percent >= SEVERE_PERCENT
        return [
            fields.build(
                lambda: AttendanceThreshold(
                    **common,
                    data=AttendanceThresholdData(
                        threshold=AbsenceThreshold.SEVERE
                        if severe
                        else AbsenceThreshold.PERSISTENT,
                        percent_missed=round(percent, 1),
                        percent_unauthorised=round(100.0 * unauthorised / possible, 1),
                        sessions_possible=possible,
                        period_start=start,
                        period_end=end,
                    ),
                )
            )
        ]


class Roll(CsvFormat):
    """Pupils who joined or left the roll."""

    name: ClassVar[str] = "education-roll-csv"
    sector: ClassVar[str] = "education"
    marks: ClassVar[tuple[str, ...]] = ("roll action", "ground")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one change."""
        fields = Fields(record.row, record.fields)
        action = fields.choice("roll action", RollAction, required=True)
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: RollChange(
                    **common,
                    data=RollChangeData(
                        action=action or RollAction.ADDED,
                        on=common["occurred"].at.date(),
                        ground=fields.text("ground"),
                        destination=fields.text("destination"),
                        file_sent=fields.flag("file sent"),
                    ),
                )
            )
        ]


class Hardship(CsvFormat):
    """Signs of hardship, in their own lane."""

    name: ClassVar[str] = "education-hardship-csv"
    sector: ClassVar[str] = "education"
    marks: ClassVar[tuple[str, ...]] = ("hardship sign", "free school meals")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one sign."""
        fields = Fields(record.row, record.fields)
        sign = fields.choice("hardship sign", HardshipSign, required=True)
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: EduHardship(
                    **common, data=HardshipData(sign=sign or HardshipSign.NEW_FREE_SCHOOL_MEALS)
                )
            )
        ]


def summary(codes: Sequence[str]) -> tuple[int, int, int]:
    """Count sessions possible, missed, and missed without leave."""
    possible = [code for code in codes if code not in NOT_POSSIBLE]
    unauthorised = sum(code in UNAUTHORISED for code in possible)
    missed = unauthorised + sum(code in AUTHORISED for code in possible)
    return len(possible), missed, unauthorised
