"""The one way messages come in from Kafka and go out to it.

FastStream's defaults acknowledge before a handler runs, skip what fails, follow a
stranger's `reply_to`, and stop at a header that is not UTF-8 (`docs/decisions/0003`). So
every subscriber is made here: batches, manual acknowledgement after the commit, no reply,
raw bytes, no automatic topics, offsets read from PostgreSQL on assignment.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Protocol

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.message import StreamMessage
from faststream.security import BaseSecurity, SASLScram512

from broker.errors import SettingsError
from broker.model.raw import RawRecord
from broker.settings import KafkaSettings
from broker.topics import CORRELATE_GROUP

FETCH_BYTES_MAX = 8 * 1024 * 1024
SEND_TIMEOUT_S = 30
RETRY_PAUSE_S_MAX = 15.0

Epochs = dict[tuple[str, int], int]


class BatchHandler(Protocol):
    """Handles a batch whole; raises only for "away, try again" and "not ours any more"."""

    async def __call__(self, records: Sequence[RawRecord], epochs: Epochs) -> object:
        """Handle the records, in order."""
        ...


TakeOver = Callable[[Sequence[tuple[str, int]]], Awaitable[dict[tuple[str, int], tuple[int, int]]]]


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
    take_over: TakeOver,
    batch_events_max: int,
    poll_ms: int,
    retry_s: float,
    session_timeout_ms: int,
) -> "Assignment":
    """Make the one kind of subscriber there is."""
    assignment = Assignment(take_over, retry_s=retry_s)
    subscriber = broker.subscriber(
        *topics,
        batch=True,
        group_id=CORRELATE_GROUP,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        max_records=batch_events_max,
        batch_timeout_ms=poll_ms,
        session_timeout_ms=session_timeout_ms,
        max_partition_fetch_bytes=FETCH_BYTES_MAX // 8,
        fetch_max_bytes=FETCH_BYTES_MAX,
        listener=assignment,
        parser=_parse,
        decoder=_decode,
    )
    assignment.consumer_of = lambda: subscriber.consumer

    @subscriber
    async def _(message: KafkaMessage) -> None:
        records = message.raw_message if isinstance(message.raw_message, tuple) else ()
        await assignment.deliver([_raw(record) for record in records], handler)
        await message.ack()

    return assignment


async def _parse(records: tuple[Any, ...]) -> StreamMessage[Any]:
    """Wrap a batch without looking at it, so that no header can stop it."""
    first = records[0]
    return KafkaMessage(
        body=b"",
        headers={},
        batch_headers=[],
        reply_to="",
        content_type=None,
        message_id=f"{first.topic}-{first.partition}-{first.offset}",
        correlation_id=f"{first.topic}-{first.partition}-{first.offset}",
        raw_message=records,
        consumer=_no_consumer(first),
    )
