"""The real servers, started once a run on a folder of its own."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.scheme import Scheme
from sim.servers.both import Servers

DATABASE_MAY_ENTER = 0o755


def open_folder() -> Path:
    """A new folder that the database's account may enter when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="fullpicture-test-", dir="/var/tmp"))
    folder.chmod(DATABASE_MAY_ENTER)
    return folder


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    made = open_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def scheme(folder: Path) -> Iterator[Scheme]:
    """A partnership on running servers: topics, grants, keys and schema are made."""
    with Servers(folder / "servers", principals=Scheme.principals()) as servers:
        made = Scheme(folder / "servers" / "scheme", servers)
        asyncio.run(made.prepare())
        yield made
        made.stop()
