"""What the broker says back to an agency, inside the seal: receipts and alerts.

A receipt says that an event is durable in exactly one place. It deliberately does not
say whether that place is a child's chronology or a person's queue: telling would let
an insider probe which children are known.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from schemas.person import Claim

RECEIPT_ITEMS_MAX = 150
"""So many fit one sealed body of 16 KiB."""
EVIDENCE_MAX = 32

Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class ReceiptStatus(StrEnum):
    """Where an event came to rest."""

    PLACED = "placed"
    QUARANTINED = "quarantined"


class ReceiptItem(Claim):
    """What became of one event."""

    event_id: UUID
    status: ReceiptStatus
    reason: Annotated[str, StringConstraints(max_length=60)] | None = None
    """A stable code, on quarantine only; never a value from the event."""


class ReceiptBatch(Claim):
    """Receipts of one agency, as many as one transaction placed."""

    type: Literal["receipt.v1"] = "receipt.v1"
    agency: str
    at: AwareDatetime
    items: tuple[ReceiptItem, ...] = Field(max_length=RECEIPT_ITEMS_MAX)


class Disclosure(StrEnum):
    """How much a recipient may know (existence and content are two policies)."""

    EXISTENCE = "existence"
    CONTENT = "content"


class EvidenceLine(Claim):
    """One event an alert rests on, as far as this recipient may know it."""

    event_id: UUID
    disclosure: Disclosure
    agency: str
    occurred: str
    """ISO 8601 date, or year-month or year where that is all the source knew."""
    summary: Sentence | None = Field(default=None, repr=False)


class AlertMessage(Claim):
    """An alert as it leaves the broker, sealed to the agency of the person who must answer."""

    type: Literal["alert.v1"] = "alert.v1"
    alert_id: UUID
    revision: int = Field(ge=1)
    recipient: str
    """The practitioner or duty desk who must answer, by directory id."""
    rule: str
    rule_version: str
    child_name: Sentence | None = Field(default=None, repr=False)
    sentence: Sentence = Field(repr=False)
    evidence: tuple[EvidenceLine, ...] = Field(default=(), max_length=EVIDENCE_MAX, repr=False)
    threshold: Sentence
    threshold_source: Sentence
    not_known: tuple[Sentence, ...] = ()
    clears_when: Sentence | None = None
    due_at: AwareDatetime
    withdrawn: bool = False
    """True when the evidence was corrected and the rule no longer holds."""
