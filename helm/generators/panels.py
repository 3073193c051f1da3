"""Grafana's dashboard JSON, as little of it as three dashboards need. Rows are filled left to right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from consumer.observability.metrics.catalogue import METRICS

WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OURS = 'cluster=~"$cluster", namespace=~"$namespace", job=~"$job"'
"""Stands for `$ours` in queries."""
_OF_ACCOUNTS = {
    metric.exported + end
    for metric in METRICS
    if "account" in metric.labels
    for end in ("", "_bucket", "_count", "_sum")
}
RUNBOOKS_AT = "https://git.example.com/yespo-bridge/blob/main/"
"""Prefix of `docs/runbooks/`: the chart puts `prometheusRule.runbookBase` in its place, and a
person may in the dashboard's text box."""


@dataclass(frozen=True)
class Query:
    text: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """`steps` are (from value, colour). `quiet` panels are empty as long as all is well. `runbooks` are
    the alerts about what the panel shows, without `YespoBridge`."""

    title: str
    description: str
    queries: Sequence[Query]
    unit: str
    kind: Literal["stat", "timeseries", "table", "state-timeline"] = "timeseries"
    width: int = 8
    height: int = 7
    steps: Sequence[tuple[float, str]] = ()
    base: str = "green"
    """Colour below the first step."""
    stacked: bool = False
    quiet: bool = False
    mappings: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Value to (text, colour). A line of such values goes in steps."""
    runbooks: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    description: str
    rows: Sequence[Row]

    def json(self, others: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """The document that Grafana imports. `others` are (uid, title) of those to link to."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["yespo-bridge"],
            "schemaVersion": 41,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": _variables()},
            "annotations": {"list": _annotations()},
            "links": [_link(uid, title) for uid, title in others],
            "panels": list(_laid_out(self.rows)),
        }


def _laid_out(rows: Sequence[Row]) -> Any:
    number, y = 0, 0
    for row in rows:
        number += 1
        at = {"x": 0, "y": y, "w": WIDTH, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "gridPos": at,
            "collapsed": False,
            "panels": [],
        }
        y, x, tallest = y + 1, 0, 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            number += 1
            yield _panel(panel, number, x, y)
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": panel.base, "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in panel.steps]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "color": {
            "mode": "thresholds" if panel.kind in {"stat", "state-timeline"} else "palette-classic"
        },
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    if panel.quiet:
        defaults["noValue"] = "none"
    if panel.mappings:
        options = {
            value: {"text": text, "color": colour}
            for value, (text, colour) in panel.mappings.items()
        }
        defaults["mappings"] = [{"type": "value", "options": options}]
        defaults["decimals"] = 0
    if panel.kind == "state-timeline":
        defaults["custom"] = {"lineWidth": 0, "fillOpacity": 80}
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 25 if panel.stacked else 5,
            "lineInterpolation": "stepAfter" if panel.mappings else "linear",
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            **_soft_max(panel),
            "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
        }
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "links": [_runbook(f"YespoBridge{name}") for name in panel.runbooks],
        "targets": [_target(panel, index) for index in range(len(panel.queries))],
        "fieldConfig": {"defaults": defaults, "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind],
    }


def _runbook(name: str) -> dict[str, Any]:
    url = f"${{runbooks:raw}}docs/runbooks/{name}.md"
    return {"title": f"Runbook {name}", "url": url, "targetBlank": True}


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    """In a table that names alerts or causes, each name leads to its runbook."""
    if panel.kind != "table":
        return []
    named = {"alertname": "${__value.raw}", "by (cause)": "YespoBridge${__value.raw}"}
    found = []
    for words, name in named.items():
        if words in panel.queries[0].text:
            link = {**_runbook(name), "title": "Runbook"}
            matcher = {"id": "byName", "options": words.removeprefix("by (").rstrip(")")}
            properties = [{"id": "links", "value": [link]}]
            found.append({"matcher": matcher, "properties": properties})
    return found


