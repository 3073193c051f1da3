"""A configuration in a folder of its own, and what reading it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.config.load import Loaded, read
from consumer.config.settings import Settings

LEAST = """\
kafka:
  bootstrap.servers: broker-1:9093
  group.id: yespo-bridge
registry: {url: https://registry:8081}
mappings: [shop.yaml]
yespo:
  accounts:
    main:
      legacy: {site_id: 8A412DC}
      v2: {api_key: "${env:YESPO_API_KEY}"}
dead_letters: {topic: shop.clicks.yespo-dlq}
"""

Read = Callable[..., Loaded]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text("version: 1\n")
    return tmp_path


@pytest.fixture
def read_config(folder: Path) -> Read:
    """`read_config(text, **environ)`; the key of the account is there unless `environ` says so."""

    def call(text: str = LEAST, **environ: str) -> Loaded:
        path = folder / "bridge.yaml"
        path.write_text(text)
        return read(path, {"YESPO_API_KEY": "k1", **environ})

    return call


@pytest.fixture
def settings_of(read_config: Read) -> Callable[..., Settings]:
    """Like `read_config`, for configurations that are valid."""

    def call(text: str = LEAST, **environ: str) -> Settings:
        loaded = read_config(text, **environ)
        loaded.raise_findings()
        assert loaded.settings is not None
        return loaded.settings

    return call


@pytest.fixture
def findings_of(read_config: Read) -> Callable[..., list[tuple[str, str, str]]]:
    """What is wrong, as (place without the folder, message, remedy)."""

    def call(text: str = LEAST, **environ: str) -> list[tuple[str, str, str]]:
        found = read_config(text, **environ).findings
        return [(Path(str(f.place)).name, f.message, f.remedy) for f in found]

    return call
