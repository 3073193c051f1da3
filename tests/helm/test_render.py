"""Every value file of `ci/` becomes objects that Kubernetes and the operators take."""

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # it ships none
import pytest
import yaml

from consumer import __version__
from helm.generators import chart_schema
from tests.helm.chart import CASES, CHART, Rendered, case, case_values, pods, render

VERSIONS = ("1.27", "1.31", "1.37")
_OPERATORS = ("monitoring.coreos.com/", "keda.sh/", "grafana.integreatly.org/")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def test_there_is_a_value_file_for_every_way_of_running_it() -> None:
    assert len(CASES) >= 12


@pytest.mark.parametrize("name", CASES)
def test_lint_has_nothing_to_say(name: str) -> None:
    report = helm_python.lint(CHART, case_values(name), strict=True)
    assert report["errors"] == []
    said = [message["error"] for message in report["messages"] if message["severity"] > 1]
    assert said == []


@pytest.mark.parametrize("name", CASES)
def test_kubernetes_and_the_operators_know_every_field(name: str) -> None:
    for found in case(name).objects:
        if found["apiVersion"].startswith(_OPERATORS):
            operator_schema(found["kind"]).validate(found)
            continue
        for version in VERSIONS:
            kubernetes_validate.validate(found, version, strict=True)


def test_the_schemas_refuse_what_is_wrong() -> None:
    """What keeps the test above able to fail: numbers in KEDA's metadata, rules without `expr`."""
    scaled = copy.deepcopy(case("keda").one("ScaledObject"))
    scaled["spec"]["triggers"][0]["metadata"]["lagThreshold"] = 5
    with pytest.raises(jsonschema.ValidationError, match="is not of type 'string'"):
        operator_schema("ScaledObject").validate(scaled)
    rule = {"spec": {"groups": [{"name": "a", "rules": [{"alert": "A"}]}]}, "metadata": {}}
    with pytest.raises(jsonschema.ValidationError, match="'expr' is a required property"):
        operator_schema("PrometheusRule").validate(rule)
    deployment = copy.deepcopy(case("minimal").one("Deployment"))
    deployment["spec"]["template"]["spec"]["restart"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError, match="restart"):
        kubernetes_validate.validate(deployment, "1.31", strict=True)


@cache
def operator_schema(kind: str) -> Any:
    path = Path(__file__).parent / "schemas" / f"{kind}.json"
    return jsonschema.Draft7Validator(json.loads(path.read_text()))


@pytest.mark.parametrize("name", CASES)
def test_no_two_objects_share_a_name_and_every_object_its_namespace(name: str) -> None:
    named = [(o["kind"], o["metadata"]["name"]) for o in case(name).objects]
    assert len(named) == len(set(named))
    for found in case(name).objects:
        own = found["metadata"]["name"].endswith("-more")  # of `extraObjects`
        assert own or found["metadata"]["namespace"] == "shop"


@pytest.mark.parametrize("release", ["a" * 53, "x", f"{'r' * 45}-bridge"])
@pytest.mark.parametrize("override", [None, "n" * 63])
def test_names_are_valid_however_long_those_given_are(release: str, override: str | None) -> None:
    values = case_values("production") | ({"fullnameOverride": override} if override else {})
    for found in render(values, release=release).objects:
        _check_names(found)


def _check_names(found: dict[str, Any]) -> None:
    name = found["metadata"]["name"]
    assert len(name) <= 63, name
    assert _NAME.fullmatch(name), name
    labels = dict(found["metadata"].get("labels", {}))
    labels |= found.get("spec", {}).get("template", {}).get("metadata", {}).get("labels", {})
    for value in labels.values():
        assert isinstance(value, str)
        assert len(value) <= 63
    for _, pod in pods(Rendered((found,), "")):
        for volume in pod["volumes"]:
            assert _NAME.fullmatch(volume["name"])


@pytest.mark.parametrize(
    ("one", "other"),
    [("ua", "pl"), ("yespo-bridge", "yespo-bridge-2"), (f"{'a' * 52}b", f"{'a' * 52}c")],
)
def test_two_releases_in_one_namespace_do_not_collide(one: str, other: str) -> None:
    values = case_values("production")
    del values["kafka"]["groupId"]
    names, groups, selectors = [], set(), []
    for release in (one, other):
        rendered = render(values, release=release)
        names += [(o["kind"], o["metadata"]["name"]) for o in rendered.objects]
        groups.add(rendered.config["kafka"]["group.id"])
        selectors.append(rendered.one("Deployment")["spec"]["selector"]["matchLabels"])
    assert len(names) == len(set(names))
    assert len(groups) == 2
    assert selectors[0] != selectors[1]


@pytest.mark.parametrize("name", chart_schema.EXAMPLES)
def test_the_examples_are_what_the_chart_renders(name: str) -> None:
    """`python -m helm.generators.chart_schema` writes them: a change of the chart shows in review."""
    committed = (CHART / f"examples/{name}.yaml").read_text()
    assert committed == chart_schema.example(name)


def test_generated_files_are_fresh() -> None:
    assert (CHART / "values.schema.json").read_text() == chart_schema.rendered_schema()
    assert (CHART / "README.md").read_text() == chart_schema.readme()


def test_every_value_is_described() -> None:
    """A key without a description would be missing in README and schema."""
    described = {value.path for value in chart_schema.values((CHART / "values.yaml").read_text())}

    def leaves(table: dict[str, Any], path: tuple[str, ...] = ()) -> Any:
        for key, value in table.items():
            if (*path, key) in described:
                continue
            if isinstance(value, dict) and value:
                yield from leaves(value, (*path, key))
            else:
                yield (*path, key)

    text = (CHART / "values.yaml").read_text()
    assert list(leaves(yaml.safe_load(text))) == []


def test_the_notes_name_the_next_three_commands() -> None:
    notes = case("minimal").notes
    assert "helm test demo --namespace shop --logs" in notes
    assert "kubectl --namespace shop logs --follow deployment/demo-yespo-bridge" in notes
    assert "kubectl --namespace shop port-forward deployment/demo-yespo-bridge 9108" in notes
    assert "nothing scrapes its metrics" in notes
    assert "has 50 s to finish" in case("production").notes  # 40 + 5 + 5
    assert "nothing scrapes" not in case("production").notes


def test_chart_and_program_have_the_versions_of_one_release() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == __version__
