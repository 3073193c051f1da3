"""Writes `docs/metrics.md`: `python -m docs.generators.metrics_page > docs/metrics.md`."""

from itertools import groupby

from consumer.observability.metrics.catalogue import METRICS, PROCESS_METRICS
from consumer.observability.metrics.declare import PREFIX, Metric

_HEAD = f"""<!-- Written by `make docs` from consumer/observability/metrics. Do not edit. -->
# Metrics

```sh
curl -s localhost:9108/metrics | grep {PREFIX}lag_seconds
```

`/metrics` speaks Prometheus' classic text format, and OpenMetrics to whoever asks for it. Every
name begins with `{PREFIX}`. Labels come from the configuration, the mappings and closed sets, never
out of a record. Series whose labels are known at start begin at 0. The gauges of a partition end
when the partition goes to another replica; its counters stay, so that rates over all replicas come
out right.

Dashboards and alert rules over these metrics are in `helm/dashboards` and `helm/rules`; what to do
about an alert stands in [runbooks](runbooks/).

Two ledgers balance at any moment, and `{PREFIX}ledger_imbalance` counts the lines that do not:

    records_received = Σ records_ended + records_in_flight        per partition
    events_built     = Σ events_ended  + events_in_flight         per endpoint and event
"""

_TABLE = "| metric | labels | the question, and what it counts |\n|---|---|---|"


def reference() -> str:
    """The page."""
    parts = [_HEAD]
    for group, metrics in groupby(METRICS, key=lambda metric: metric.group):
        parts.append(
            f"## {group}\n\n| metric | labels | the question, and what it counts |\n|---|---|---|"
        )
        parts += [_row(metric) for metric in metrics]
        parts.append("")
    parts.append("## From the Python process\n\n| metric | what it is |\n|---|---|")
    parts += [f"| `{name}` | {text} |" for name, text in PROCESS_METRICS.items()]
    return "\n".join(parts)


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return (
        f"| `{metric.exported}` ({metric.kind}) | {labels} | {metric.question}<br>{metric.help} |"
    )


if __name__ == "__main__":
    print(reference())
