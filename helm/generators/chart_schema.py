"""The generated files of the chart: values.schema.json and README.md, from values.yaml and the models.

.venv/bin/python -m helm.generators.chart_schema
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from consumer.config.kafka_properties import SECRET
from consumer.config.show import json_schema
from tests.helm import chart

CHART = Path(__file__).parents[2] / "helm"

EXAMPLES = ("minimal", "production", "several-mappings")

# What the chart fills in, or a value outside `config` gives: not required within it.
_GIVEN = {
    "Settings": ("kafka", "registry", "mappings", "yespo", "dead_letters"),
    "RegistrySettings": ("url",),
    "YespoSettings": ("accounts",),
    "LegacySettings": ("site_id",),
    "V2Settings": ("api_key",),
    "DeadLetterSettings": ("topic",),
}
_CREDENTIALS = {"type": "string", "pattern": r"://[^/@\s]+@"}
_KEY = re.compile(r"( *)([A-Za-z][A-Za-z0-9]*):(?: (.*))?$")


@dataclass
class Value:
    """A key of values.yaml: where, what it is for, what it may be."""

    path: tuple[str, ...]
    default: Any
    section: str
    description: str
    constraints: dict[str, Any] = field(default_factory=dict)


def values(text: str) -> Iterator[Value]:
    """Every described key of values.yaml, top to bottom."""
    defaults = yaml.safe_load(text)
    section, description, constraints = "", "", {}
    path: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("# @section "):
            section = bare.removeprefix("# @section ")
        elif bare.startswith("# -- "):
            description = bare.removeprefix("# -- ")
        elif bare.startswith("# @schema "):
            constraints = yaml.safe_load(bare.removeprefix("# @schema "))
        elif bare.startswith("# ") and description:
            description += " " + bare.removeprefix("# ")
        elif match := _KEY.match(line):
            path = [*path[: len(match[1]) // 2], match[2]]
            if description:
                default = defaults
                for key in path:
                    default = default[key]
                yield Value(tuple(path), default, section, description, constraints)
            description, constraints = "", {}
        else:
            description, constraints = "", {}


def schema() -> dict[str, Any]:
    """JSON Schema of the values: strict, with the program's own models for `config`."""
    root = _table()
    for value in values((CHART / "values.yaml").read_text()):
        table = root
        for key in value.path[:-1]:
            table = table["properties"].setdefault(key, _table())
        table["properties"][value.path[-1]] = _of(value)
    # Helm puts these in where the chart is a dependency of another.
    root["properties"]["global"] = {"type": "object"}
    root["properties"]["enabled"] = {"type": "boolean"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Values of the yespo-bridge chart",
        **root,
        "$defs": _program(),
    }


def _table() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": {}}


def _of(value: Value) -> dict[str, Any]:
    if "$ref" in value.constraints:
        return {"description": value.description, **value.constraints}
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}
    kind = kinds.get(type(value.default), "object")
    return {"description": value.description, "type": kind, **value.constraints}


def _program() -> dict[str, Any]:
    """The configuration's models, without what the chart adds, and with no credential in them."""
    full = json_schema()
    models: dict[str, Any] = copy.deepcopy(full.pop("$defs"))
    models["Settings"] = {key: full[key] for key in full if not key.startswith("$")}
    for name, given in _GIVEN.items():
        left = [key for key in models[name].pop("required", []) if key not in given]
        if left:
            models[name]["required"] = left
    for model in models.values():
        for key, prop in model.get("properties", {}).items():
            _plain(prop)
            if key in {"url", "proxy"}:
                prop["not"] = _CREDENTIALS
    models["YespoSettings"]["properties"]["accounts"]["additionalProperties"] = False
    for table in (
        models["Settings"]["properties"]["kafka"],
        models["DeadLetterSettings"]["properties"]["kafka"],
    ):
        # A credential in values would be read by everybody who may read the release.
        table["patternProperties"] = {
            SECRET.pattern: {"type": "string", "pattern": r"^(\$\{(env|file):[^}]+\})+$"}
        }
        del table["additionalProperties"]["anyOf"]
        table["additionalProperties"]["type"] = ["string", "number", "boolean"]
    return models


def _plain(prop: dict[str, Any]) -> None:
    """`X or null` becomes X, as long as that says the same: Helm then names what is wrong with X."""
    choices = prop.get("anyOf", [])
    if len(choices) == 2 and choices[1] == {"type": "null"} and "$ref" in choices[0]:
        del prop["anyOf"]
        prop.update(choices[0])
    prop.pop("title", None)


def readme() -> str:
    """The chart's README: its introduction, then a table for each section of the values."""
    lines = [(CHART / "README.head.md").read_text().rstrip(), ""]
    section = ""
    for value in values((CHART / "values.yaml").read_text()):
        if value.section != section:
            section = value.section
            lines += [
                "",
                f"### {section}",
                "",
                "| value | default | what it is for |",
                "|---|---|---|",
            ]
        default = json.dumps(value.default, separators=(", ", ": ")).replace("|", "\\|")
        description = value.description.replace("|", "\\|")
        lines.append(f"| `{'.'.join(value.path)}` | `{default}` | {description} |")
    return "\n".join(lines) + "\n"


def rendered_schema() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def example(name: str) -> str:
    """What a value file of `ci/` becomes, without rules and dashboards: they are files already."""
    shown = [
        found
        for found in chart.case(name).objects
        if found["metadata"]["labels"]["app.kubernetes.io/component"] != "monitoring"
    ]
    head = f"# helm template demo ./helm --namespace shop --values helm/ci/{name}-values.yaml\n"
    return head + yaml.safe_dump_all(
        shown, sort_keys=False, width=100, allow_unicode=True, explicit_start=True
    )


if __name__ == "__main__":
    (CHART / "values.schema.json").write_text(rendered_schema())
    (CHART / "README.md").write_text(readme())
    for example_of in EXAMPLES:
        (CHART / f"examples/{example_of}.yaml").write_text(example(example_of))
