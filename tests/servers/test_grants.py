"""Whatever is not granted is refused, by the real broker."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from broker import admin
from broker.topics import SECTORS, TOPICS, concerns_topic
from sim.scheme import AGENCIES, Scheme

pytestmark = pytest.mark.servers

READ_WAIT_S = 15
NAMES = [topic.name for topic in TOPICS]
AGENCY_OF = {agency.sector: agency.id for agency in AGENCIES[:4]}


def _options(scheme: Scheme, principal: str) -> dict[str, object]:
    return {
        "bootstrap_servers": scheme.servers.kafka.bootstrap,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": principal,
        "sasl_plain_password": scheme.servers.kafka.password(principal),
    }


async def _writes(scheme: Scheme, principal: str, topic: str) -> bool:
    producer = AIOKafkaProducer(**_options(scheme, principal), request_timeout_ms=10_000)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"x", partition=0)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await producer.stop()
    return True


async def _reads(scheme: Scheme, principal: str, topic: str) -> bool:
    consumer = AIOKafkaConsumer(**_options(scheme, principal), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.getmany(timeout_ms=1500)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()
    return True


@pytest.mark.parametrize("sector", SECTORS)
async def test_an_agency_writes_its_own_sector_and_nothing_else(
    scheme: Scheme, sector: str
) -> None:
    async with asyncio.timeout(60):
        allowed = [name for name in NAMES if await _writes(scheme, AGENCY_OF[sector], name)]
    assert allowed == [concerns_topic(sector)]


@pytest.mark.parametrize("sector", SECTORS)
async def test_an_agency_reads_what_comes_back_and_no_concerns(scheme: Scheme, sector: str) -> None:
    async with asyncio.timeout(60):
        allowed = [name for name in NAMES if await _reads(scheme, AGENCY_OF[sector], name)]
    assert allowed == ["alerts", "receipts"]


async def test_correlate_reads_concerns_and_writes_nothing(scheme: Scheme) -> None:
    async with asyncio.timeout(90):
        reads = [name for name in NAMES if await _reads(scheme, "correlate", name)]
        writes = [name for name in NAMES if await _writes(scheme, "correlate", name)]
    assert reads == [concerns_topic(sector) for sector in SECTORS]
    assert writes == []


async def test_the_relay_writes_outward_and_reads_nothing(scheme: Scheme) -> None:
    async with asyncio.timeout(90):
        reads = [name for name in NAMES if await _reads(scheme, "relay", name)]
        writes = [name for name in NAMES if await _writes(scheme, "relay", name)]
    assert reads == []
    assert writes == ["alerts", "receipts", "quarantine"]


async def test_an_agency_cannot_join_the_group_of_correlate(scheme: Scheme) -> None:
    consumer = AIOKafkaConsumer(
        "receipts", group_id="correlate", **_options(scheme, "northfield-police")
    )
    with pytest.raises(GroupAuthorizationFailedError):
        async with asyncio.timeout(READ_WAIT_S):
            await consumer.start()
    await consumer.stop()


async def test_topics_are_as_listed(scheme: Scheme) -> None:
    assert await admin.differences(scheme.admin()) == []
