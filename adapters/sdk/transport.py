"""From the spool to Kafka, and from Kafka the receipts and alerts back.

Kafka's acknowledgement is not the end: an event is sent again, ever less often, until a
receipt says what became of it. The broker folds repeats by source and id.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from adapters.sdk.keys import AgencyKeys, Directories
from adapters.sdk.spool import Spool, State
from schemas.envelope import ALERT_TYPE, RECEIPT_TYPE, Envelope
from schemas.errors import EnvelopeError, SealError
from schemas.messages import ReceiptBatch
from schemas.sealing import open_sealed, verify

SEND_EVENTS_MAX = 200
SEND_TIMEOUT_S = 30
PAUSE_S = 0.2
RETRY_S = 1.0
READ_EVENTS_MAX = 200
READ_WAIT_MS = 500
MESSAGE_BYTES_MAX = 64 * 1024
RECEIPTS, ALERTS = "receipts", "alerts"


@dataclass(frozen=True, slots=True)
class Transport:
    """One agency's connection, both ways."""

    agency: str
    spool: Spool
    keys: AgencyKeys
    directories: Directories
    client_options: Callable[[], dict[str, Any]]
    clock: Callable[[], datetime]
    receipt_wait_s: float

    async def send(self, stop: asyncio.Event) -> None:
        """Send what is due until told to stop; while Kafka is away, wait and go on."""
        producer: AIOKafkaProducer | None = None
        try:
            while not stop.is_set():
                due = self.spool.due(now=time.time(), limit=SEND_EVENTS_MAX)
                if not due:
                    await _rest(stop, PAUSE_S)
                    continue
                try:
                    producer = producer or await self._producer()
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        waits = [
                            await producer.send(
                                e.topic, value=e.value, key=e.key, headers=e.headers
                            )
                            for e in due
                        ]
                        await asyncio.gather(*waits)
                except (KafkaError, TimeoutError, OSError):
                    # An idempotent producer can stick for good: throw it away, build anew.
                    await _close(producer)
                    producer = None
                    await _rest(stop, RETRY_S)
                    continue
                self.spool.sent(
                    [e.event_id for e in due],
                    now=time.time(),
                    receipt_wait_s=self.receipt_wait_s,
                )
        finally:
            await _close(producer)

    async def receive(self, stop: asyncio.Event) -> None:
        """Read receipts and alerts sealed to this agency until told to stop."""
        while not stop.is_set():
            consumer = AIOKafkaConsumer(
                RECEIPTS,
                ALERTS,
                **self.client_options(),
                group_id=f"agency-{self.agency}",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                session_timeout_ms=10_000,
            )
            try:
                await consumer.start()
                while not stop.is_set():
                    batches = await consumer.getmany(
                        timeout_ms=READ_WAIT_MS, max_records=READ_EVENTS_MAX
                    )
                    records = [record for batch in batches.values() for record in batch]
                    if records:
                        self.take(records)
                        await consumer.commit()
            except (KafkaError, TimeoutError, OSError):
                await _rest(stop, RETRY_S)
            finally:
                await _close(consumer)

    def take(self, records: list[ConsumerRecord]) -> None:
        """Keep what is ours of a batch; what is another's, or forged, is passed over."""
        receipts: list[tuple[Any, State, str | None]] = []
        alerts: list[tuple[Any, list[tuple[str, bytes]], bytes]] = []
        for record in records:
            envelope = self._ours(record)
            if envelope is None:
                continue
            if envelope.type == ALERT_TYPE and record.topic == ALERTS:
                alerts.append((envelope.id, envelope.headers(), envelope.value))
            elif envelope.type == RECEIPT_TYPE and record.topic == RECEIPTS:
                receipts += self._receipts(envelope)
        self.spool.keep(alerts)
        self.spool.settle(receipts)

    def opened(self, envelope: Envelope, topic: str) -> bytes:
        """Open a message of the broker.

        Raises:
            SealError: It is not the broker's, or not sealed to this agency.
        """
        key = self.directories.ingress(self.clock()).broker_key(envelope.sig_kid, self.clock())
        if key is None:
            raise SealError
        verify(envelope, topic=topic, key=key)
        return open_sealed(envelope, topic=topic, key=self.keys.inbound)

    def _ours(self, record: ConsumerRecord) -> Envelope | None:
        try:
            envelope = Envelope.parse(list(record.headers), bytes(record.value or b""))
        except EnvelopeError:
            return None
        return envelope if envelope.recipient_kid == self.keys.inbound.kid else None

    def _receipts(self, envelope: Envelope) -> list[tuple[Any, State, str | None]]:
        try:
            batch = ReceiptBatch.model_validate_json(self.opened(envelope, RECEIPTS))
        except (SealError, ValidationError):
            return []
        return [(item.event_id, State(item.status.value), item.reason) for item in batch.items]

    async def _producer(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self.client_options(),
            acks="all",
            enable_idempotence=True,
            max_request_size=MESSAGE_BYTES_MAX,
            linger_ms=5,
        )
        try:
            await producer.start()
        except BaseException:
            await _close(producer)
            raise
        return producer


async def _close(client: AIOKafkaProducer | AIOKafkaConsumer | None) -> None:
    if client is not None:
        with contextlib.suppress(KafkaError, TimeoutError, OSError):
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await client.stop()


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
