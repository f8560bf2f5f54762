"""The composition root: the only file that builds concrete things and joins the rooms."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from broker import metrics
from broker.audit import store as audit_store
from broker.audit.entry import Action, Entry
from broker.bus import Place, Producer
from broker.clock import Clock, utc_now
from broker.correlate import Journey, Outcome, handle
from broker.db import offsets
from broker.db.offsets import Span
from broker.db.pool import Pool, open_pool, transaction
from broker.intake.receive import Door
from broker.keys import ceremony, store
from broker.keys.file_kms import FileKms
from broker.keys.keyring import Keyring
from broker.keys.outward import Outward
from broker.model.raw import RawRecord
from broker.routing import agreement, practitioners
from broker.routing.practitioners import Practitioners
from broker.routing.route import Router
from broker.rules import threshold
from broker.rules.book import RuleBook
from broker.settings import Settings
from schemas.directory import AgencyDirectory

MILLISECONDS = 1000.0
LIBRARY_LOGGER = logging.getLogger("faststream")


@dataclass(frozen=True, slots=True)
class App:
    """What every role is built from."""

    settings: Settings
    pool: Pool
    keyring: Keyring
    directory: AgencyDirectory
    people: Practitioners
    clock: Clock
    kms: FileKms = field(repr=False)

    async def journey(self) -> Journey:
        """Build the journey of a batch."""
        settings = self.settings
        signer = await store.load_signing(settings.keys.folder, self.kms)
        return Journey(
            pool=self.pool,
            door=Door(
                directory=self.directory,
                ingress=await store.load_ingress(settings.keys.folder, self.kms),
            ),
            keyring=self.keyring,
            match_secret=await self.kms.secret("match"),
            book=RuleBook(threshold.load(settings.policy.thresholds)),
            router=Router(
                practitioners=self.people,
                sharing=agreement.load(settings.policy.sharing),
                sectors={entry.agency: entry.sector for entry in self.directory.agencies},
            ),
            outward=Outward(signer, self.directory),
            clock=self.clock,
        )

    def producer(self) -> Producer:
        """Build what sends to Kafka."""
        return Producer(self.settings.kafka)


@asynccontextmanager
async def opened(settings: Settings, *, clock: Clock = utc_now) -> AsyncIterator[App]:
    """Build the app and close it again.

    Raises:
        SettingsError: A file it needs is missing or wrong.
        DirectoryError: A directory of keys is not believed.
        UnavailableError: PostgreSQL does not answer.
    """
    kms = FileKms(settings.keys.folder / store.KMS_FILE)
    directory = ceremony.read_agencies(settings.keys.directory, now=clock())
    people = practitioners.load(settings.policy.practitioners)
    pool = await open_pool(
        settings.database.url.get_secret_value(), size=settings.database.pool_size
    )
    try:
        yield App(
            settings=settings,
            pool=pool,
            keyring=Keyring(kms),
            directory=directory,
            people=people,
            clock=clock,
            kms=kms,
        )
    finally:
        pool.terminate()


class BatchJourney:
    """The handler that the bus calls: the journey, and its measurements once it committed."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey

    async def __call__(self, records: Sequence[RawRecord], epochs: Mapping[Place, int]) -> None:
        """Handle one batch."""
        with metrics.BATCH_SECONDS.time():
            outcome = await handle(self._journey, records, epochs)
        _measure(outcome, records, self._journey.clock())


def _measure(outcome: Outcome, records: Sequence[RawRecord], now: datetime) -> None:
    metrics.EVENTS_PLACED.inc(outcome.placed)
    metrics.EVENTS_HELD.inc(outcome.held)
    metrics.EVENTS_DUPLICATE.inc(outcome.duplicates)
    metrics.CROWDED_KEYS.inc(outcome.crowded_keys)
    for agency, count in outcome.by_agency.items():
        metrics.EVENTS_ACCEPTED.labels(agency).inc(count)
    for reason, count in outcome.quarantined.items():
        metrics.EVENTS_REFUSED.labels(reason.value).inc(count)
    for rule, count in outcome.alerts.items():
        metrics.ALERTS_OPENED.labels(rule).inc(count)
    at = now.timestamp()
    latency = metrics.EVENT_LATENCY.labels("correlated")
    for raw in records:
        latency.observe(max(0.0, at - raw.timestamp_ms / MILLISECONDS))


class PoolOffsets:
    """Offsets in PostgreSQL, as the bus needs them."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def take_over(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """Begin an epoch for each partition."""
        async with transaction(self._pool) as tx:
            return await offsets.take_over(tx, places)

    async def read(self, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
        """Tell how partitions stand."""
        async with transaction(self._pool) as tx:
            return await offsets.read(tx, places)

    async def skip(self, place: Place, *, epoch: int, first: int, after: int) -> None:
        """Pass over offsets Kafka no longer holds, and put it on record."""
        topic, partition = place
        async with transaction(self._pool) as tx:
            await offsets.advance(tx, [Span(topic, partition, first, after, epoch)])
            entry = Entry(
                action=Action.GAP_DETECTED,
                actor="service:correlate",
                actor_role="bus",
                object_digest=f"{topic}/{partition}/{first}-{after}",
                outcome="kafka_lost_records" if first else "begins_late",
            )
            await audit_store.append(tx, [entry], at=self._clock())
