"""The way to PostgreSQL, and the one place that knows its drivers' errors.

Everything that means "the database is not there just now" becomes `UnavailableError`,
which callers answer by waiting and doing the same again. Anything else is a fault of ours
and stays itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from broker.errors import UnavailableError

POOL_SIZE_MAX = 8
CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 30

Connection = asyncpg.Connection | PoolConnectionProxy
Pool = asyncpg.Pool

_ABSENT = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InsufficientResourcesError,
)


async def open_pool(url: str, *, size: int = POOL_SIZE_MAX) -> Pool:
    """Open a pool of connections.

    Raises:
        UnavailableError: The server does not answer.
    """
    async with translated():
        return await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=size,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=STATEMENT_TIMEOUT_S,
            server_settings={"application_name": "fullpicture", "timezone": "UTC"},
        )


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn the driver's "not there just now" into ours."""
    absent = False
    try:
        yield
    except _ABSENT:
        absent = True
    if absent:
        # Not chained: a driver's error may quote the row it was writing.
        msg = "the database does not answer"
        raise UnavailableError(msg)


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Give one connection inside one transaction, committed at the end of the block."""
    async with translated(), pool.acquire() as connection, connection.transaction():
        yield connection
