"""Verify, open and validate one record; pure.

1. The headers are one well-formed envelope of the sealed type.
2. The signing key is a current one of an agency of the directory.
3. The agency may send from this source, and to this topic.
4. The signature and the seal hold, for this topic.
5. The event inside fits its published schema, names the same agency and the same id, and
   is of a type its sector may send.

Every refusal is a reason code of a closed list. Nothing else about the record leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from broker.errors import RefusedError
from broker.model.raw import RawRecord
from schemas.catalogue import AnyEvent, may_send, parse_event
from schemas.directory import AgencyDirectory, AgencyEntry
from schemas.envelope import SEALED_TYPE, Envelope
from schemas.errors import EnvelopeError, InvalidEventError, SealError
from schemas.sealing import RecipientPrivateKey, open_sealed, verify


class Refusal(StrEnum):
    """Why a record can never be handled. Codes: safe in a receipt, a metric and a log."""

    ENVELOPE_MALFORMED = "envelope_malformed"
    SENDER_UNKNOWN = "sender_unknown"
    SENDER_NOT_OF_TOPIC = "sender_not_of_topic"
    SEAL_REFUSED = "seal_refused"
    KEY_EPOCH_UNKNOWN = "key_epoch_unknown"
    EVENT_INVALID = "event_invalid"
    EVENT_NOT_OF_SENDER = "event_not_of_sender"
    HANDLING_FAILED = "handling_failed"


@dataclass(frozen=True, slots=True)
class Received:
    """An event that came through the door."""

    raw: RawRecord = field(repr=False)
    envelope: Envelope = field(repr=False)
    agency: str
    sector: str
    event: AnyEvent = field(repr=False)
    body: bytes = field(repr=False)
    """The event exactly as its agency wrote it; what the chronology keeps."""

    @property
    def source(self) -> str:
        """The agency's system it came from."""
        return self.envelope.source


@dataclass(frozen=True, slots=True)
class Refused:
    """A record for quarantine; the agency and envelope only where the signature proved them."""

    raw: RawRecord = field(repr=False)
    reason: Refusal
    agency: str | None = None
    envelope: Envelope | None = field(default=None, repr=False)
    source: str = ""
    """The agency's own source; one it has not registered is never believed."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the door needs: who may send, and the keys that open."""

    directory: AgencyDirectory
    ingress: Mapping[str, RecipientPrivateKey] = field(repr=False)

    def receive(self, raw: RawRecord, *, now: datetime) -> Received | Refused:
        """Take one record, or refuse it; never raises for anything a record can hold."""
        try:
            envelope = Envelope.parse(raw.headers, raw.value)
        except EnvelopeError:
            return Refused(raw, Refusal.ENVELOPE_MALFORMED)
        sender = self._sender(envelope, raw.topic, now)
        if isinstance(sender, Refusal):
            return Refused(raw, sender)
        try:
            body = self._open(envelope, raw.topic, sender)
            event = self._read(envelope, sender, body)
        except RefusedError as refused:
            own = envelope.source in sender.sources
            source = envelope.source if own else f"urn:agency:{sender.agency}:unregistered"
            return Refused(raw, Refusal(refused.reason), sender.agency, envelope, source)
        return Received(raw, envelope, sender.agency, sender.sector, event, body)

    def _sender(self, envelope: Envelope, topic: str, now: datetime) -> AgencyEntry | Refusal:
        """Whose signature this is, once it is proved."""
        if envelope.type != SEALED_TYPE:
            return Refusal.ENVELOPE_MALFORMED
        known = self.directory.verify_key(envelope.sig_kid, now)
        if known is None:
            return Refusal.SENDER_UNKNOWN
        entry, key = known
        try:
            verify(envelope, topic=topic, key=key)
        except SealError:
            return Refusal.SEAL_REFUSED
        return entry

    def _open(self, envelope: Envelope, topic: str, sender: AgencyEntry) -> bytes:
        if envelope.source not in sender.sources or topic not in sender.topics:
            raise RefusedError(Refusal.SENDER_NOT_OF_TOPIC)
        private = self.ingress.get(envelope.recipient_kid)
        if private is None:
            raise RefusedError(Refusal.KEY_EPOCH_UNKNOWN)
        try:
            return open_sealed(envelope, topic=topic, key=private)
        except SealError:
            raise RefusedError(Refusal.SEAL_REFUSED) from None

    def _read(self, envelope: Envelope, sender: AgencyEntry, body: bytes) -> AnyEvent:
        try:
            event = parse_event(body)
        except InvalidEventError:
            raise RefusedError(Refusal.EVENT_INVALID) from None
        ours = event.agency == sender.agency and event.id == envelope.id
        if not ours or not may_send(sender.sector, event.type):
            raise RefusedError(Refusal.EVENT_NOT_OF_SENDER)
        return event
