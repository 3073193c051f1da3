"""Pictures of the dashboards, drawn by Grafana's own components from a real run.

`python -m tests.ops.pictures.make` runs the bridge on a real Kafka and registry for two minutes, with
the sandbox in Yespo's place and a real Prometheus watching, while Yespo fails, goes away, comes back
and throttles; asks every query of every panel; draws the answers with `@grafana/ui` in a real browser;
and writes docs/images/. Needs npm, chromium and prometheus. No part of `make test`.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.visitors import Visitors, key_of
from tests.e2e.conftest import Shop, open_shop
from tests.e2e.shop import ROOT, SCHEMA
from tests.e2e.test_prometheus import with_values
from tests.ops.running import Prometheus
from tests.parts.kafka import KafkaBroker
from tests.parts.programs import find
from tests.parts.registry import Registry

HERE = Path(__file__).parent
IMAGES = ROOT / "docs" / "images"
SECONDS = 120
PER_SECOND = 120
STEP = 1

FONTS = "--loader:.ttf=dataurl"
# The ESM builds import CommonJS modules in a way that only Node's own rules make sense of.
BUILDS = [
    f"--alias:@grafana/{name}=./node_modules/@grafana/{name}/dist/cjs/index.cjs"
    for name in ("ui", "data")
]


def fails(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(error=0.25, latency="0.05 p99 0.6")


def goes_away(shop: Shop) -> None:
    shop.sandbox.refuse_connections()


def is_back(shop: Shop) -> None:
    shop.sandbox.accept_connections()
    shop.sandbox.faults = FaultProfile(latency="0.02 p99 0.2")


def throttles(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(throttle_above=60, latency="0.02 p99 0.2")


STORY: dict[int, Callable[[Shop], None]] = {
    0: is_back,
    30: fails,
    50: goes_away,
    65: is_back,
    85: throttles,
    105: is_back,
}
BAD_AT = range(70, 80)
"""Seconds in which some records are not Avro."""


@contextmanager
def running() -> Iterator[tuple[Shop, Prometheus]]:
    kafka, registry = KafkaBroker(), Registry()
    with tempfile.TemporaryDirectory() as name:
        try:
            kafka.start()
            registry.start()
            with open_shop(kafka, registry, lambda name: f"shop.{name}", Path(name)) as shop:
                prometheus = watched(shop, Path(name))
                try:
                    yield shop, prometheus
                finally:
                    prometheus.stop()
        finally:
            registry.stop()
            kafka.stop()


def watched(shop: Shop, folder: Path) -> Prometheus:
    """The bridge with the shipped mapping, running and scraped."""
    settings = shop.settings()
    settings["yespo"]["accounts"]["main"]["v2"] |= {"rate": 250, "burst": 50}
    bridge = shop.bridge(yespo=settings["yespo"])
    mapping = (ROOT / "mappings" / "shop.yaml").read_text()
    mapping = mapping.replace("[shop.clicks]", f"[{shop.clicks}]")
    (shop.folder / "mapping.yaml").write_text(mapping.replace("../avro", str(ROOT / "avro")))
    bridge.start()
    bridge.wait_ready()
    (folder / "prometheus").mkdir()
    targets = [f"127.0.0.1:{bridge.port}"]
    prometheus = Prometheus(find("prometheus", "prometheus"), folder / "prometheus", targets)
    prometheus.start()
    return prometheus


def tell(shop: Shop) -> tuple[float, float]:
    """Let visitors visit while the story goes on. Returns its first and last moment."""
    producer = shop.kafka.producer()
    write = AvroWriter(SCHEMA, shop.schema_id)
    records = Visitors(1, lambda: time.time_ns() // 1_000_000).records()
    began = time.time()
    for second in range(SECONDS):
        if second in STORY:
            STORY[second](shop)
        for _ in range(PER_SECOND):
            record = next(records)
            producer.produce(shop.clicks, write(record), key_of(record).encode())
        if second in BAD_AT:
            producer.produce(shop.clicks, b"no avro at all", b"odd")
        producer.poll(0)
        time.sleep(max(0.0, began + second + 1 - time.time()))
    assert producer.flush(30) == 0
    return began, time.time()


def recorded(prometheus: Prometheus, start: float, end: float) -> dict[str, Any]:
    """All dashboards with the answers to their queries, by panel."""
    dashboards = {}
    for file in sorted((ROOT / "helm" / "dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        dashboards[file.stem] = {
            "dashboard": dashboard,
            "answers": {
                panel["id"]: [
                    {
                        "legend": target.get("legendFormat", ""),
                        "result": prometheus.over(with_values(target["expr"]), start, end, STEP),
                    }
                    for target in panel["targets"]
                ]
                for panel in dashboard["panels"]
                if panel["type"] != "row"
            },
        }
    return {"dashboards": dashboards, "start": start, "end": end}


def bundle(folder: Path) -> None:
    """The page and all it needs, as one script."""
    if not (HERE / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit"], cwd=HERE, check=True)
    esbuild = [
        str(HERE / "node_modules" / ".bin" / "esbuild"),
        "page.jsx",
        "--bundle",
        "--log-level=error",
    ]
    define = '--define:process.env.NODE_ENV="production"'
    subprocess.run(
        [*esbuild, define, FONTS, *BUILDS, f"--outfile={folder / 'page.js'}"], cwd=HERE, check=True
    )
    (folder / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css">'
        '<body style="margin:0"><div id="root"></div>'
        '<script src="recorded.js"></script><script src="page.js"></script>'
    )


def draw(folder: Path, found: dict[str, Any]) -> None:
    """One picture a dashboard, as tall as its panels are."""
    (folder / "recorded.js").write_text(f"window.recorded = {json.dumps(found)}")
    IMAGES.mkdir(exist_ok=True)
    for name, one in found["dashboards"].items():
        ends = [
            panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in one["dashboard"]["panels"]
        ]
        size = f"1376,{max(ends) * 38 + 76}"  # as page.jsx lays it out
        page = f"{(folder / 'index.html').as_uri()}?dashboard={name}"
        picture = IMAGES / f"{name.removeprefix('yespo-bridge-')}.png"
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--allow-file-access-from-files",
        ]
        arguments += [
            f"--window-size={size}",
            "--virtual-time-budget=10000",
            f"--screenshot={picture}",
            page,
        ]
        subprocess.run(
            [find("chromium", "chromium"), *arguments], check=True, capture_output=True, timeout=120
        )
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1000} kB")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        bundle(Path(name))
        with running() as (shop, prometheus):
            start, end = tell(shop)
            found = recorded(prometheus, start, end)
        draw(Path(name), found)


if __name__ == "__main__":
    main()
