"""The chart through the real Helm engine, and its objects as a test wants to ask them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

CHART = Path(__file__).parents[2] / "helm"
CASES = sorted(path.name.removesuffix("-values.yaml") for path in CHART.glob("ci/*-values.yaml"))

Object = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """Everything that one set of values becomes; hooks included."""

    objects: tuple[Object, ...]
    notes: str

    def all(self, kind: str) -> list[Object]:
        return [found for found in self.objects if found["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> Object:
        """The only object of a kind, or the one of that name."""
        found = [o for o in self.all(kind) if name in {None, o["metadata"]["name"]}]
        assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
        return found[0]

    def release(self, kind: str) -> Object:
        """The only object of a kind that is no hook."""
        found = [o for o in self.all(kind) if "helm.sh/hook" not in annotations(o)]
        assert len(found) == 1, f"{len(found)} of {kind}"
        return found[0]

    @property
    def pod(self) -> Object:
        """The pod of the Deployment; of the first scope where there are several."""
        return pod_of(self.all("Deployment")[0])

    @property
    def bridge(self) -> Object:
        """The program's container in it."""
        return container(self.pod, "bridge")

    @property
    def config(self) -> dict[str, Any]:
        """bridge.yaml, as data."""
        maps = [o for o in self.all("ConfigMap") if "bridge.yaml" in o["data"]]
        (own,) = [o for o in maps if not annotations(o)]
        found: dict[str, Any] = yaml.safe_load(own["data"]["bridge.yaml"])
        return found


def annotations(found: Object) -> dict[str, str]:
    return found["metadata"].get("annotations") or {}


def pod_of(found: Object) -> Object:
    """The pod specification within an object that has one."""
    pod: Object = found["spec"] if found["kind"] == "Pod" else found["spec"]["template"]["spec"]
    return pod


def pods(rendered: Rendered) -> Iterator[tuple[str, Object]]:
    """Every pod specification, with what makes it."""
    for found in rendered.objects:
        if found["kind"] in {"Deployment", "Job", "Pod"}:
            yield found["kind"], pod_of(found)


def container(pod: Object, name: str) -> Object:
    (found,) = [one for one in pod["containers"] if one["name"] == name]
    return dict(found)


@cache
def chart() -> helm_python.Chart:
    return helm_python.Chart.load(CHART)


def render(
    values: Mapping[str, Any], *, release: str = "demo", namespace: str = "shop"
) -> Rendered:
    """Schema, guards and templates, as `helm install` has them.

    Raises HelmError with Helm's own text where a value is refused.
    """
    chart().validate_schema(dict(values))
    files = chart().render(dict(values), name=release, namespace=namespace, is_install=True)
    objects, notes = [], ""
    for path, text in sorted(files.items()):
        if path.endswith("NOTES.txt"):
            notes = text
        else:
            objects += [found for found in yaml.safe_load_all(text) if found]
    return Rendered(tuple(objects), notes)


def case_values(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHART / f"ci/{name}-values.yaml").read_text())
    return found


@cache
def case(name: str) -> Rendered:
    """A value file of `ci/`, rendered once."""
    return render(case_values(name))


def changed(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of values with one more, its path written `a.b.c` (`\\.` is a dot in a key)."""
    copy: dict[str, Any] = yaml.safe_load(yaml.safe_dump(dict(values)))
    table = copy
    *above, last = [key.replace("\0", ".") for key in path.replace("\\.", "\0").split(".")]
    for key in above:
        table = table.setdefault(key, {})
    table[last] = value
    return copy
