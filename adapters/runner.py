"""One adapter at work: the folder, the spool, the way to Kafka and back, the heartbeat."""

import asyncio
import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from adapters.errors import AdapterError
from adapters.formats import of_sector
from adapters.ingress.folder import Folder, Report, process
from adapters.ingress.record import MappingContext, Withdrawal
from adapters.sdk.client import Publisher
from adapters.sdk.keys import AgencyKeys, Directories
from adapters.sdk.spool import Spool
from adapters.sdk.transport import Transport
from adapters.settings import AdapterSettings
from schemas.errors import DirectoryError

RETRY_S = 5.0


def utc_now() -> datetime:
    """Tell the time, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Make a UUIDv7 (RFC 9562 section 5.7): ids sort by time."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000
    high = (milliseconds << 16) | 0x7000 | (random >> 68)
    return UUID(int=(high << 64) | (0b10 << 62) | (random & ((1 << 62) - 1)))


class Adapter:
    """Everything one adapter is made of."""

    def __init__(self, settings: AdapterSettings, *, tell: Callable[[str], None]) -> None:
        """Open keys, directories and spool.

        Raises:
            ConfigError: Something is missing or wrong.
        """
        self.settings = settings
        self._tell = tell
        self.keys = AgencyKeys.load(settings.keys)
        self.directories = Directories(settings.directory)
        self.spool = Spool(settings.spool)
        self.folder = Folder(settings.folder)
        self.publisher = Publisher(
            agency=settings.agency,
            source=settings.source,
            keys=self.keys,
            directories=self.directories,
            spool=self.spool,
            clock=utc_now,
        )
        self.transport = Transport(
            agency=settings.agency,
            spool=self.spool,
            keys=self.keys,
            directories=self.directories,
            client_options=settings.client_options,
            clock=utc_now,
            receipt_wait_s=settings.timing.receipt_wait_s,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        self.folder.prepare()
        self.settings.client_options()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.transport.send(stop))
            tasks.create_task(self.transport.receive(stop))
            tasks.create_task(self._watch(stop))
            tasks.create_task(self._beat(stop))
        self.spool.close()

    def context(self) -> MappingContext:
        """What a mapping is handed."""
        return MappingContext(
            agency=self.settings.agency,
            la_code=self.settings.la_code,
            recorded_at=utc_now(),
            new_id=new_id,
        )

    def read(self, name: str, data: bytes) -> Report:
        """Read one file's rows into the spool."""
        return process(
            name,
            data,
            formats=of_sector(self.settings.sector),
            context=self.context(),
            publish=self.publisher.publish,
        )

    async def _watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for path in self.folder.ready():
                try:
                    report = self.folder.take(path, read=self.read)
                except (AdapterError, DirectoryError) as error:
                    # The file stays where it is: nothing is lost, and it is tried again.
                    self._tell(f"a file waits: {error}")
                    await _rest(stop, RETRY_S)
                    break
                digest = hashlib.sha256(path.name.encode()).hexdigest()[:12]
                self._tell(
                    f"file {digest}: {report.outcome}, {report.rows} rows, "
                    f"{len(report.events)} events, {len(report.errors)} errors"
                )
            await _rest(stop, self.settings.timing.poll_s)

    async def _beat(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                self.publisher.heartbeat(new_id())
            except (AdapterError, DirectoryError) as error:
                self._tell(f"no heartbeat: {error}")
            await _rest(stop, self.settings.timing.heartbeat_s)


def check(path: Path, settings: AdapterSettings) -> Report:
    """Read a file as `run` would, and publish nothing."""
    return process(
        path.name,
        path.read_bytes(),
        formats=of_sector(settings.sector),
        context=MappingContext(
            agency=settings.agency,
            la_code=settings.la_code,
            recorded_at=utc_now(),
            new_id=new_id,
        ),
        publish=lambda event: event.event.id if isinstance(event, Withdrawal) else event.id,
    )


def tell_stderr(line: str) -> None:
    """Write a line for the operator; lines hold counts and codes, never a value or a name."""
    sys.stderr.write(f"{utc_now().isoformat(timespec='seconds')} {line}\n")
    sys.stderr.flush()


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
