"""A configuration on its way from text to `Settings`: plain values, and where each one stands.

Scalars are those of YAML 1.2's core schema that nobody writes by accident: `true`, `false`, `null`,
decimal whole numbers and decimal fractions are values. Everything else is text: `no`, `on`, `007`,
`1_000`, `8E12`, `0x1F`, `12:30`, `.inf`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from consumer.config import kafka_properties
from consumer.config.environment import Variable
from consumer.config.secrets import (
    LiveText,
    ReferenceFault,
    Secret,
    has_reference,
    is_whole_reference,
    reader,
    without_credentials,
)
from consumer.config.shape import Path, annotation_at, is_kafka_table, is_secret
from consumer.documents.findings import Finding, Place
from consumer.documents.yaml_tree import Items, Node, Scalar, Table

_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?")
_LONGEST = 1_000
"""Characters of a whole number; a longer one stays text, and no setting takes it (nor does `int`)."""

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Plain = str | int | float | bool | None


def value_of(scalar: Scalar) -> Plain:
    """The value of a scalar: quoted and block scalars are always text."""
    if not scalar.plain:
        return scalar.text
    if scalar.text in _WORDS:
        return _WORDS[scalar.text]
    if _WHOLE.fullmatch(scalar.text) and len(scalar.text) <= _LONGEST:
        return int(scalar.text)
    if _FRACTION.fullmatch(scalar.text):
        return float(scalar.text)
    return scalar.text


_FOLLOWED = ("sasl.username", "sasl.password")
"""Properties that librdkafka takes anew while a client lives on."""
NO_VALUE = frozenset({"a table", "a list", "nothing"})
"""The text shown in place of a list or table."""
_BY_REFERENCE = "write `${env:NAME}` or `${file:/path/to/file}`, and put the value there"


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of a value. `shown` is what was written there, masked if it must not be shown."""

    key: Place
    value: Place
    shown: str


@dataclass(slots=True)
class Draft:
    """`faulty` has the paths about which a finding has been made already; at `secrets` stands what
    no message may show."""

    folder: FilePath
    environ: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    faulty: dict[Path, Finding] = field(default_factory=dict)
    secrets: list[Place] = field(default_factory=list)

    def read_tree(self, root: Table) -> None:
        """Take the values of a configuration file."""
        self.values = self._table(root, ())

    def set_variable(self, variable: Variable) -> None:
        """Let an environment variable win over what the file says."""
        *tables, last = variable.path
        inside: Any = self.values
        for depth, key in enumerate(tables, 1):
            path = variable.path[:depth]
            if not isinstance(inside.get(key), dict):
                inside[key] = {}
                self.origins[path] = Origin(variable.place, variable.place, "")
            inside = inside[key]
        shown = "***" if _hidden(variable.path) else without_credentials(str(variable.value))
        self.origins[variable.path] = Origin(variable.place, variable.place, shown)
        if (former := self.faulty.pop(variable.path, None)) and former.code == "reference":
            self.findings.remove(former)  # of no account any more; a secret in the file still is
        if isinstance(variable.value, list):
            parts = [self._text(text, variable.path) for text in variable.value]
            inside[last] = parts
        else:
            inside[last] = self._text(variable.value, variable.path)

    def fault(
        self, path: Path, code: str, message: str, remedy: str = "", with_key: bool = False
    ) -> None:
        """Add a finding about the value (or the key) at a path; only the first one counts."""
        if path not in self.faulty:
            place = self.origins[path].key if with_key else self.place(path)
            self.faulty[path] = Finding(place, code, message, remedy)
            self.findings.append(self.faulty[path])

    def hide(self, path: Path) -> None:
        """No message may show the value at a path."""
        origin = self.origins.get(path)
        if origin is not None and origin.value.line and origin.shown not in NO_VALUE:
            self.secrets.append(origin.value)

    def place(self, path: Path) -> Place:
        """The place of the value at a path, or else of the table in which it is missing."""
        if path in self.origins:
            return self.origins[path].value
        parent = self.origins.get(path[:-1])
        return parent.key if parent else self.origins[()].key

    def _value(self, node: Node, path: Path) -> Any:
        if isinstance(node, Table):
            return self._table(node, path)
        if isinstance(node, Items):
            for index, item in enumerate(node.items):
                self.origins[*path, index] = Origin(item.place, item.place, _shown(item, path))
            return [self._value(item, (*path, index)) for index, item in enumerate(node.items)]
        value = value_of(node)
        if value is not None and _hidden(path) and not is_whole_reference(node.text):
            self.secrets.append(node.place)
            message = f"`{dotted(path)}`: a secret must not stand in this file"
            self.fault(path, "plain-secret", message, _BY_REFERENCE)
            return Secret("-") if is_secret(annotation_at(path)) else "-"
        return self._text(value, path) if isinstance(value, str) else value

    def _table(self, table: Table, path: Path) -> dict[str, Any]:
        values = {}
        for entry in table:
            inner = (*path, entry.key.text)
            shown = _shown(entry.value, inner)
            self.origins[inner] = Origin(entry.key.place, entry.value.place, shown)
            values[entry.key.text] = self._value(entry.value, inner)
        return values

    def _text(self, text: str, path: Path) -> str | Secret:
        read = None
        if has_reference(text):
            try:
                read = reader(text, self.environ, self.folder)
                text = read()
            except ReferenceFault as fault:
                self.fault(path, "reference", f"`{dotted(path)}`: {fault}")
                text = "-"
        if is_secret(annotation_at(path)):
            return Secret(text, read)
        return text if read is None or path[-1] not in _FOLLOWED else LiveText(text, read)


def dotted(path: Path) -> str:
    """A path as people write it: `yespo.accounts.main.v2`, `mappings[0]`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def _hidden(path: Path) -> bool:
    """True if the value at a path must not be shown."""
    if is_kafka_table(annotation_at(path[:-1])):
        return kafka_properties.is_secret(str(path[-1]))
    return is_secret(annotation_at(path))


def _shown(node: Node, path: Path) -> str:
    if not isinstance(node, Scalar):
        return "a list" if isinstance(node, Items) else "a table"
    if _hidden(path) and not is_whole_reference(node.text):
        return "***"
    return without_credentials(node.text) or "nothing"
