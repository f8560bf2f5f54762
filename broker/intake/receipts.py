"""Receipts: one message for an agency's part of a batch, saying what became of each event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from broker.db.outbox import Outgoing
from broker.intake.receive import Received, Refused
from broker.keys.outward import Outward
from broker.topics import RECEIPTS
from schemas.envelope import RECEIPT_TYPE
from schemas.messages import RECEIPT_ITEMS_MAX, ReceiptBatch, ReceiptItem, ReceiptStatus


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one agency is told of its events."""

    agency: str
    items: tuple[ReceiptItem, ...]

    def sealed(self, outward: Outward, *, at: datetime) -> Outgoing:
        """Seal it to the agency."""
        body = ReceiptBatch(agency=self.agency, at=at, items=self.items)
        return outward.message(
            self.agency,
            body.model_dump_json().encode(),
            type_=RECEIPT_TYPE,
            topic=RECEIPTS,
            at=at,
        )


def receipts(
    arrivals: Sequence[Received | Refused],
    *,
    feeds: Mapping[str, int],
    outcomes: Mapping[tuple[UUID, int], str],
) -> list[Receipt]:
    """Answer every signed arrival, those seen before with what became of them then."""
    by_agency: dict[str, list[ReceiptItem]] = {}
    for arrival in arrivals:
        if arrival.envelope is None or arrival.agency is None:
            continue
        before = outcomes.get((arrival.envelope.id, feeds[arrival.source]))
        item = _item(arrival.envelope.id, arrival, before)
        by_agency.setdefault(arrival.agency, []).append(item)
    return [
        Receipt(agency, tuple(items[start : start + RECEIPT_ITEMS_MAX]))
        for agency, items in by_agency.items()
        for start in range(0, len(items), RECEIPT_ITEMS_MAX)
    ]


def _item(event_id: UUID, arrival: Received | Refused, before: str | None) -> ReceiptItem:
    refused = isinstance(arrival, Refused) if before is None else before == "quarantined"
    if not refused:
        return ReceiptItem(event_id=event_id, status=ReceiptStatus.PLACED)
    reason = arrival.reason if isinstance(arrival, Refused) else None
    return ReceiptItem(event_id=event_id, status=ReceiptStatus.QUARANTINED, reason=reason)
