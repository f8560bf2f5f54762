"""Publish an event: one call, durable when it returns."""

import os
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from adapters.errors import ConfigError, TooLargeError
from adapters.ingress.record import Withdrawal
from adapters.sdk.keys import AgencyKeys, Directories
from adapters.sdk.spool import Place, Spool
from schemas.catalogue import dump_event
from schemas.envelope import SEALED_TYPE, Envelope
from schemas.event import ConcernEvent
from schemas.sealing import PAYLOAD_BYTES_MAX, SALT_BYTES, RecipientPublicKey, seal
from schemas.service import Heartbeat


class Publisher:
    """One agency system's way in."""

    def __init__(
        self,
        *,
        agency: str,
        source: str,
        keys: AgencyKeys,
        directories: Directories,
        spool: Spool,
        clock: Callable[[], datetime],
    ) -> None:
        self._agency = agency
        self._source = source
        self._keys = keys
        self._directories = directories
        self._spool = spool
        self._clock = clock

    def publish(self, event: ConcernEvent | Heartbeat | Withdrawal) -> UUID:
        """Publish an event; the same words again publish nothing new.

        A record said again in other words corrects its last event of that type; a record
        taken back retracts it.

        Returns:
            The event's id, durable in the spool.

        Raises:
            ConfigError: The event names another agency, or no key to seal to is current.
            TooLargeError: It does not fit a sealed body.
        """
        withdrawn = isinstance(event, Withdrawal)
        said: ConcernEvent | Heartbeat = event.event if isinstance(event, Withdrawal) else event
        if said.agency != self._agency:
            msg = "the event names another agency than this adapter's"
            raise ConfigError(msg)
        record = said.source_record if isinstance(said, ConcernEvent) else said.type
        words = said.model_dump_json(exclude={"id", "recorded_at"}, exclude_none=True)
        fingerprint = self._keys.hidden("fingerprint", str(withdrawn), said.type, words)
        before = self._spool.find(fingerprint)
        if before is not None and isinstance(said, ConcernEvent):
            return before
        hidden = self._keys.hidden("record", self._source, record)
        last = self._spool.last_of(hidden, said.type)
        if last is not None and isinstance(said, ConcernEvent):
            said = said.model_copy(update={"retracts" if withdrawn else "supersedes": last})
        return self._seal(said, fingerprint=fingerprint, record=hidden)

    def heartbeat(self, new_id: UUID) -> UUID:
        """Say that this adapter is alive, and how far it has come."""
        return self.publish(
            Heartbeat(
                id=new_id,
                agency=self._agency,
                recorded_at=self._clock(),
                last_sequence=self._spool.last_sequence(),
            )
        )

    def _seal(self, event: ConcernEvent | Heartbeat, *, fingerprint: bytes, record: bytes) -> UUID:
        now = self._clock()
        body = dump_event(event)
        if len(body) > PAYLOAD_BYTES_MAX:
            msg = f"the event is over {PAYLOAD_BYTES_MAX} bytes: shorten its accounts"
            raise TooLargeError(msg)
        entry = self._directories.own(self._agency, now)
        topic = entry.topics[0]
        recipient = self._directories.ingress(now).ingress_key(topic, now)
        if recipient is None:
            msg = "no key to seal to is current: fetch the directory of ingress keys again"
            raise ConfigError(msg)
        return self._spool.add(
            lambda place: self._envelope(event.id, body, place, recipient, topic, now),
            topic=topic,
            key=record,
            fingerprint=fingerprint,
            record=record,
            kind=event.type,
            at=time.time(),
        )

    def _envelope(
        self,
        event_id: UUID,
        body: bytes,
        place: Place,
        recipient: RecipientPublicKey,
        topic: str,
        now: datetime,
    ) -> Envelope:
        return seal(
            body,
            type=SEALED_TYPE,
            id=event_id,
            source=self._source,
            time=now,
            topic=topic,
            sequence=place.sequence,
            prev=place.prev,
            recipient=recipient,
            signer=self._keys.signing,
            salt=os.urandom(SALT_BYTES),
        )
