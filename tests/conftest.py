"""Fixtures that every test folder shares: the real parts, and names nobody else uses."""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.parts import container
from tests.parts.fetch import PartUnavailableError
from tests.parts.kafka import KafkaBroker
from tests.parts.programs import Browser
from tests.parts.registry import Registry

Part = TypeVar("Part", KafkaBroker, Registry, Browser)


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaBroker]:
    """A running Apache Kafka with one broker, shared by the whole run: leave it up, use your own
    topics. A test that stops or kills brokers makes a `KafkaBroker` of its own."""
    broker = provided(KafkaBroker)
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """A running Apicurio registry, shared by the whole run: use your own subjects."""
    registry = provided(Registry)
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
def browser() -> Browser:
    """A real browser."""
    return provided(Browser)


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> container.Image:
    """The image, built by the Dockerfile's steps and run without an engine."""
    try:
        return container.build(tmp_path_factory.mktemp("image"))
    except PartUnavailableError as error:
        # Not a failure in CI either: the right to mount cannot be fetched.
        pytest.skip(str(error))


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """`unique("clicks")` makes a name for a topic, group or subject that no other test has."""
    test = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60].strip("-")
    return lambda name: f"{name}.{test}.{uuid.uuid4().hex[:8]}"


@pytest.fixture
def topic(unique: Callable[[str], str]) -> str:
    """The name of a topic of this test's own (not created)."""
    return unique("topic")


def provided(make: type[Part]) -> Part:
    """Start a part. What cannot be had fails in CI, and is a skip where a person runs."""
    try:
        part = make()
        part.start()
    except PartUnavailableError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(f"a real part is missing: {error}")
    return part
