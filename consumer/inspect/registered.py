"""Reads the newest version of a subject from the schema registry, for single commands."""

import asyncio
import json

from consumer.avro.document import document
from consumer.avro.schema import SchemaError, parse_safely
from consumer.config.settings import Settings
from consumer.decode.api import Missing, RegistryApi, UnavailableError, Unsupported
from consumer.errors import SetupError

SECONDS = 15.0
"""Seconds for an answer of the registry."""


def subject_of(settings: Settings, topic: str) -> str | None:
    """The subject of a topic's values; None where subjects are named by their records."""
    by_topic = settings.registry.subject_name_strategy == "topic_name"
    return f"{topic}-value" if by_topic else None


def newest_schema(settings: Settings, subject: str) -> bytes:
    """The newest version as one JSON document: what it refers to is written out in it.

    Raises SetupError where the registry does not have it, or cannot be asked.
    """
    try:
        return asyncio.run(_newest(settings, subject))
    except TimeoutError:
        raise SetupError(f"the registry did not answer within {SECONDS:g} s") from None
    except UnavailableError as error:
        raise SetupError(f"the registry cannot be asked: {error}") from None


async def _newest(settings: Settings, subject: str) -> bytes:
    async with asyncio.timeout(SECONDS):
        versions = await RegistryApi(settings.registry).versions(subject)
    if isinstance(versions, Missing) or not versions:
        raise SetupError(f"the registry has no subject `{subject}`")
    found = versions[-1].found
    if isinstance(found, Unsupported):
        raise SetupError(f"{subject}: {found.why}")
    try:
        node = parse_safely(found[-1], found[:-1])
    except SchemaError as error:
        raise SetupError(f"{subject}: no schema that can be read: {error}") from None
    return json.dumps(document(node), ensure_ascii=False, indent=2).encode() + b"\n"
