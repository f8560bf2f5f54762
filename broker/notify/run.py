"""The role that tells people, and watches what must never stand still."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from broker import metrics
from broker.audit import store as audit_store
from broker.audit.entry import Action, Entry
from broker.clock import Clock
from broker.db import outbox
from broker.db.pool import Connection, Pool, transaction
from broker.errors import UnavailableError
from broker.identity import store as identity_store
from broker.intake import store as intake_store
from broker.notify import store
from broker.notify.mail import Doorbell, Mailer
from broker.notify.step import next_step
from broker.routing import store as routing_store
from broker.routing.due import LONDON
from broker.routing.practitioners import Practitioners

ACTOR = "service:notify"
ROLE = "notify"
WATCH_EVERY_S = 5.0
RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class Notify:
    """What the role uses."""

    pool: Pool
    people: Practitioners
    mailer: Mailer
    clock: Clock
    base_url: str
    poll_s: float
    silent_after_s: float

    async def run(self, stop: asyncio.Event) -> None:
        """Tell people until told to stop; a server that is away is waited for."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.ring, stop, self.poll_s))
            tasks.create_task(self._repeat(self.pass_on, stop, self.poll_s))
            tasks.create_task(self._repeat(self.watch, stop, WATCH_EVERY_S))

    async def ring(self) -> None:
        """Ring every doorbell that is due."""
        async with transaction(self.pool) as tx:
            for waiting in await store.doorbells(tx):
                await self._ring_one(tx, waiting)

    async def _ring_one(self, tx: Connection, waiting: store.Waiting) -> None:
        address = self.people.email_of(waiting.recipient)
        outcome = "sent"
        if address is None:
            outcome = "no_address"
        else:
            try:
                await self.mailer.send(self._doorbell(waiting), address)
            except UnavailableError:
                metrics.NOTIFICATIONS.labels(waiting.kind, "failed").inc()
                await store.try_later(tx, waiting)
                return
        metrics.NOTIFICATIONS.labels(waiting.kind, outcome).inc()
        await store.rung(tx, waiting.notification_id)
        entry = Entry(
            action=Action.ALERT_NOTIFY,
            actor=ACTOR,
            actor_role=ROLE,
            object_digest=waiting.alert_id.hex,
            outcome=f"{waiting.kind}:{outcome}",
            on_behalf_of=waiting.recipient,
        )
        await audit_store.append(tx, [entry], at=self.clock())

    def _doorbell(self, waiting: store.Waiting) -> Doorbell:
        due = waiting.due_at.astimezone(LONDON)
        return Doorbell(
            alert_id=waiting.alert_id,
            kind=waiting.kind,
            due=f"{due:%H:%M on %A %d %B}",
            link=f"{self.base_url}/alerts/{waiting.alert_id}",
        )

    async def pass_on(self) -> None:
        """Remind of, or pass on, every alert whose next step has come."""
        now = self.clock()
        async with transaction(self.pool) as tx:
            for alert in await store.unanswered(tx, now=now):
                chain = self.people.chain(alert.holder)
                step = next_step(chain, step=alert.step, due_at=alert.due_at, now=now)
                await store.step(
                    tx, alert.alert_id, number=step.step, next_step_at=step.next_step_at
                )
                await routing_store.tell(tx, alert.alert_id, step.recipient, kind=step.kind)
                if step.kind == "escalation":
                    metrics.ESCALATIONS.inc()
                entry = Entry(
                    action=Action.ALERT_ESCALATE,
                    actor=ACTOR,
                    actor_role=ROLE,
                    object_digest=alert.alert_id.hex,
                    outcome=step.kind,
                    on_behalf_of=step.recipient,
                    subject=alert.subject,
                )
                await audit_store.append(tx, [entry], at=now)

    async def watch(self) -> None:
        """Measure what an operator must see."""
        async with transaction(self.pool) as tx:
            standing = await store.standing(tx)
            reviews, oldest = await identity_store.waiting(tx)
            feeds = await intake_store.feeds(tx)
            outbox_age = await outbox.oldest_age_s(tx)
        for state, count in standing.by_state.items():
            metrics.ALERTS_STANDING.labels(state).set(count)
        metrics.ALERTS_OVERDUE.set(standing.overdue)
        metrics.ALERTS_UNROUTED.set(standing.unrouted)
        metrics.ALERT_OLDEST_SECONDS.set(standing.oldest_open_s)
        metrics.QUARANTINE_HELD.set(standing.quarantined)
        metrics.REVIEWS_WAITING.set(reviews)
        metrics.REVIEW_OLDEST_SECONDS.set(oldest)
        metrics.OUTBOX_OLDEST_SECONDS.set(outbox_age)
        for feed in feeds:
            metrics.FEED_EVENT_AGE.labels(feed.agency).set(feed.last_event_age_s)
            metrics.FEED_SILENT.labels(feed.agency).set(
                float(feed.last_event_age_s > self.silent_after_s)
            )
            metrics.FEED_GAP.labels(feed.agency).set(float(feed.gap_age_s is not None))

    @staticmethod
    async def _repeat(
        act: Callable[[], Awaitable[None]], stop: asyncio.Event, every_s: float
    ) -> None:
        while not stop.is_set():
            wait_s = every_s
            try:
                await act()
            except UnavailableError:
                wait_s = max(every_s, RETRY_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await stop.wait()
