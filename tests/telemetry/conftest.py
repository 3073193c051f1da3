"""A bridge that is built and not started: everything but Kafka, registry and Yespo is real."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from consumer.app import App
from consumer.setup import Setup, load_setup

ROOT = Path(__file__).parents[2]


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
    """Its side door is open; its loop's pulse is taken."""
    app = App(setup.settings, setup.mapping)
    app._build(asyncio.get_running_loop())
    app._side_door.start()
    app._observation.begin()
    yield app
    app._side_door.stop()
    await app._delivery.close()
