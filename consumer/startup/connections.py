"""`check --connect`: whether all that the configuration names can be reached. Sends no event."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from urllib.parse import urlsplit

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from consumer.clock import SystemClock
from consumer.config.scopes import GROUP_ID, declared
from consumer.config.settings import DeliverySettings, Settings
from consumer.config.yespo import AccountSettings
from consumer.decode.api import RegistryApi, UnavailableError
from consumer.delivery.dead_letters.producer import find_topic, producer_properties
from consumer.delivery.deliver import pool_opener
from consumer.delivery.destination import Destination
from consumer.delivery.http.answer import NOTHING_ARRIVED, Answer
from consumer.errors import SetupError
from consumer.inspect.group_offsets import GroupReader
from consumer.model import Endpoint
from consumer.source.positions import start_remedy, start_setting

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Connection:
    """One answer. `unknown` is for what cannot be asked without sending an event."""

    name: str
    state: Literal["ok", "failed", "unknown"]
    text: str


async def connections(settings: Settings, topics: Sequence[str]) -> list[Connection]:
    """Try every connection, side by side. `topics` are those that the mappings read."""
    asked = list(_questions(settings, topics))
    keys = [
        _key(name, account, settings.delivery)
        for name, account in settings.yespo.accounts.items()
        if account.v2 is not None
    ]
    return await asyncio.gather(*(_answer(name, ask) for name, ask in asked), *keys)


Question = Callable[[], Awaitable[str]]


def _questions(settings: Settings, topics: Sequence[str]) -> Iterator[tuple[str, Question]]:
    yield "kafka", partial(asyncio.to_thread, _kafka, settings, topics)
    for scope in declared(settings):
        kafka = {**settings.kafka, GROUP_ID: scope.group}
        own = settings.model_copy(update={"kafka": kafka})
        yield f"group of {scope.name}", partial(asyncio.to_thread, _group, own, topics)
    if not settings.scopes:
        yield "group", partial(asyncio.to_thread, _group, settings, topics)
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
    except (OSError, SetupError, UnavailableError) as error:
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
    status, host = (await _ask(url, delivery, "OPTIONS")).status, urlsplit(url).hostname
    if status in _OF_A_GATEWAY:
        raise SetupError(f"{host} is not reached: something before it answers {status}")
    return f"{host} answers over {'TLS' if url.startswith('https') else 'plain HTTP'}"


async def _ask(
    url: str, delivery: DeliverySettings, method: str, secret: Callable[[], str] | None = None
) -> Answer:
    """The answer of a host. Raises SetupError where there is none."""
    loop = asyncio.get_running_loop()
    asked = Destination(Endpoint("", "v2"), url, secret)
    pool = pool_opener(delivery, SystemClock(loop), method)(asked)
    answered: asyncio.Future[Answer] = loop.create_future()
    try:
        pool.post(b"", None, answered.set_result)
        answer, why = await answered, pool.not_connected
    finally:
        await pool.close()
    if answer.fault is not None:
        raise SetupError(
            f"{answer.code}: {why}" if answer.fault in NOTHING_ARRIVED else answer.code
        )
    return answer


_OF_A_GATEWAY = frozenset({407, 502, 503, 504})
"""Behind a proxy or the sidecar of a mesh a connection stands, and these say that it leads nowhere."""


_ACCOUNT_INFO = "/api/v1/account/info"
"""`getAccountInfo` of the vendor's OpenAPI document. It answers the account's name and changes
nothing."""


async def _key(name: str, account: AccountSettings, delivery: DeliverySettings) -> Connection:
    """True if the vendor knows the key, without an event. A key may lack the right to ask this: only
    401 says that it is dead, and only 2xx that it lives."""
    assert account.v2 is not None
    name = f"{name}/v2 api_key"
    url = urlsplit(account.v2.url)._replace(path=_ACCOUNT_INFO, query="", fragment="").geturl()
    try:
        async with asyncio.timeout(SECONDS):
            status = (await _ask(url, delivery, "GET", account.v2.api_key.current)).status
    except (OSError, SetupError) as error:
        text = f"cannot be asked about: {str(error) or type(error).__name__}"
        return Connection(name, "unknown", text)
    if status == _UNAUTHORIZED:
        text = "the vendor does not know it (401): make a new one in Settings, API keys"
        return Connection(name, "failed", text)
    if 200 <= status < 300:
        return Connection(name, "ok", "the vendor knows it; only an event shows its right to send")
    return Connection(
        name, "unknown", f"the vendor answers {status} to a question about the account"
    )


_UNAUTHORIZED = 401


def _group(settings: Settings, topics: Sequence[str]) -> str:
    """True if `run` would find where to begin. Joins no group."""
    with GroupReader(settings.kafka, topics) as reader:
        keys = reader.partitions()
        committed = reader.committed(keys)
        begins, ends = reader.begins(keys), reader.ends(keys)
    known = {topic for topic, _ in committed}
    for key in keys:
        name = f"{key[0]}/{key[1]}"
        if key in committed:
            setting, where = "out_of_range", committed[key].offset
            why = f"offset {where} of {name} is not in the log ({begins[key]} to {ends[key]})"
            if begins[key] <= where <= ends[key]:
                continue
        else:
            setting = start_setting(key[0], topics, known)
            why = f"the group `{reader.group}` has no committed offset for {name}"
        if getattr(settings.start, setting) == "error":
            raise SetupError(f"`run` would stop: {why}; {start_remedy(setting)}")
    return f"{reader.group} has committed offsets of {len(committed)} of {len(keys)} partitions"
