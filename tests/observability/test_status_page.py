"""The metrics page of a bridge that is built: names, zeros, both formats, and what partitions show."""

import asyncio
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families as classic_families

from consumer.app import App
from consumer.mapping.unit import load_unit
from consumer.model import Endpoint, Partition
from consumer.observability.lag import age_of
from consumer.observability.metrics.catalogue import METRICS, PROCESS_METRICS
from consumer.observability.metrics.declare import PREFIX
from consumer.pipeline.partition_buffers import Held
from consumer.stages import Position
from consumer.startup.setup import accounts_of
from docs.generators.metrics_page import reference
from tests.fakes import a_record

ROOT = Path(__file__).parents[2]


async def page(app: App, accept: str = "text/plain") -> httpx.Response:
    url = f"http://127.0.0.1:{app.port}/metrics"
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        return await client.get(url, headers={"Accept": accept})


def series(text: str) -> str:
    """`name{label="value",...}` with the labels in alphabetical order, as the page has them."""
    name, brace, labels = text.partition("{")
    return name + brace + ",".join(sorted(labels.rstrip("}").split(","))) + ("}" if brace else "")


async def samples(app: App) -> dict[str, float]:
    """By series."""
    lines = [line for line in (await page(app)).text.splitlines() if line and line[0] != "#"]
    return {series(line.rsplit(" ", 1)[0]): float(line.rsplit(" ", 1)[1]) for line in lines}


async def test_what_stages_count_is_declared_and_what_has_no_reader_is_counted(app: App) -> None:
    assert app.tallies.names == {metric.name for metric in METRICS if metric.read is None}


async def test_the_page_has_what_is_declared_and_no_more(app: App) -> None:
    families = {family.name: family for family in classic_families((await page(app)).text)}
    declared = {PREFIX + metric.name: metric for metric in METRICS}
    others = {name.removesuffix("_total") for name in PROCESS_METRICS}
    assert set(families) - others == set(declared)
    assert others <= set(families)
    for name, metric in declared.items():
        assert families[name].type == metric.kind
        assert families[name].documentation == metric.help


