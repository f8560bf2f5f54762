"""CSV exports of community health: appointments not kept, health visitors' contacts.

ADT messages cannot carry either.
"""

from typing import ClassVar

from adapters.ingress.base import CsvFormat
from adapters.ingress.fields import Fields
from adapters.ingress.record import Mapped, MappingContext, Record
from schemas.codes import load
from schemas.health import HvContact, HvContactData, Setting, WasNotBrought, WasNotBroughtData
from schemas.indicators import NeglectIndicator

MANDATED_CONTACTS = tuple(load("hv_contact").codes)


class Appointments(CsvFormat):
    """Appointments a child was not brought to."""

    name: ClassVar[str] = "health-appointments-csv"
    sector: ClassVar[str] = "health"
    marks: ClassVar[tuple[str, ...]] = ("setting", "specialty")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one missed appointment."""
        fields = Fields(record.row, record.fields)
        data = {
            "setting": fields.choice("setting", Setting, required=True),
            "specialty": fields.text("specialty"),
            "safeguarding_relevant": fields.flag("safeguarding relevant") or False,
            "reason": fields.text("reason"),
            "rebooked": fields.flag("rebooked"),
        }
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: WasNotBrought(**common, data=WasNotBroughtData.model_validate(data))
            )
        ]


class HealthVisiting(CsvFormat):
    """Health visitors' contacts."""

    name: ClassVar[str] = "health-visiting-csv"
    sector: ClassVar[str] = "health"
    marks: ClassVar[tuple[str, ...]] = ("contact", "seen")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one contact."""
        fields = Fields(record.row, record.fields)
        seen = fields.flag("seen")
        if seen is None and not fields.text("seen"):
            # An empty box is not a child who was not seen.
            fields.wrong("seen", "is empty", "write Y or N")
        data = {
            "contact": fields.needed("contact").lower().replace(" ", "_"),
            "seen": seen,
            "safer_sleep_discussed": fields.flag("safer sleep"),
            "father_seen": fields.flag("father seen"),
            "routine_enquiry": fields.flag("routine enquiry"),
            "neglect_indicators": fields.choices("neglect indicators", NeglectIndicator),
        }
        if data["contact"] and data["contact"] not in MANDATED_CONTACTS:
            fields.wrong(
                "contact", "is not a contact of the list", f"use {', '.join(MANDATED_CONTACTS)}"
            )
        common = self.common(fields, context)
        return [fields.build(lambda: HvContact(**common, data=HvContactData.model_validate(data)))]