def _target(panel: Panel, index: int) -> dict[str, Any]:
    query = panel.queries[index]
    return {
        "refId": chr(ord("A") + index),
        "datasource": SOURCE,
        "expr": _selected(query.text),
        "legendFormat": query.legend or "__auto",
        "instant": panel.kind in {"stat", "table"},
        "range": panel.kind in {"timeseries", "state-timeline"},
        "format": "table" if panel.kind == "table" else "time_series",
    }


def _selected(text: str) -> str:
    """The query with the dashboard's variables: of metrics that know an account, that one too."""

    def selector(found: re.Match[str]) -> str:
        account = ', account=~"$account"' if found["name"] in _OF_ACCOUNTS else ""
        return f"{found['name']}{{{OURS}{account}"

    return re.sub(r"(?P<name>\w+)\{\$ours", selector, text)


_OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "state-timeline": {
        "showValue": "never",
        "mergeValues": True,
        "rowHeight": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "single"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


def _variables() -> list[dict[str, Any]]:
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
    }
    runbooks = {
        "name": "runbooks",
        "label": "Runbooks at",
        "type": "textbox",
        "query": RUNBOOKS_AT,
        "current": {"text": RUNBOOKS_AT, "value": RUNBOOKS_AT},
        "options": [{"selected": True, "text": RUNBOOKS_AT, "value": RUNBOOKS_AT}],
        "hide": 0,
    }
    within = '{cluster=~"$cluster", namespace=~"$namespace"}'
    labels = [
        _labels("cluster", "{}"),
        _labels("namespace", '{cluster=~"$cluster"}'),
        _labels("job", within),
        _labels("account", f"{{{OURS}}}", "endpoint_state"),
    ]
    return [source, *labels, runbooks]


def _labels(label: str, selector: str, metric: str = "build_info") -> dict[str, Any]:
    query = f"label_values(yespo_bridge_{metric}{'' if selector == '{}' else selector}, {label})"
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": label},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",  # also where Prometheus sets no such label
        "current": {"text": "All", "value": "$__all"},
        "hide": 0,
    }


def _new(metric: str, label: str) -> str:
    """A label value that was not there two minutes ago."""
    now = f"count by ({label}) (yespo_bridge_{metric}{{{OURS}}}"
    return f"{now}) unless {now} offset 2m)"


def _annotations() -> list[dict[str, Any]]:
    bridges = f"yespo_bridge_build_info{{{OURS}}}"
    assigned = f'yespo_bridge_rebalances_total{{{OURS}, event="assigned"}}'
    restarted = f"changes(process_start_time_seconds{{{OURS}}}[2m]) > 0"
    alerts = 'ALERTS{namespace=~"$namespace|", alertname=~"YespoBridge.*", alertstate="firing"}'
    found = {
        "Mapping changed": (_new("mapping_info", "digest"), "digest", "purple"),
        "Version changed": (_new("build_info", "version"), "version", "blue"),
        "Restart": (
            f"{restarted} and on (namespace, job, instance) {bridges}",
            "instance",
            "orange",
        ),
        "Rebalance": (f"sum by (job) (increase({assigned}[2m])) > 0", "job", "yellow"),
        "Alert": (f"count by (alertname) ({alerts})", "alertname", "red"),
    }
    return [
        {
            "name": name,
            "datasource": SOURCE,
            "enable": True,
            "iconColor": colour,
            "expr": query,
            "titleFormat": name,
            "textFormat": f"{{{{{label}}}}}",
        }
        for name, (query, label, colour) in found.items()
    ]


def _link(uid: str, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "link",
        "url": f"/d/{uid}",
        "keepTime": True,
        "includeVars": True,
        "targetBlank": False,
        "icon": "dashboard",
        "tooltip": title,
        "tags": [],
        "asDropdown": False,
    }


def _soft_max(panel: Panel) -> dict[str, float]:
    """The end of the axis where there are only zeros; else it were 100, or 10,000 %. Of a share:
    twice the threshold, if there is one, and never more than everything."""
    if panel.unit == "percentunit":
        return {"axisSoftMax": min(1.0, 2 * panel.steps[-1][0]) if panel.steps else 1.0}
    if panel.mappings:
        return {"axisSoftMax": float(max(panel.mappings))}
    return {"axisSoftMax": 1.0} if panel.unit == "short" else {}
