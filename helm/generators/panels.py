"""Grafana's dashboard JSON, as little of it as three dashboards need. Rows are filled left to right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OURS = 'namespace=~"$namespace", job=~"$job"'
"""Stands for `$ours` in queries."""
RUNBOOKS_AT = "https://git.example.com/yespo-bridge/blob/main/"
"""What stands before `docs/runbooks/`: the chart puts `prometheusRule.runbookBase` in its place, and a
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
    kind: Literal["stat", "timeseries", "table"] = "timeseries"
    width: int = 8
    height: int = 7
    steps: Sequence[tuple[float, str]] = ()
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
        """What Grafana imports. `others` are (uid, title) of those to link to."""
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
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in panel.steps]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
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
    """In a table that names alerts, each name leads to its runbook."""
    if "alertname" not in panel.queries[0].text:
        return []
    link = {**_runbook("${__value.raw}"), "title": "Runbook"}
    return [
        {
            "matcher": {"id": "byName", "options": "alertname"},
            "properties": [{"id": "links", "value": [link]}],
        }
    ]


def _target(panel: Panel, index: int) -> dict[str, Any]:
    query = panel.queries[index]
    return {
        "refId": chr(ord("A") + index),
        "datasource": SOURCE,
        "expr": query.text.replace("$ours", OURS),
        "legendFormat": query.legend or "__auto",
        "instant": panel.kind != "timeseries",
        "range": panel.kind == "timeseries",
        "format": "table" if panel.kind == "table" else "time_series",
    }


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
    labels = [_labels("namespace", "{}"), _labels("job", '{namespace=~"$namespace"}')]
    return [source, *labels, runbooks]


def _labels(label: str, selector: str) -> dict[str, Any]:
    query = f"label_values(yespo_bridge_build_info{'' if selector == '{}' else selector}, {label})"
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


def _annotations() -> list[dict[str, Any]]:
    changed = {
        "Mapping changed": ("mapping_info", "digest", "purple"),
        "Version changed": ("build_info", "version", "blue"),
    }
    return [
        {
            "name": name,
            "datasource": SOURCE,
            "enable": True,
            "iconColor": colour,
            "expr": f"count by ({label}) (yespo_bridge_{metric}{{{OURS}}})"
            f" unless count by ({label}) (yespo_bridge_{metric}{{{OURS}}} offset 2m)",
            "titleFormat": name,
            "textFormat": f"{{{{{label}}}}}",
        }
        for name, (metric, label, colour) in changed.items()
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
    """How far the axis reaches where there are only zeros; else it were 100, or 10,000 %. Of a share:
    twice the threshold, if there is one, and never more than everything."""
    if panel.unit == "percentunit":
        return {"axisSoftMax": min(1.0, 2 * panel.steps[-1][0]) if panel.steps else 1.0}
    if panel.mappings:
        return {"axisSoftMax": float(max(panel.mappings))}
    return {"axisSoftMax": 1.0} if panel.unit == "short" else {}
