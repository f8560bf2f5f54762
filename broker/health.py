"""`/metrics`, `/health/live` and `/health/ready` of a role, on a port of their own.

Live never depends on Kafka or the database: an outage must not restart every process.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from broker import metrics
from broker.settings import MetricsSettings

READY_TIMEOUT_S = 3

Ready = Callable[[], Awaitable[bool]]


def make(ready: Ready) -> Starlette:
    """Build the little application."""

    async def live(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def is_ready(_: Request) -> Response:
        answer = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_TIMEOUT_S):
                answer = await ready()
        return PlainTextResponse("ready\n" if answer else "waiting\n", 200 if answer else 503)

    async def scrape(_: Request) -> Response:
        return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/health/live", live),
            Route("/health/ready", is_ready),
            Route("/metrics", scrape),
        ]
    )


async def serve(settings: MetricsSettings, ready: Ready, stop: asyncio.Event) -> None:
    """Serve until told to stop; port 0 serves nothing."""
    if settings.port == 0:
        return
    await serve_app(make(ready), host=settings.host, port=settings.port, stop=stop)


async def serve_app(app: ASGIApp, *, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve any ASGI application until told to stop, without its own logs or signals."""
    server = _Server(
        uvicorn.Config(
            app, host=host, port=port, log_config=None, access_log=False, lifespan="off",
            server_header=False,
        )
    )  # fmt: skip
    task = asyncio.create_task(server.serve())
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await task
    waiter.cancel()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command that started us."""
        yield
