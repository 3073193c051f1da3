"""Fixtures that every test folder shares: the real parts, names nobody else uses, and a bridge that
is built and not started."""

import asyncio
import os
import re
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import structlog

from consumer.app import App
from consumer.startup.setup import Setup, load_setup
from consumer.telemetry import logs
from tests.parts import container
from tests.parts.fetch import PartUnavailableError
from tests.parts.kafka import KafkaBroker
from tests.parts.programs import Browser
from tests.parts.registry import Registry

ROOT = Path(__file__).parents[1]

Part = TypeVar("Part", KafkaBroker, Registry, Browser)

# A thread that outlives its test must not write into what the next one reads as a command's output.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))


@pytest.fixture(autouse=True)
def _no_log_line_suppressed_yet() -> None:
    """The counts of left out log lines belong to the process: each test begins at 0."""
    logs._repeats.suppressed = logs._output.lost = 0
    logs._repeats._seen.clear()


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


@pytest.fixture(scope="session")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Setup:
    """The shipped mapping, and connections to nowhere."""
    config = tmp_path_factory.mktemp("setup") / "bridge.yaml"
    config.write_text(
        f"""
kafka: {{bootstrap.servers: "127.0.0.1:1", group.id: yespo-bridge}}
registry: {{url: "http://127.0.0.1:1"}}
mappings: [{ROOT / "mappings" / "shop.yaml"}]
yespo:
  accounts:
    main:
      legacy: {{url: "http://127.0.0.1:1/api/v2", site_id: 8A412DC}}
      v2: {{url: "http://127.0.0.1:1/api/v2/event", api_key: "${{env:YESPO_API_KEY}}"}}
dead_letters: {{topic: shop.clicks.yespo-dlq}}
http: {{host: 127.0.0.1, port: 0}}
"""
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("YESPO_API_KEY", "sandbox-key")
        return load_setup(config)


@pytest.fixture
async def app(setup: Setup) -> AsyncIterator[App]:
    """All but Kafka, registry and Yespo is real; its side door is open, its loop's pulse is taken."""
    app = App(setup.settings, setup.mapping)
    app._build(asyncio.get_running_loop())
    app._admin_server.start()
    app._observation.begin()
    yield app
    app._admin_server.stop()
    await app._delivery.close()
