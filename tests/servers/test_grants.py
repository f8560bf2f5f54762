"""Whatever is not granted is refused, by the real broker."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from confluent_kafka import Consumer, KafkaError, TopicPartition

from broker import admin
from broker.topics import SECTORS, TOPICS, concerns_topic
from sim.scheme import AGENCIES, Scheme

pytestmark = pytest.mark.servers

READ_WAIT_S = 5
JOIN_WAIT_S = 15
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


def _readable(scheme: Scheme, principal: str) -> list[str]:
    """Fetch from every topic at once; give those that were not refused."""
    consumer = Consumer(
        {
            "bootstrap.servers": scheme.servers.kafka.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": principal,
            "sasl.password": scheme.servers.kafka.password(principal),
            "group.id": "unused",
            "enable.auto.commit": False,
            "log_level": 2,
        }
    )
    consumer.assign([TopicPartition(name, 0, 0) for name in NAMES])
    seen = {name: consumer.list_topics(name, timeout=JOIN_WAIT_S).topics[name] for name in NAMES}
    refused = {name for name, topic in seen.items() if topic.error is not None}
    until = time.monotonic() + READ_WAIT_S
    while time.monotonic() < until:
        message = consumer.poll(0.2)
        error = message.error() if message is not None else None
        if error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            refused.add(str(message.topic()))
    consumer.close()
    return [name for name in NAMES if name not in refused]


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
        allowed = await asyncio.to_thread(_readable, scheme, AGENCY_OF[sector])
    assert allowed == ["alerts", "receipts"]


async def test_correlate_reads_concerns_and_writes_nothing(scheme: Scheme) -> None:
    async with asyncio.timeout(90):
        reads = await asyncio.to_thread(_readable, scheme, "correlate")
        writes = [name for name in NAMES if await _writes(scheme, "correlate", name)]
    assert reads == [concerns_topic(sector) for sector in SECTORS]
    assert writes == []


async def test_the_relay_writes_outward_and_reads_nothing(scheme: Scheme) -> None:
    async with asyncio.timeout(90):
        reads = await asyncio.to_thread(_readable, scheme, "relay")
        writes = [name for name in NAMES if await _writes(scheme, "relay", name)]
    assert reads == []
    assert writes == ["alerts", "receipts", "quarantine"]


async def test_an_agency_cannot_join_the_group_of_correlate(scheme: Scheme) -> None:
    consumer = AIOKafkaConsumer(
        "receipts", group_id="correlate", **_options(scheme, "northfield-police")
    )
    with pytest.raises(GroupAuthorizationFailedError):
        async with asyncio.timeout(JOIN_WAIT_S):
            await consumer.start()
    await consumer.stop()


async def test_topics_are_as_listed(scheme: Scheme) -> None:
    assert await admin.differences(scheme.admin()) == []
