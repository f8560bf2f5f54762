"""The outbox to Kafka: at least once, in order, each message with its id."""

import asyncio

from broker import metrics
from broker.app import App
from broker.audit import store as audit_store
from broker.audit.entry import Action, Entry
from broker.bus import Producer
from broker.db import outbox
from broker.db.outbox import Outgoing
from broker.db.pool import transaction
from broker.errors import UnavailableError
from broker.topics import ALERTS, RECEIPTS

RETRY_S = 1.0
RETRY_S_MAX = 10.0

_DELIVERED = {ALERTS: Action.ALERT_DELIVER, RECEIPTS: Action.RECEIPT_DELIVER}


async def run(app: App, stop: asyncio.Event) -> None:
    """Send what waits until told to stop; a server that is away is waited for."""
    producer = app.producer()
    pause_s = RETRY_S
    try:
        while not stop.is_set():
            try:
                sent = await send_once(app, producer)
            except UnavailableError:
                metrics.PRODUCER_REBUILT.inc()
                await _rest(stop, pause_s)
                pause_s = min(pause_s * 2, RETRY_S_MAX)
                continue
            pause_s = RETRY_S
            if not sent:
                await _rest(stop, app.settings.relay.poll_s)
    finally:
        await producer.close()


async def send_once(app: App, producer: Producer) -> int:
    """Send one batch; return how many were sent.

    The rows stay locked until Kafka has them durably, then go. A crash in between sends
    them again: receivers fold by id.

    Raises:
        UnavailableError: PostgreSQL or Kafka is away; nothing was forgotten.
    """
    async with transaction(app.pool) as tx:
        rows = await outbox.take(tx, limit=app.settings.relay.batch_messages_max)
        if not rows:
            return 0
        messages = [message for _, message in rows]
        await producer.send(messages)
        await outbox.remove(tx, [seq for seq, _ in rows])
        entries = [_delivered(message) for message in messages if message.topic in _DELIVERED]
        await audit_store.append(tx, entries, at=app.clock())
    for message in messages:
        metrics.OUTBOX_SENT.labels(message.topic).inc()
    return len(messages)


def _delivered(message: Outgoing) -> Entry:
    headers = dict(message.headers)
    return Entry(
        action=_DELIVERED[message.topic],
        actor="service:relay",
        actor_role="relay",
        object_digest=headers["ce_id"].replace("-", ""),
        outcome="sent",
        on_behalf_of=headers["ce_recipientkid"],
    )


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
