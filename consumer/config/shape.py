"""The shape of `Settings`: which keys exist where, asked of the models themselves."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from consumer.config.kafka_properties import KNOWN
from consumer.config.secrets import Secret
from consumer.config.settings import Settings
from consumer.config.value_types import Section

Path = tuple[str | int, ...]
PREFIX = "YESPO_BRIDGE_"


def members(annotation: Any) -> list[Any]:
    """The types a value may have, without `None`, `Optional` and `Annotated` around them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [found for part in get_args(annotation) for found in members(part)]
    return [] if annotation is type(None) else [annotation]


def section_of(annotation: Any) -> type[Section] | None:
    """The section a value of this type is, if it is one."""
    for member in members(annotation):
        if isinstance(member, type) and issubclass(member, Section):
            return member
    return None


def is_list(annotation: Any) -> bool:
    return any(get_origin(member) is list for member in members(annotation))


def is_free_table(annotation: Any) -> bool:
    """A table whose keys the person chooses: accounts, librdkafka properties."""
    return any(get_origin(member) is dict for member in members(annotation))


def is_kafka_table(annotation: Any) -> bool:
    """A table of librdkafka properties."""
    return is_free_table(annotation) and section_of(value_type(annotation)) is None


def value_type(annotation: Any) -> Any:
    """The type of the values of a free table, or of the items of a list."""
    for member in members(annotation):
        if get_origin(member) in (dict, list):
            return get_args(member)[-1]
    return None


def is_secret(annotation: Any) -> bool:
    return Secret in members(annotation)


def annotation_at(path: Path) -> Any:
    """The type of the value at a path, or None where no such key exists."""
    annotation: Any = Settings
    for key in path:
        section = section_of(annotation)
        if section is not None:
            field = section.model_fields.get(str(key))
            annotation = field.annotation if field else None
        else:
            annotation = value_type(annotation)
    return annotation


def keys_at(path: Path) -> list[str]:
    """The names that may stand in the table at a path (known ones, where they are free)."""
    annotation = annotation_at(path)
    section = section_of(annotation)
    if section is not None:
        return list(section.model_fields)
    return sorted(KNOWN) if is_kafka_table(annotation) else []


def variables() -> Iterator[str]:
    """Every environment variable by its name, with `<NAME>` where a name is the person's own."""

    def walk(annotation: Any, name: str) -> Iterator[str]:
        section = section_of(annotation)
        if section is not None:
            for key, field in section.model_fields.items():
                yield from walk(field.annotation, f"{name}{key.upper()}__")
        elif is_kafka_table(annotation):
            yield from (name + key.replace(".", "_").upper() for key in sorted(KNOWN))
        elif is_free_table(annotation):
            yield from walk(value_type(annotation), f"{name}<NAME>__")
        else:
            yield name.removesuffix("__")

    return walk(Settings, PREFIX)
