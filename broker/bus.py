"""The one way messages come in from Kafka and go out to it.

FastStream's defaults acknowledge before a handler runs, skip what fails, follow a
stranger's `reply_to`, and stop at a header that is not UTF-8 (`docs/decisions/0003`). So
every subscriber is made here: batches, manual acknowledgement after the commit, no reply,
raw bytes, no automatic topics, offsets read from PostgreSQL on assignment.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.message import StreamMessage
from faststream.security import BaseSecurity, SASLScram512

from broker.db.outbox import Outgoing
from broker.errors import SettingsError, StaleAssignmentError, UnavailableError
from broker.model.raw import RawRecord
from broker.settings import CorrelateSettings, KafkaSettings
from broker.topics import CORRELATE_GROUP, MESSAGE_BYTES_MAX

_T = TypeVar("_T")

SEND_TIMEOUT_S = 30
RETRY_PAUSE_S_MAX = 15.0

Place = tuple[str, int]
"""A topic and a partition of it."""


class BatchHandler(Protocol):
    """Handles a batch whole; raises only for "away, try again" and "not ours any more"."""

    async def __call__(self, records: Sequence[RawRecord], epochs: Mapping[Place, int]) -> None:
        """Handle the records, in order."""
        ...


class OffsetStore(Protocol):
    """Where the truth about offsets stands: `broker.db.offsets`, joined to a pool."""

    async def take_over(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """Begin an epoch for each partition; give next offset and epoch."""
        ...

    async def read(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """Give next offset and epoch as they stand."""
        ...

    async def skip(self, place: Place, *, epoch: int, first: int, after: int) -> None:
        """Pass over offsets that Kafka no longer holds, on record."""
        ...


def security_of(settings: KafkaSettings) -> BaseSecurity | None:
    """Build FastStream's security from settings.

    Raises:
        SettingsError: A SCRAM user without its password.
    """
    if settings.security == "plaintext":
        return None
    secret = settings.secret()
    if not settings.username or not secret:
        msg = "kafka.username and kafka.password_file are needed: set both, or security=plaintext"
        raise SettingsError(msg)
    return SASLScram512(
        username=settings.username,
        password=secret,
        use_ssl=settings.security == "scram-tls",
        ssl_context=_ssl(settings),
    )


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """Build the same for a bare aiokafka client."""
    options: dict[str, Any] = {"bootstrap_servers": settings.bootstrap}
    if settings.security == "plaintext":
        return options
    return options | {
        "security_protocol": "SASL_SSL" if settings.security == "scram-tls" else "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.username,
        "sasl_plain_password": settings.secret(),
        "ssl_context": _ssl(settings),
    }


def _ssl(settings: KafkaSettings) -> ssl.SSLContext | None:
    if settings.security != "scram-tls":
        return None
    return ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)


def make_broker(settings: KafkaSettings, logger: logging.Logger) -> KafkaBroker:
    """Make the connection with every default that bites overridden."""
    return KafkaBroker(
        settings.bootstrap,
        security=security_of(settings),
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        ack_policy=AckPolicy.MANUAL,
        consumer_only=True,
        apply_types=False,
        logger=logger,
        log_level=logging.DEBUG,
    )


def subscribe_batches(
    broker: KafkaBroker,
    topics: Iterable[str],
    handler: BatchHandler,
    *,
    offsets: OffsetStore,
    settings: CorrelateSettings,
) -> "Assignment":
    """Make the one kind of subscriber there is."""
    assignment = Assignment(offsets, retry_s=settings.retry_s)
    subscriber = broker.subscriber(
        *topics,
        batch=True,
        group_id=CORRELATE_GROUP,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        max_records=settings.batch_events_max,
        batch_timeout_ms=settings.poll_ms,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.session_timeout_ms // 4,
        listener=assignment,
        parser=_parse,
        decoder=_decode,
    )
    assignment.consumer_of = lambda: subscriber.consumer

    @subscriber
    async def _(message: list[ConsumerRecord]) -> None:
        await assignment.deliver([_raw(record) for record in message], handler)

    return assignment


async def _parse(records: tuple[ConsumerRecord, ...]) -> StreamMessage[Any]:
    """Wrap a batch without looking at it, so that no header can stop it.

    The wrapper is of the kind that never commits and never seeks: both are ours to do.
    """
    first = records[0]
    place = f"{first.topic}-{first.partition}-{first.offset}"
    return KafkaMessage(
        raw_message=records,
        body=records,
        message_id=place,
        correlation_id=place,
        consumer=FAKE_CONSUMER,
    )


async def _decode(message: StreamMessage[Any]) -> list[ConsumerRecord]:
    """Hand the records on as they are: our own door validates them."""
    return list(message.raw_message)


def _raw(record: ConsumerRecord) -> RawRecord:
    return RawRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        headers=tuple((str(name), bytes(value or b"")) for name, value in record.headers),
        value=bytes(record.value or b""),
    )


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """The partitions this worker owns, and where each stands, as PostgreSQL says.

    Kafka's committed offset is a mirror for lag tools; nothing is ever read from it.
    """

    def __init__(self, offsets: OffsetStore, *, retry_s: float) -> None:
        self._offsets = offsets
        self._retry_s = retry_s
        self._epochs: dict[Place, int] = {}
        self._next: dict[Place, int] = {}
        self._rewound: dict[Place, int] = {}
        self.consumer_of: Callable[[], AIOKafkaConsumer | None] = lambda: None
        self.stale_batches = 0

    @property
    def owned(self) -> Mapping[Place, int]:
        """The next offset of every partition owned."""
        return dict(self._next)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let go; what is under way is refused by the epoch once another has begun its own."""
        for partition in revoked:
            self._drop((partition.topic, partition.partition))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Begin an epoch for each partition and read on where PostgreSQL says."""
        places = sorted((p.topic, p.partition) for p in assigned)
        if places:
            self._stand(await self._patiently(lambda: self._offsets.take_over(places)))

    async def deliver(self, records: Sequence[RawRecord], handler: BatchHandler) -> None:
        """Hand a batch to the handler until it is handled or not ours."""
        batch = await self._in_turn(records)
        if not batch:
            return
        try:
            await self._patiently(lambda: handler(batch, dict(self._epochs)))
        except StaleAssignmentError:
            self.stale_batches += 1
            await self._resync()
            return
        for raw in batch:
            self._next[raw.topic, raw.partition] = raw.offset + 1
        await self._mirror()

    async def _in_turn(self, records: Sequence[RawRecord]) -> list[RawRecord]:
        """Keep what comes next on partitions we own; rewind over a gap before believing it."""
        batch: list[RawRecord] = []
        expected = dict(self._next)
        for raw in records:
            place = (raw.topic, raw.partition)
            wanted = expected.get(place)
            if wanted is None or raw.offset < wanted:
                continue
            if raw.offset > wanted and not await self._believed(place, wanted, raw.offset):
                expected.pop(place)
                continue
            expected[place] = raw.offset + 1
            batch.append(raw)
        return batch

    async def _believed(self, place: Place, wanted: int, got: int) -> bool:
        """Rewind once over a gap; when it stays, put on record that Kafka lost it."""
        if self._rewound.get(place) != wanted:
            self._rewound[place] = wanted
            self._seek(place, wanted)
            return False
        epoch = self._epochs[place]
        try:
            await self._patiently(
                lambda: self._offsets.skip(place, epoch=epoch, first=wanted, after=got)
            )
        except StaleAssignmentError:
            self._drop(place)
            return False
        return True

    async def _resync(self) -> None:
        """Stand again where PostgreSQL says, on the partitions whose epoch is still ours."""
        places = sorted(self._epochs)
        rows = await self._patiently(lambda: self._offsets.read(places))
        for place in places:
            if rows.get(place, (0, -1))[1] != self._epochs.get(place):
                self._drop(place)
        self._stand({place: row for place, row in rows.items() if place in self._epochs})

    def _stand(self, rows: Mapping[Place, tuple[int, int]]) -> None:
        for place, (next_offset, epoch) in rows.items():
            self._epochs[place] = epoch
            self._next[place] = next_offset
            self._seek(place, next_offset)

    def _drop(self, place: Place) -> None:
        self._epochs.pop(place, None)
        self._next.pop(place, None)
        self._rewound.pop(place, None)

    def _seek(self, place: Place, offset: int) -> None:
        consumer = self.consumer_of()
        partition = TopicPartition(*place)
        if consumer is not None and partition in consumer.assignment():
            consumer.seek(partition, offset)

    async def _patiently(self, act: Callable[[], Awaitable[_T]]) -> _T:
        """Wait and do the same again while a server is away: nothing is skipped for that."""
        pause_s = self._retry_s
        while True:
            try:
                return await act()
            except UnavailableError:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RETRY_PAUSE_S_MAX)

    async def _mirror(self) -> None:
        consumer = self.consumer_of()
        if consumer is None:
            return
        held = consumer.assignment()
        places = {TopicPartition(*place): offset for place, offset in self._next.items()}
        with contextlib.suppress(KafkaError):  # a mirror only: PostgreSQL holds the truth
            await consumer.commit({p: offset for p, offset in places.items() if p in held})


class Producer:
    """An idempotent producer that is thrown away and built anew when it fails.

    aiokafka's can stick for good after a broker's restart; whoever sends keeps the
    messages until `send` returns, and sends them again.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self.rebuilt = 0

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Send messages; returns once Kafka holds every one durably.

        Raises:
            UnavailableError: At least one is not known to be held: send them all again.
        """
        failed = False
        try:
            producer = await self._ready()
            async with asyncio.timeout(SEND_TIMEOUT_S):
                waits = [
                    await producer.send(
                        message.topic,
                        value=message.value,
                        key=message.key,
                        headers=[(name, value.encode()) for name, value in message.headers],
                    )
                    for message in messages
                ]
                await asyncio.gather(*waits)
        except (KafkaError, TimeoutError, OSError):
            failed = True
        if failed:
            self.rebuilt += 1
            await self.close()
            msg = "Kafka does not take messages just now"
            raise UnavailableError(msg)

    async def close(self) -> None:
        """Let go of the connection, whatever state it is in."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, TimeoutError, OSError):
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await producer.stop()

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **client_options(self._settings),
                acks="all",
                enable_idempotence=True,
                max_request_size=MESSAGE_BYTES_MAX,
                linger_ms=5,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer
