"""Grafana's dashboard JSON, as little of it as three dashboards need. Rows are filled left to right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
OURS = 'namespace=~"$namespace", job=~"$job"'
"""Stands for `$ours` in queries."""


@dataclass(frozen=True)
class Query:
    text: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """`steps` are (from value, colour). `quiet` panels are empty as long as all is well."""

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
    """Of stats: value to (text, colour)."""


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
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 25 if panel.stacked else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            # Else an axis without data but zeros would reach to 10,000 %.
            **({"axisSoftMax": _soft_max(panel)} if panel.unit == "percentunit" else {}),
            "thresholdsStyle": {"mode": "dashed" if panel.steps else "off"},
        }
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "targets": [_target(panel, index) for index in range(len(panel.queries))],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _OPTIONS[panel.kind],
    }


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
    return [source, _labels("namespace", "{}"), _labels("job", '{namespace=~"$namespace"}')]


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


def _soft_max(panel: Panel) -> float:
    """Of a share: twice the threshold, if there is one, and never more than everything."""
    return min(1.0, 2 * panel.steps[-1][0]) if panel.steps else 1.0
