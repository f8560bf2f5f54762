"""CSV exports of a social care system: allocated workers, decided contacts, hardship."""

from typing import ClassVar

from adapters.ingress.base import CsvFormat
from adapters.ingress.fields import Fields
from adapters.ingress.record import Mapped, MappingContext, Record
from schemas.education import HardshipData
from schemas.indicators import HardshipSign
from schemas.social_care import (
    ContactOutcome,
    ContactOutcomeData,
    CscHardship,
    LeadChanged,
    LeadChangedData,
)


class Workers(CsvFormat):
    """Who is allocated to whom."""

    name: ClassVar[str] = "social-care-workers-csv"
    sector: ClassVar[str] = "social_care"
    marks: ClassVar[tuple[str, ...]] = ("worker id", "team")
    local_system: ClassVar[str] = "csc"

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one allocation; `ended` without a successor is told too."""
        fields = Fields(record.row, record.fields)
        worker = fields.needed("worker id")
        ended = fields.flag("ended")
        common = self.common(fields, context)
        la_code = common["child"].home_la
        if la_code is None:
            fields.wrong("home la", "is empty", "give the authority's three-digit code")
        return [
            fields.build(
                lambda: LeadChanged(
                    **common,
                    data=LeadChangedData(
                        worker_id=worker,
                        worker_name=fields.text("worker name"),
                        worker_email=fields.text("worker email"),
                        team=fields.text("team"),
                        la_code=la_code or "",
                        reason=fields.text("reason"),
                        previous_worker_id=fields.text("previous worker id"),
                        ended=ended or False,
                    ),
                )
            )
        ]


class Contacts(CsvFormat):
    """Contacts and what was decided about them."""

    name: ClassVar[str] = "social-care-contacts-csv"
    sector: ClassVar[str] = "social_care"
    marks: ClassVar[tuple[str, ...]] = ("contact outcome", "decided by")
    local_system: ClassVar[str] = "csc"

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one decision."""
        fields = Fields(record.row, record.fields)
        outcome = fields.needed("contact outcome").lower().replace(" ", "_")
        category = fields.needed("category")
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: ContactOutcome(
                    **common,
                    data=ContactOutcomeData(
                        outcome=outcome, category=category, decided_by=fields.text("decided by")
                    ),
                )
            )
        ]


class Hardship(CsvFormat):
    """Signs of hardship that social care or housing noted."""

    name: ClassVar[str] = "social-care-hardship-csv"
    sector: ClassVar[str] = "social_care"
    marks: ClassVar[tuple[str, ...]] = ("hardship sign", "noted by")
    local_system: ClassVar[str] = "csc"

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one sign."""
        fields = Fields(record.row, record.fields)
        sign = fields.choice("hardship sign", HardshipSign, required=True)
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: CscHardship(
                    **common, data=HardshipData(sign=sign or HardshipSign.EVICTION_NOTICE)
                )
            )
        ]
