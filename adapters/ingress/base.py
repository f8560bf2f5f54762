"""What every CSV format of ours shares: how it is recognised and read."""

from collections.abc import Iterator
from typing import Any, ClassVar

from adapters.errors import RowError
from adapters.ingress.child import child, people
from adapters.ingress.fields import Fields
from adapters.ingress.record import Mapped, MappingContext, Record
from adapters.ingress.table import header_of, rows
from schemas.event import Assertion, ChildVoice, Purpose, VoiceKind

COMMON = ("record", "occurred", "what happened")


class CsvFormat:
    """A CSV format, known by the columns that no other format has."""

    name: ClassVar[str]
    sector: ClassVar[str]
    marks: ClassVar[tuple[str, ...]]
    """Columns that must be there and tell this format from the others."""
    local_system: ClassVar[str] = ""

    def recognises(self, name: str, data: bytes) -> bool:
        """Tell by the header."""
        return name.lower().endswith((".csv", ".txt")) and set(self.marks) <= set(header_of(data))

    def read(self, data: bytes) -> Iterator[Record | RowError]:
        """Read rows by column name."""
        return rows(data, required=(*COMMON, *self.marks))

    def map(self, record: Record, context: MappingContext) -> list[Mapped]:
        """Turn one row into events."""
        raise NotImplementedError(self.name)

    def common(self, fields: Fields, context: MappingContext) -> dict[str, Any]:
        """Read what every event says; the rest of the columns are the format's own."""
        record = fields.needed("record")
        occurred = fields.occurred("occurred", "time")
        what = fields.needed("what happened")
        voice_words = fields.text("child's words")
        voice = fields.choice("child's voice", VoiceKind)
        if voice_words and voice is None:
            voice = VoiceKind.SAID
        others = people(fields)
        claim = child(fields, context, local_system=self.local_system)
        fields.done()
        return {
            "id": context.new_id(),
            "agency": context.agency,
            "recorded_at": context.recorded_at,
            "source_record": record,
            "incident": fields.text("incident"),
            "occurred": occurred,
            "child": claim,
            "people": others,
            "purpose": fields.choice("purpose", Purpose) or Purpose.WELFARE_S17,
            "assertion": fields.choice("assertion", Assertion) or Assertion.FACT,
            "what_happened": what,
            "impact_on_child": fields.text("impact on child"),
            "child_voice": ChildVoice(kind=voice, words=voice_words) if voice else None,
            "do_not_tell_parent": fields.flag("do not tell parent") or False,
        }
