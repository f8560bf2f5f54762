"""Both servers on one folder, started together and stopped for certain."""

import fcntl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from sim.errors import ServerStartError
from sim.servers.kafka import KafkaServer
from sim.servers.places import prepare
from sim.servers.postgres import PostgresServer

MEMORY_BYTES_MIN = 1_200 * 1024 * 1024
"""Kafka takes about 340 MB, PostgreSQL 200, our own processes 80 each."""
BROKER_ROLES = ("correlate", "relay")


class Servers:
    """A context that starts Kafka and PostgreSQL and stops them on the way out."""

    def __init__(self, folder: Path, *, principals: Sequence[str], fresh: bool = False) -> None:
        """Prepare the folder and take it for ourselves.

        Raises:
            ServerStartError: The folder is not ours, is in use, or memory is short.
        """
        prepare(folder, fresh=False)
        self._lock = _lock(folder)
        if fresh:
            self._lock.close()
            prepare(folder, fresh=True)
            self._lock = _lock(folder)
        available = psutil.virtual_memory().available
        if available < MEMORY_BYTES_MIN:
            msg = (
                f"{available // 2**20} MB of memory are free and {MEMORY_BYTES_MIN // 2**20} are "
                "needed: close other programs and try again"
            )
            raise ServerStartError(msg)
        self.folder = folder
        self.kafka = KafkaServer(folder / "kafka", (*BROKER_ROLES, *principals))
        self.postgres = PostgresServer(folder / "postgres")

    def start(self) -> None:
        """Start both at once.

        Raises:
            ServerStartError: One cannot; the other is stopped.
        """
        with ThreadPoolExecutor(2) as pool:
            tasks = [pool.submit(self.kafka.start), pool.submit(self.postgres.start)]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both and let the folder go."""
        self.kafka.stop()
        self.postgres.stop()
        self._lock.close()

    def __enter__(self) -> Self:
        """Start both."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop both, whatever happened."""
        self.stop()


def _lock(folder: Path) -> IO[str]:
    file = (folder / ".lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        msg = f"another demonstration uses {folder}: stop it, or choose another with --data"
        raise ServerStartError(msg) from None
    return file
