"""CSV exports of community health: appointments not kept, health visitors' contacts.

ADT messages cannot carry either.
"""

from typing import ClassVar

from adapters.ingress.base import CsvFormat
from adapters.ingress.fields import Fields
from adapters.ingress.record import Mapped, MappingContext, Record
from schemas.health import HvContact, HvContactData, Setting, WasNotBrought, WasNotBroughtData
from schemas.indicators import NeglectIndicator


class Appointments(CsvFormat):
    """Appointments a child was not brought to."""

    name: ClassVar[str] = "health-appointments-csv"
    sector: ClassVar[str] = "health"
    marks: ClassVar[tuple[str, ...]] = ("setting", "specialty")

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """One row, one missed appointment."""
        fields = Fields(record.row, record.fields)
        setting = fields.choice("setting", Setting, required=True)
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: WasNotBrought(
                    **common,
                    data=WasNotBroughtData(
                        setting=setting or Setting.OTHER,
                        specialty=fields.text("specialty"),
                        safeguarding_relevant=fields.flag("safeguarding relevant") or False,
                        reason=fields.text("reason"),
                        rebooked=fields.flag("rebooked"),
                    ),
                )
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
        contact = fields.needed("contact").lower().replace(" ", "_")
        indicators = fields.choices("neglect indicators", NeglectIndicator)
        common = self.common(fields, context)
        return [
            fields.build(
                lambda: HvContact(
                    **common,
                    data=HvContactData(
                        contact=contact,
                        seen=fields.flag("seen") or False,
                        safer_sleep_discussed=fields.flag("safer sleep"),
                        father_seen=fields.flag("father seen"),
                        routine_enquiry=fields.flag("routine enquiry"),
                        neglect_indicators=indicators,
                    ),
                )
            )
        ]
