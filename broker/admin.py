"""Topics: made and checked from the one list."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from broker.bus import client_options
from broker.errors import UnavailableError
from broker.settings import KafkaSettings
from broker.topics import TOPICS, Topic

REPLICATION_PRODUCTION = 3
TIMEOUT_MS = 20_000


async def create(settings: KafkaSettings, *, replication: int) -> list[str]:
    """Make the topics that are missing; return their names.

    Raises:
        UnavailableError: Kafka does not answer, or refuses.
    """
    admin = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=TIMEOUT_MS)
    try:
        await admin.start()
        present = set(await admin.list_topics())
        missing = [topic for topic in TOPICS if topic.name not in present]
        if missing:
            answer = await admin.create_topics([_new(topic, replication) for topic in missing])
            for name, code, *_ in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise UnavailableError(f"topic {name} was not made: {error.__name__}")
        return [topic.name for topic in missing]
    except (KafkaError, OSError) as error:
        raise UnavailableError(f"Kafka refuses: {type(error).__name__}") from None
    finally:
        await admin.close()


async def differences(settings: KafkaSettings) -> list[str]:
    """Say how the topics that are there differ from the list; empty when they do not.

    Raises:
        UnavailableError: Kafka does not answer, or refuses.
    """
    admin = AIOKafkaAdminClient(**client_options(settings), request_timeout_ms=TIMEOUT_MS)
    found: list[str] = []
    try:
        await admin.start()
        described = await admin.describe_topics([topic.name for topic in TOPICS])
        partitions = {row["topic"]: len(row["partitions"]) for row in described}
        for topic in TOPICS:
            count = partitions.get(topic.name, 0)
            if not count:
                found.append(f"{topic.name} is missing: run `fullpicture topics create`")
            elif count != topic.partitions:
                found.append(f"{topic.name} has {count} partitions, not {topic.partitions}")
            else:
                found += await _config_differences(admin, topic)
    except (KafkaError, OSError) as error:
        raise UnavailableError(f"Kafka refuses: {type(error).__name__}") from None
    finally:
        await admin.close()
    return found


async def _config_differences(admin: AIOKafkaAdminClient, topic: Topic) -> list[str]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
    (answer,) = await admin.describe_configs([resource])
    values = {entry[0]: entry[1] for resource_row in answer.resources for entry in resource_row[4]}
    return [
        f"{topic.name}: {name} is not {wanted}"
        for name, wanted in topic.config.items()
        if values.get(name) != wanted
    ]


def _new(topic: Topic, replication: int) -> NewTopic:
    return NewTopic(
        name=topic.name,
        num_partitions=topic.partitions,
        replication_factor=replication,
        topic_configs=dict(topic.config),
    )