async def test_openmetrics_is_spoken_to_whoever_asks_for_it(app: App) -> None:
    answer = await page(app, "application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    names = {family.name for family in openmetrics_families(answer.text)}  # type: ignore[no-untyped-call] # the library's own
    assert {PREFIX + metric.name for metric in METRICS} <= names


async def test_what_is_known_at_start_begins_at_zero(app: App) -> None:
    found = await samples(app)
    for name in (
        'requests_total{account="main",api="v2",code="429"}',
        'requests_total{account="main",api="legacy",code="connect_refused"}',
        'retries_total{account="main",api="v2",class="misconfigured"}',
        'dead_letters_total{stage="decode",reason="truncated"}',
        'dead_letters_total{stage="mapping",reason="missing"}',
        'dead_letters_total{stage="mapping",reason="too_long"}',
        'dead_letters_total{stage="delivery",reason="rejected"}',
        "dead_letter_errors_total",
        'commits_total{result="error"}',
        'rebalances_total{event="lost"}',
        'freshness_seconds_bucket{account="main",api="legacy",le="60.0"}',
        'freshness_seconds_count{account="main",api="legacy"}',
        'endpoint_state{account="main",api="v2",state="misconfigured"}',
        "partitions_assigned",
        'events_built_total{account="main",api="v2",event="cartUpdated"}',
        'events_in_flight{account="main",api="legacy",event="StatusCart"}',
        'events_ended_total{account="main",api="legacy",event="StatusCart",outcome="dead_lettered"}',
        'events_ended_total{account="main",api="v2",event="pageViewed",outcome="delivered"}',
    ):
        assert found[PREFIX + series(name)] == 0.0, name
    assert found[PREFIX + 'endpoint_state{account="main",api="v2",state="flowing"}'] == 1.0


async def test_every_declared_series_is_there_before_anything_has_happened(app: App) -> None:
    """A counter that appears with its first count is missing from `increase()` when it matters. What
    a label can say is a closed set, unless it is a partition: those begin when they are assigned."""
    families = {family.name: family for family in classic_families((await page(app)).text)}
    for metric in METRICS:
        found = [
            sample
            for sample in families[PREFIX + metric.name].samples
            if not sample.name.endswith("_created")
        ]
        of_partitions = set(metric.labels) >= {"topic", "partition"}
        assert bool(found) is not of_partitions, metric.name
        if metric.kind != "gauge" and metric.name != "event_loop_lag_seconds":
            assert {sample.value for sample in found} <= {0.0}, metric.name
        for label in set(metric.labels) & set(SAID):
            said = {sample.labels[label] for sample in found}
            assert said >= SAID[label] or of_partitions, (metric.name, label)
    for name, label, values in CLOSED:
        assert {s.labels[label] for s in families[PREFIX + name].samples} == values, name


SAID = {"account": {"main"}, "api": {"legacy", "v2"}}
CLOSED = (
    ("retries", "class", {"throttled", "transient", "suspect", "misconfigured"}),
    ("skipped", "reason", {"missing", "no_identifier"}),
    (
        "left_out",
        "field",
        {"cookie", "contactId", "email", "externalCustomerId"}
        | {"keyValue", "name", "phone", "pushToken"},
    ),
    ("left_out", "reason", {"blank", "encoding", "forbidden_character", "format", "too_long"}),
    ("dead_letters", "stage", {"decode", "mapping", "delivery"}),
    ("mapping_reloads", "result", {"taken", "refused"}),
    ("schema_lookups", "result", {"hit", "miss", "negative", "error"}),
    ("schemas_read", "reader", {"generated", "fastavro"}),
    ("partitions_paused", "reason", {"buffer", "schema", "gap"}),
    ("pauses", "reason", {"buffer", "schema"}),
    ("rebalances", "event", {"assigned", "revoked", "lost"}),
    ("commits", "result", {"ok", "error"}),
    (
        "events_ended",
        "outcome",
        {"delivered", "superseded", "expired", "dead_lettered", "released"},
    ),
    (
        "endpoint_state",
        "state",
        {"flowing", "throttled", "suspect", "down", "misconfigured"},
    ),
)
"""The labels of a closed set, as docs, alerts and dashboards spell their values."""


async def test_the_ways_to_leave_a_record_out_begin_at_zero_with_its_partition(app: App) -> None:
    app._pipeline.assigned({Partition("shop.clicks", 3, 1): Position(5)})
    found = await samples(app)
    for reason in ("no_marketing_consent", "no_rule", "no_identifier", "already_ended"):
        where = f'outcome="filtered",partition="3",reason="{reason}",topic="shop.clicks"'
        assert found[f"{PREFIX}records_ended_total{{{where}}}"] == 0.0


async def test_a_reload_brings_its_new_events_at_zero_and_keeps_the_old_counts(
    app: App, tmp_path: Path
) -> None:
    view = PREFIX + 'events_built_total{account="main",api="legacy",event="ProductPage"}'
    custom = PREFIX + 'events_built_total{account="main",api="v2",event="bonusSpent"}'
    app.ledger.of_event(Endpoint("main", "legacy"), "ProductPage").built += 3
    assert custom not in await samples(app)
    (tmp_path / "click.avsc").write_text(
        '{"type": "record", "name": "t.Click", "fields": [{"name": "id", "type": "string"}]}'
    )
    (tmp_path / "mapping.yaml").write_text(
        "version: 1\n"
        "from: {topics: [shop.clicks], schema: click.avsc}\n"
        "identity: {externalCustomerId: id}\n"
        "custom_events: {bonusSpent: {}}\n"
        "match: first\n"
        "otherwise: drop\n"
        "rules: [{name: bonus, send: [{v2: bonusSpent}]}]\n"
    )
    app._mapping.take(load_unit([tmp_path / "mapping.yaml"], accounts_of(app._settings)))
    found = await samples(app)
    assert found[custom] == 0.0
    assert found[view] == 3.0


async def test_the_gauges_of_a_partition_go_when_it_goes(app: App) -> None:
    partition = Partition("shop.clicks", 3, 1)
    app._pipeline.assigned({partition: Position(5)})
    where = '{partition="3",topic="shop.clicks"}'
    before = await samples(app)
    assert before[f"{PREFIX}records_in_flight{where}"] == 0.0
    assert before[f"{PREFIX}lag_seconds{where}"] == 0.0
    assert before[f"{PREFIX}commit_gap{where}"] == 0.0
    app._pipeline.lost([partition])
    after = await samples(app)
    gone = set(before) - set(after)
    assert gone == {
        f"{PREFIX}{name}{where}" for name in ("records_in_flight", "lag_seconds", "commit_gap")
    }
    assert after[f"{PREFIX}records_received_total{where}"] == 0.0


async def test_a_record_that_waits_for_its_schema_is_held_and_ages(app: App) -> None:
    partition = Partition("shop.clicks", 0, 1)
    app._pipeline.assigned({partition: Position(5)})
    record = a_record(5, partition=partition, value=b"\0\0\0\0\x07rest")
    app._pipeline.received({partition: [record]})
    found = await samples(app)
    where = '{partition="0",topic="shop.clicks"}'
    assert found[f"{PREFIX}records_in_flight{where}"] == 1.0
    assert found[f'{PREFIX}partitions_paused{{reason="schema"}}'] == 1.0
    assert found[f"{PREFIX}lag_seconds{where}"] > 86_400.0, "the record is of November 2025"
    app._pipeline.lost([partition])
    await app._registry.close()
    fetches = list(app._pipeline._schema_waits._tasks)
    app._pipeline._schema_waits.cancel()
    await asyncio.gather(*fetches, return_exceptions=True)


NOW = 1_000.0


@pytest.mark.parametrize(
    ("held", "end", "lag", "age"),
    [
        pytest.param(Held(2, 970_000, 41, 999_000, False, False), 42, 2, 30.0, id="oldest held"),
        pytest.param(Held(0, -1, 41, 900_000, False, False), 42, 0, 0.0, id="caught up"),
        pytest.param(Held(0, -1, 41, 900_000, False, False), 42, 9, 0.0, id="commit under way"),
        pytest.param(Held(0, -1, 41, 990_000, False, False), 99, 57, 10.0, id="upper bound"),
        pytest.param(Held(0, -1, -1, -1, False, False), 99, 99, None, id="nothing known yet"),
        pytest.param(Held(0, -1, -1, -1, False, False), 0, 0, 0.0, id="empty partition"),
        pytest.param(Held(1, -1, 41, -1, False, False), 42, 1, None, id="no timestamps"),
        pytest.param(Held(1, 1_005_000, 4, 0, False, False), 5, 1, 0.0, id="a clock ahead of ours"),
    ],
)
def test_the_age_of_what_has_not_ended(held: Held, end: int, lag: int, age: float | None) -> None:
    assert age_of(held, end, lag, NOW) == age


def test_the_page_of_the_docs_is_up_to_date() -> None:
    assert (ROOT / "docs" / "metrics.md").read_text() == reference() + "\n"
