"""Settings from environment variables: `YESPO_BRIDGE_DRAIN__REVOKE=10s` sets `drain.revoke`.

`__` goes one table deeper; in librdkafka properties `_` stands for each dot; lists are separated by
commas. A variable wins over the file; an empty one counts as not set.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consumer.config import kafka_properties
from consumer.config.settings import Settings
from consumer.config.shape import (
    PREFIX,
    Path,
    is_free_table,
    is_kafka_table,
    is_list,
    members,
    section_of,
    value_type,
    variables,
)
from consumer.documents.findings import Finding, Place, nearest

CONFIG_VARIABLE = PREFIX + "CONFIG"
"""Names the configuration file for the command line; not a setting."""

# Kubernetes puts these into every pod of a namespace that has a Service called `yespo-bridge…`.
_SERVICE_LINK = re.compile(
    PREFIX
    + r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://\S+")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that sets the value at `path`; `value` is a text, or a list of them."""

    name: str
    path: Path
    value: str | list[str]

    @property
    def place(self) -> Place:
        return place_of(self.name)


def place_of(name: str) -> Place:
    return Place(f"environment variable {name}", 0, 0)


def variables_set(
    environ: Mapping[str, str], file: Mapping[str, Any]
) -> tuple[list[Variable], list[Finding]]:
    """Returns what the environment sets, and the variables of ours that set nothing.

    `file` are the values of the configuration file: a name of the person's own (an account) that
    stands there is recognised however it is written.
    """
    found, findings = [], []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == CONFIG_VARIABLE or not environ[name]:
            continue
        resolved = _resolve(name, file)
        if isinstance(resolved, Finding):
            if not _is_service_link(name, environ[name]):
                findings.append(resolved)
            continue
        path, annotation = resolved
        found.append(Variable(name, path, _value(environ[name], annotation)))
    return found, findings


def _resolve(name: str, file: Mapping[str, Any]) -> tuple[Path, Any] | Finding:
    annotation: Any = Settings
    path: list[str] = []
    inside: Any = file
    for segment in name.removeprefix(PREFIX).split("__"):
        section = section_of(annotation)
        if section is not None:
            field = section.model_fields.get(segment.lower())
            if field is None:
                return _unknown(name)
            key, annotation = segment.lower(), field.annotation
        elif is_free_table(annotation):
            key = _own_name(segment, inside, is_kafka_table(annotation))
            annotation = value_type(annotation)
        else:
            return _unknown(name)
        path.append(key)
        inside = inside.get(key) if isinstance(inside, Mapping) else None
    if section_of(annotation) is not None or is_free_table(annotation):
        message = f"`{'.'.join(path)}` is a table: set its keys one by one"
        return Finding(place_of(name), "env-table", message, f"e.g. {name}__...")
    return tuple(path), annotation


def _own_name(segment: str, table: Any, kafka: bool) -> str:
    """The key of a free table that a segment stands for: one of the file's, else by rule."""
    for key in table if isinstance(table, Mapping) else ():
        if re.sub(r"[.-]", "_", key).upper() == segment.upper():
            return str(key)
    return kafka_properties.from_environment(segment) if kafka else segment.lower()


def _value(text: str, annotation: Any) -> str | list[str]:
    if is_list(annotation) and ("," in text or str not in members(annotation)):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _unknown(name: str) -> Finding:
    near = nearest(name, variables())
    remedy = f"did you mean `{near}`?" if near else "rename it, if it is not for this program"
    return Finding(place_of(name), "env-unknown", "sets nothing", remedy)


def _is_service_link(name: str, value: str) -> bool:
    if name.endswith("_PORT") and _SERVICE_URL.fullmatch(value):
        return True
    return _SERVICE_LINK.fullmatch(name) is not None
