"""Nothing is lost and nothing is counted twice while everything is killed."""

import asyncio
import csv
import io
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from adapters import settings as adapter_settings
from adapters.sdk.spool import Spool
from sim.scheme import Scheme
from sim.servers.both import Servers
from sim.stories import SCHOOL_URN, number

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROWS = 300
KILLS = (
    *("correlate",) * 3, *("adapter",) * 2, *("postgres",) * 2, *("kafka",) * 2, "relay",
)  # fmt: skip
SETTLE_S = 150
SEED = 20
SCHOOL, POLICE = "northfield-school", "northfield-police"
AGENCIES = (SCHOOL, POLICE)


def _rows(agency: str) -> bytes:
    """One event a row, three rows a child, the same children from both agencies."""
    extra = (
        {"category": "Wellbeing", "logged by": "teacher", "school urn": SCHOOL_URN}
        if agency == SCHOOL
        else {"grade": "low", "neglect indicators": ""}
    )
    out = io.StringIO()
    rows = [
        {
            "record": f"R-{n}",
            "occurred": "2026-03-02",
            "what happened": "Something small.",
            "given name": f"Child{n // 3}",
            "family name": "Invented",
            "date of birth": "2015-06-23",
            "nhs number": NUMBERS[n // 3],
            **extra,
        }
        for n in range(ROWS)
    ]
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


NUMBERS = [number(n) for n in range(ROWS // 3)]


@pytest.fixture(scope="module")
def partnership(folder: Path) -> Iterator[Scheme]:
    place = folder / "survives"
    with Servers(place, principals=Scheme.principals()) as servers:
        made = Scheme(place / "scheme", servers, quick=True)
        asyncio.run(made.prepare())
        for role in ("correlate", "relay"):
            made.start_role(role)
        yield made
        made.stop()
    shutil.rmtree(place, ignore_errors=True)


def _kill(scheme: Scheme, what: str, dice: random.Random) -> None:
    if what in scheme.roles:
        scheme.roles[what].kill()
        scheme.start_role(what)
    elif what == "adapter":
        agency = dice.choice(AGENCIES)
        scheme.adapters[agency].kill()
        scheme.start_adapter(agency)
    else:
        server = scheme.servers.postgres if what == "postgres" else scheme.servers.kafka
        server.kill()
        server.start()


def _spool(scheme: Scheme, agency: str) -> dict[str, int]:
    spool = Spool(adapter_settings.load(scheme.config(agency)).spool)
    try:
        return dict(spool.counts())
    finally:
        spool.close()


def _settled(scheme: Scheme) -> bool:
    for agency in AGENCIES:
        counts = _spool(scheme, agency)
        if counts.get("waiting", 0) + counts.get("sent", 0) or counts.get("placed", 0) < ROWS:
            return False
    return True


async def _truth(scheme: Scheme) -> dict[str, int]:
    connection = await asyncpg.connect(scheme.servers.postgres.url)
    try:
        return {
            "placed": await connection.fetchval(
                "select count(*) from accepted where outcome = 'placed'"
            ),
            "heartbeats": await connection.fetchval(
                "select count(*) from accepted where outcome = 'heartbeat'"
            ),
            "elsewise": await connection.fetchval(
                "select count(*) from accepted where outcome in ('held', 'quarantined')"
            ),
            "entries": await connection.fetchval("select count(*) from chronology"),
            "children": await connection.fetchval("select count(*) from child"),
            "uneven": await connection.fetchval(
                "select count(*) from (select child_id from chronology group by child_id"
                " having count(*) <> 6) as uneven"
            ),
            "received": await connection.fetchval(
                "select count(*) from audit.pending where action = 'event.receive'"
            ),
        }
    finally:
        await connection.close()


async def test_nothing_is_lost_or_doubled_while_everything_is_killed(partnership: Scheme) -> None:
    scheme, dice = partnership, random.Random(SEED)
    for agency in AGENCIES:
        (scheme.inbox(agency) / "rows.csv").write_bytes(_rows(agency))
        scheme.start_adapter(agency)
    for what in dice.sample(KILLS, len(KILLS)):
        await asyncio.to_thread(_kill, scheme, what, dice)
    until = time.monotonic() + SETTLE_S
    while not await asyncio.to_thread(_settled, scheme):
        assert time.monotonic() < until, {a: _spool(scheme, a) for a in AGENCIES}
        await asyncio.sleep(0.5)  # polls for the end; nothing is timed by it
    truth = await _truth(scheme)
    sent = ROWS * len(AGENCIES)
    heartbeats = truth.pop("heartbeats")
    assert truth == {
        "placed": sent,
        "elsewise": 0,
        "entries": sent,
        "children": len(NUMBERS),
        "uneven": 0,
        "received": sent,
    }
    receipted = sum(_spool(scheme, agency)["placed"] for agency in AGENCIES)
    assert receipted == sent + heartbeats
