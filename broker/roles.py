"""Each role as one coroutine: build it, run it until told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

import asyncpg
from aiokafka.errors import KafkaError

from broker import bus, health, relay
from broker.app import LIBRARY_LOGGER, App, BatchJourney, PoolOffsets, opened
from broker.db.pool import transaction
from broker.errors import UnavailableError
from broker.notify.mail import Mailer
from broker.notify.run import Notify
from broker.settings import Settings
from broker.topics import SECTORS, concerns_topic

START_RETRY_S = 1.0
START_RETRY_S_MAX = 15.0


class Role(Protocol):
    """Runs until told to stop."""

    async def __call__(self, app: App, stop: asyncio.Event) -> None:
        """Work."""
        ...


async def correlate(app: App, stop: asyncio.Event) -> None:
    """Take batches from Kafka through the journey."""
    broker = bus.make_broker(app.settings.kafka, LIBRARY_LOGGER)
    assignment = bus.subscribe_batches(
        broker,
        [concerns_topic(sector) for sector in SECTORS],
        BatchJourney(await app.journey()),
        offsets=PoolOffsets(app.pool, app.clock),
        settings=app.settings.correlate,
    )

    async def ready() -> bool:
        return bool(assignment.owned) and await _database_answers(app)

    serving = asyncio.create_task(health.serve(app.settings.metrics, ready, stop))
    await _patiently(broker.start, stop)
    await stop.wait()
    await broker.stop()
    await serving


async def send(app: App, stop: asyncio.Event) -> None:
    """Relay the outbox."""
    await _beside_health(app, stop, lambda: relay.run(app, stop))


async def notify(app: App, stop: asyncio.Event) -> None:
    """Tell people."""
    settings = app.settings
    role = Notify(
        pool=app.pool,
        people=app.people,
        mailer=Mailer(settings.mail),
        clock=app.clock,
        base_url=settings.console.base_url,
        poll_s=settings.notify.poll_s,
        silent_after_s=settings.notify.silent_after_s,
    )
    await _beside_health(app, stop, lambda: role.run(stop))


async def console(app: App, stop: asyncio.Event) -> None:
    """Serve the lead professional's pages."""
    from broker.console.web import make  # noqa: PLC0415 - only this role loads the templates

    settings = app.settings.console
    pages = make(app)

    async def serve() -> None:
        await health.serve_app(pages, host=settings.host, port=settings.port, stop=stop)

    await _beside_health(app, stop, serve)


ROLES: Mapping[str, Role] = {
    "correlate": correlate,
    "relay": send,
    "notify": notify,
    "console": console,
}


async def run(name: str, settings: Settings, stop: asyncio.Event) -> None:
    """Run one role; while PostgreSQL is away at the start, wait for it."""
    pause_s = START_RETRY_S
    while not stop.is_set():
        try:
            async with opened(settings) as app:
                await ROLES[name](app, stop)
                return
        except UnavailableError:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, START_RETRY_S_MAX)


async def _beside_health(
    app: App, stop: asyncio.Event, work: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    async def ready() -> bool:
        return await _database_answers(app)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(health.serve(app.settings.metrics, ready, stop))
        tasks.create_task(work())


async def _database_answers(app: App) -> bool:
    try:
        async with transaction(app.pool) as tx:
            return bool(await tx.fetchval("select 1"))
    except (UnavailableError, asyncpg.PostgresError):
        return False


async def _patiently(start: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    pause_s = START_RETRY_S
    while not stop.is_set():
        try:
            await start()
        except (KafkaError, OSError):
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, START_RETRY_S_MAX)
        else:
            return
