"""Writes docs/configuration.md from the models: `python -m docs.generators.configuration_page`."""

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from consumer.config.secrets import Secret
from consumer.config.settings import Settings
from consumer.config.shape import is_free_table, is_kafka_table, section_of, value_type
from consumer.config.value_types import Kind, Section

_INTRODUCTION = """\
# Configuration

<!-- Written by `make docs` from the models in consumer/config. -->

One YAML file, named by `--config` (or the variable `YESPO_BRIDGE_CONFIG`):

```yaml
kafka:
  bootstrap.servers: broker-1:9093
  group.id: yespo-bridge
registry: {url: https://registry:8081}
mappings: [mappings/shop.yaml]
yespo:
  accounts:
    main:
      legacy: {site_id: 8A412DC}
      v2: {api_key: "${env:YESPO_API_KEY}"}
dead_letters: {topic: shop.clicks.yespo-dlq}
```

`yespo-bridge check` reads it and names every mistake at once, `yespo-bridge config` prints what it
amounts to (secrets masked), `yespo-bridge config schema` prints its JSON Schema for editors.

**Values.** Only `true`, `false`, `null` and plain decimal numbers are more than text: `no`, `on`,
`007`, `8E12` and everything in quotes is text. Durations are written `250ms`, `5s`, `10m`, `24h`,
`7d` (a bare number counts in seconds), sizes `64kB`, `16MiB` (a bare number counts in bytes).
Relative paths are relative to the folder of the file, also those of librdkafka properties that end
with `.location`.

**Secrets** do not stand in the file. Write `${env:NAME}` or `${file:/run/secrets/key}`; both may be
used in any text. One line end at the end of a file is dropped. What stands in files is followed without
a restart: API keys, the registry's password or token, certificate files of `delivery` and `registry`,
and `sasl.username` and `sasl.password` of Kafka (PLAIN and SCRAM). They count with the next connection
or request; what cannot be read leaves the last in force, with a line in the log. librdkafka reads its
own files (`ssl.*.location`) at the start only.

**Environment.** Every key can be set by a variable, which wins over the file: `YESPO_BRIDGE_` and
the key in capitals, with `__` before each key of a deeper table.

| variable | sets |
|---|---|
| `YESPO_BRIDGE_DRAIN__SHUTDOWN=40s` | `drain.shutdown` |
| `YESPO_BRIDGE_MAPPINGS=a.yaml,b.yaml` | `mappings`, a list |
| `YESPO_BRIDGE_KAFKA__BOOTSTRAP_SERVERS=broker:9092` | `kafka` → `bootstrap.servers` |
| `YESPO_BRIDGE_YESPO__ACCOUNTS__UA_SHOP__V2__API_KEY=…` | `yespo.accounts.ua-shop.v2.api_key` |

In a librdkafka property `_` stands for the dot; the names that have a `_` themselves (`log_level`)
are known and keep it. A name of your own (an account, a topic) is that of the file which reads the
same in capitals with `_` for `-` and `.`; if there is none, it is the name in small letters. An
empty variable counts as not set. A `YESPO_BRIDGE_` variable that sets nothing is an error, except
those that Kubernetes adds for a Service of that name.
"""

_PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Secret: "secret",
}


def page() -> str:
    """The whole page."""
    return _INTRODUCTION + "".join(_section(Settings, "", set()))


def _section(section: type[Section], prefix: str, done: set[type[Section]]) -> Iterator[str]:
    done.add(section)
    title = f"`{prefix.removesuffix('.')}`" if prefix else "Top level"
    yield f"\n## {title}\n\n{_flat(section.__doc__)}\n\n"
    yield "| key | type | default | meaning |\n|---|---|---|---|\n"
    for name, field in section.model_fields.items():
        kind = _type(field.annotation, field.metadata)
        default, meaning = _default(field), _flat(field.description)
        yield f"| `{prefix}{name}` | {kind} | {default} | {meaning} |\n"
    for name, field in section.model_fields.items():
        annotation = field.annotation
        own = is_free_table(annotation) and not is_kafka_table(annotation)
        many = get_origin(annotation) is list
        if many:
            annotation = get_args(annotation)[0]
        inner = section_of(value_type(annotation) if own else annotation)
        if inner is not None and inner not in done:
            key = f"{prefix}{name}{'[]' if many else ''}."
            yield from _section(inner, f"{key}<name>." if own else key, done)


def _kind(metadata: Iterable[Any]) -> str | None:
    return next((mark.name for mark in metadata if isinstance(mark, Kind)), None)


def _type(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What may stand there, in a few words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if name := _kind(metadata) or _PLAIN.get(annotation):
        text = name
    elif origin is Annotated:
        text = _type(arguments[0], arguments[1:])
    elif origin is Literal:
        text = ", ".join(f"`{choice}`" for choice in arguments)
    elif origin is list:
        text = f"list of {_type(arguments[0])}s"
    elif origin is dict:
        text = "table of librdkafka properties" if is_kafka_table(annotation) else "table by name"
    elif section_of(annotation) is not None and not arguments:
        text = "table"
    else:
        parts = [_type(part) for part in arguments if part is not type(None)]
        text = " or ".join(dict.fromkeys(parts))
    return text


def _default(field: FieldInfo) -> str:
    value, kind = field.default, _kind(field.metadata)
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, Section) or value in ({}, []):
        return ""
    if kind == "duration":
        return f"`{value:g}s`"
    if kind == "size":
        return f"`{value // 1024**2}MiB`"
    return f"`{value}`"


def _flat(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
