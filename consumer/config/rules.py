"""Rules between settings that are each valid by themselves."""

from collections.abc import Iterable, Iterator, Mapping

from consumer.config import kafka_properties, scopes
from consumer.config.budgets import Budgets, Problem
from consumer.config.settings import Settings
from consumer.config.topics import is_pattern, matches
from consumer.documents.findings import nearest


def problems_of(settings: Settings) -> Iterator[Problem]:
    """Yields what is wrong between sections that are each valid by themselves."""
    if settings.delivery.proxy is not None and settings.delivery.client != "httpx":
        yield Problem(("delivery", "proxy"), "only `delivery.client: httpx` can use a proxy")
    yield from Budgets.problems(settings)
    yield from scopes.problems_of(settings)


def kafka_problems(properties: Mapping[str, object], path: tuple[str, ...]) -> Iterator[Problem]:
    """Properties that librdkafka does not know, or whose values it refuses."""
    for name, value in properties.items():
        if not isinstance(value, str | int | float | bool):
            continue  # what is no scalar at all is pydantic's to say
        complaint = kafka_properties.complaint(name, value)
        if complaint == "":
            near = nearest(name, kafka_properties.KNOWN)
            remedy = f"did you mean `{near}`?" if near else "see librdkafka's CONFIGURATION.md"
            message = f"librdkafka has no property `{name}`"
            hidden = near is None or kafka_properties.is_secret(near)
            yield Problem((*path, name), message, remedy, with_key=True, hidden=hidden)
        elif complaint:
            yield Problem((*path, name), f"`{name}`: {complaint}")


def topic_problems(settings: Settings, topics: Iterable[str]) -> Iterator[Problem]:
    """A problem for each topic of the mappings that reads the dead-letter topic, or would once that
    exists: each dead letter would come back as a record. `^` begins a pattern."""
    dead = settings.dead_letters.topic
    for topic in topics:
        if matches(topic, dead):
            read = f"also matched by `{topic}`" if is_pattern(topic) else "also read"
            message = (
                f"`{dead}` is {read} in a mapping: each dead letter would come back as a record"
            )
            remedy = "name a topic that no mapping reads"
            if is_pattern(topic):
                remedy += f", or narrow the pattern, e.g. `{topic.removesuffix('$')}$`"
            yield Problem(("dead_letters", "topic"), message, remedy)
