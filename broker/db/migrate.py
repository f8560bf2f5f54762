"""Numbered SQL migrations, applied once each, under a lock."""

import hashlib
from importlib.resources import files

import asyncpg

from broker.db.pool import Connection
from broker.errors import SettingsError

MIGRATION_LOCK = 7_301_960_042_115
"""An advisory lock number of our own, so that two starting processes take turns."""


def migrations() -> list[tuple[str, str]]:
    """List every migration, by name in order, with its SQL."""
    folder = files("broker.db") / "migrations"
    return sorted(
        (entry.name, entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    )


async def migrate(connection: Connection) -> list[str]:
    """Apply what is missing; return the names applied.

    Raises:
        SettingsError: An applied migration was changed afterwards.
    """
    await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
    try:
        return await _apply_missing(connection)
    finally:
        await connection.execute("select pg_advisory_unlock($1)", MIGRATION_LOCK)


async def _apply_missing(connection: Connection) -> list[str]:
    await connection.execute(
        "create table if not exists schema_migration ("
        " name text primary key, digest bytea not null, applied_at timestamptz default now())"
    )
    rows = await connection.fetch("select name, digest from schema_migration")
    applied = {row["name"]: bytes(row["digest"]) for row in rows}
    done: list[str] = []
    for name, sql in migrations():
        digest = hashlib.sha256(sql.encode()).digest()
        if name in applied:
            if applied[name] != digest:
                msg = (
                    f"migration {name} was changed after it was applied: restore it, add a new one"
                )
                raise SettingsError(msg)
            continue
        async with connection.transaction():
            await connection.execute(sql)
            await connection.execute(
                "insert into schema_migration (name, digest) values ($1, $2)", name, digest
            )
        done.append(name)
    return done


async def pending(connection: Connection) -> list[str]:
    """Name the migrations not applied yet."""
    try:
        rows = await connection.fetch("select name from schema_migration")
    except asyncpg.UndefinedTableError:
        return [name for name, _ in migrations()]
    applied = {row["name"] for row in rows}
    return [name for name, _ in migrations() if name not in applied]
