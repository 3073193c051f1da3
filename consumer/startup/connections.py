"""`check --connect`: whether all that the configuration names can be reached. Sends no event."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import httpx
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from consumer.clock import SystemClock
from consumer.config.settings import DeliverySettings, Settings
from consumer.decode.api import RegistryApi, UnavailableError
from consumer.delivery.dead_letters.producer import find_topic, producer_properties
from consumer.delivery.http.transport import open_transport
from consumer.errors import SetupError

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Connection:
    """What was found. `unknown` is for what cannot be asked without sending an event."""

    name: str
    state: Literal["ok", "failed", "unknown"]
    text: str


async def connections(settings: Settings, topics: Sequence[str]) -> list[Connection]:
    """Try every connection, side by side. `topics` are those that the mappings read."""
    asked = list(_questions(settings, topics))
    return list(await asyncio.gather(*(_answer(name, ask) for name, ask in asked))) + _keys(
        settings
    )


Question = Callable[[], Awaitable[str]]


def _questions(settings: Settings, topics: Sequence[str]) -> Iterator[tuple[str, Question]]:
    yield "kafka", partial(asyncio.to_thread, _kafka, settings, topics)
    yield "dead letters", partial(asyncio.to_thread, _dead_letters, settings, topics)
    yield "registry", partial(_registry, settings)
    for name, account in settings.yespo.accounts.items():
        urls = {}
        if account.legacy is not None:
            urls["legacy"] = account.legacy.url
        if account.v2 is not None:
            urls |= {"v2": account.v2.url, "past_events": account.v2.past_events_url}
        for api, url in urls.items():
            yield f"{name}/{api}", partial(_reachable, url, settings.delivery)


async def _answer(name: str, ask: Question) -> Connection:
    try:
        async with asyncio.timeout(SECONDS):
            return Connection(name, "ok", await ask())
    except TimeoutError:
        return Connection(name, "failed", f"no answer within {SECONDS:g} s")
    except KafkaException as error:
        return Connection(name, "failed", error.args[0].str())
    except (OSError, httpx.HTTPError, SetupError, UnavailableError) as error:
        return Connection(name, "failed", str(error) or type(error).__name__)


def _kafka(settings: Settings, topics: Sequence[str]) -> str:
    connection = producer_properties(settings.kafka, {})
    admin = AdminClient(
        {k: v for k, v in connection.items() if k.split(".")[0] in _CONNECTING} | {"log_level": 0}
    )
    found = admin.list_topics(timeout=SECONDS / 2).topics
    named = [topic for topic in topics if not topic.startswith("^")]
    missing = [topic for topic in named if topic not in found]
    if missing:
        raise SetupError(f"no topic {', '.join(missing)}: create it, or correct `from.topics`")
    return ", ".join(f"{topic} has {len(found[topic].partitions)} partitions" for topic in named)


_CONNECTING = ("bootstrap", "security", "sasl", "ssl", "client", "broker", "socket", "enable")


def _dead_letters(settings: Settings, topics: Sequence[str]) -> str:
    topic = settings.dead_letters.topic
    properties = producer_properties(settings.kafka, settings.dead_letters.kafka)
    return f"{topic} has {find_topic(properties, topic, topics, SECONDS)} partitions"


async def _registry(settings: Settings) -> str:
    """An id that no registry gives out: any answer of a registry will do."""
    await RegistryApi(settings.registry).fetch(_NO_SCHEMA)
    return "answers"


_NO_SCHEMA = 2_147_483_647


async def _reachable(url: str, delivery: DeliverySettings) -> str:
    """Over the connections that delivery would make: its client, certificates and proxy. OPTIONS asks
    what may be asked (RFC 9110, 9.3.7): it carries neither an event nor a key, and any answer of the
    host will do."""
    transport = open_transport(delivery, SystemClock(asyncio.get_running_loop()))
    async with (
        httpx.AsyncClient(transport=transport, timeout=SECONDS) as client,
        client.stream("OPTIONS", url) as answer,
    ):
        status, host = answer.status_code, answer.url.host
    if status in _OF_A_GATEWAY:
        raise SetupError(f"{host} is not reached: something before it answers {status}")
    return f"{host} answers over {'TLS' if answer.url.scheme == 'https' else 'plain HTTP'}"


_OF_A_GATEWAY = frozenset({407, 502, 503, 504})
"""Behind a proxy or the sidecar of a mesh a connection stands, and these say that it leads nowhere."""


def _keys(settings: Settings) -> list[Connection]:
    text = "cannot be verified without sending an event; a wrong key stops delivery, loses nothing"
    return [
        Connection(f"{name}/v2 api_key", "unknown", text)
        for name, account in settings.yespo.accounts.items()
        if account.v2 is not None
    ]
