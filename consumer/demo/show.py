"""The demo: the app of `run` on embedded parts, from the first visitor to balanced ledgers."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from consumer.app import App
from consumer.avro.document import document
from consumer.avro.schema import SchemaError
from consumer.demo.parts import TOPIC, DemoPlan, Parts
from consumer.demo.progress import Progress
from consumer.demo.samples import SamplingMap, print_samples
from consumer.errors import SetupError
from consumer.mapping.unit import MappingUnit, load_unit
from consumer.pipeline.report import events_table, records_table, summary
from consumer.startup.setup import accounts_of

LOOK_SECONDS = 0.1
GIVE_UP_SECONDS = 60.0
"""Without any progress for this long the demo has failed."""


@dataclass(frozen=True, slots=True)
class Result:
    """`problems` is empty when all that was produced was received and ended, both ledgers balance,
    every request kept the contract, and every event kind of both APIs was delivered."""

    problems: list[str]
    document: dict[str, Any]


def shipped() -> Path:
    """The folder that holds `avro/` and `mappings/`: in the wheel, or the checkout."""
    package = Path(__file__).parents[1]
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent


async def show(
    plan: DemoPlan,
    console: Console,
    *,
    ports: tuple[int, int] = (0, 0),
    keep: bool = False,
    every_sample: bool = False,
) -> Result:
    """Run the demo; progress, ledgers and samples go to `console`.

    `ports` are those of the metrics and of the sandbox; 0 lets the system choose. Raises ConfigError
    for a mapping that is not valid, SetupError for a schema that is none.
    """
    mapping_file = plan.mapping or shipped() / "mappings" / "shop.yaml"
    with Parts(plan, sandbox_port=ports[1]) as parts:
        settings = parts.settings(mapping_file, http_port=ports[0])
        unit = load_unit([mapping_file], accounts_of(settings))
        _prepare(parts, plan, unit)
        mapping = SamplingMap(unit)
        parts.sandbox.origins = mapping.origin_of
        app = App(settings, mapping)
        app.stop_on_signals()
        await app.start()
        console.print(
            f"Kafka {parts.kafka.bootstrap} and registry {parts.registry.url}, in this process\n"
            f"requests at Yespo's double: {parts.sandbox.url}/\n"
            f"status of the bridge:       http://127.0.0.1:{app.port}/",
            highlight=False,
            soft_wrap=True,
        )
        began = time.monotonic()
        with Progress(console, app, parts) as progress:
            stuck = await _until_all_ended(app, parts, progress)
        seconds = time.monotonic() - began
        if keep and not stuck:
            console.print("Left running, as asked: open the two pages. Ctrl-C ends it.")
            await app.asked_to_stop()
        complete = await app.stop()
        document = _document(app, parts, seconds)
        problems = _problems(app, parts, document, complete=complete and not stuck)
        if plan.mapping is None:
            problems += _missing(app, parts)
        console.print(records_table(app.ledger))
        console.print(events_table(app.ledger))
        print_samples(mapping.samples(parts.sandbox.received), console, every=every_sample)
        return Result(problems, document)


def _prepare(parts: Parts, plan: DemoPlan, unit: MappingUnit) -> None:
    """Choose what the visitors write. Raises SetupError."""
    if plan.mapping is None:
        shop = shipped() / "avro" / "shop_click.avsc"
        parts.prepare(TOPIC, json.loads(shop.read_text("utf-8")))
        return
    [mapping, *_] = unit.mappings
    topic = mapping.topics[0]
    if topic.startswith("^"):
        raise SetupError(f"`{topic}` is a pattern: the demo writes to a topic with a name")
    schema: Any = document(mapping.reader_schema)
    if plan.schema is not None:
        try:
            schema = json.loads(plan.schema.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SetupError(f"{plan.schema}: {error}") from error
    try:
        parts.prepare(topic, schema, mapping)
    except SchemaError as error:
        raise SetupError(f"{plan.schema or mapping.file}: {error}") from error


async def _until_all_ended(app: App, parts: Parts, progress: Progress) -> bool:
    """Until the visitors are done and every record has ended. True when nothing moves any more."""
    visiting = asyncio.ensure_future(parts.visit())
    ended, moved_at = -1, time.monotonic()
    while not app.stopping:
        progress.show()
        now_ended = sum(counts.ended() for counts in app.ledger.records.values())
        if now_ended != ended:
            ended, moved_at = now_ended, time.monotonic()
        if visiting.done():
            visiting.result()
            if ended == parts.produced:
                return False
        if time.monotonic() - moved_at > GIVE_UP_SECONDS:
            break
        await asyncio.sleep(LOOK_SECONDS)
    visiting.cancel()
    return True


def _document(app: App, parts: Parts, seconds: float) -> dict[str, Any]:
    """The document that `--json` prints."""
    delivered: Counter[str] = Counter()
    for (api, name), count in parts.sandbox.counts().items():
        delivered[f"{api}/{name}"] = count
    totals = summary(app.ledger)
    return {
        "produced": parts.produced,
        "poisoned": parts.poisoned,
        "received": totals["received"],
        "outcomes": totals["outcomes"],
        "reasons": totals["reasons"],
        "in_flight": totals["in_flight"],
        "balanced": totals["balanced"],
        "events": dict(sorted(delivered.items())),
        "contract_violations": len(parts.sandbox.violations),
        "seconds": round(seconds, 1),
    }


def _problems(app: App, parts: Parts, document: dict[str, Any], *, complete: bool) -> list[str]:
    found = [f"does not balance: {line}" for line in app.ledger.imbalance()]
    if not complete:
        found.append("not every record ended")
    if document["received"] != parts.produced:
        found.append(f"produced {parts.produced} records, received {document['received']}")
    found += [
        f"{violation.api}/{violation.event}: {violation.path} {violation.message}"
        for violation in parts.sandbox.violations[:10]
    ]
    return found


def _missing(app: App, parts: Parts) -> list[str]:
    """Kinds of events that the shop's visitors cause and that did not arrive."""
    expected = {(endpoint.api, name) for endpoint, name in app.ledger.events}
    return [
        f"no {api}/{name} arrived" for api, name in sorted(expected - set(parts.sandbox.counts()))
    ]
