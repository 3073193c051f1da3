"""The JSON Schema of mapping files, for completion and hover in editors. The proof is `check`'s."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from consumer.mapping.file.reader import IDENTITY
from consumer.mapping.file.send_options import DEFAULTS, OPTIONS
from consumer.yespo import catalogue
from consumer.yespo.shared import SHARED, SharedEvent
from consumer.yespo.spec import EventSpec, FieldSpec, Free, Kind, Traits

Json = dict[str, Any]

_EXPRESSION: Json = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {
            "type": "object",
            "properties": {"text": {"type": ["string", "number", "boolean"]}},
            "required": ["text"],
            "additionalProperties": False,
        },
    ]
}
_SCALAR: Json = {"type": ["string", "number", "boolean"]}
_NAMES: Json = {"type": "array", "items": {"type": "string"}}
_FREE: Json = {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}}


def _described(schema: Json, text: str) -> Json:
    return {**schema, "description": text} if text else schema


_LOOP: Json = {
    "for": _described(_SCALAR, "`item in cart.items`"),
    "if": _described(_SCALAR, "Only where this is true."),
}


def json_schema() -> Json:
    """The schema of a mapping file."""
    expression = {"$ref": "#/$defs/expression"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Yespo bridge mapping",
        "type": "object",
        "required": ["version", "from", "otherwise", "rules"],
        "additionalProperties": False,
        "properties": {
            "version": {"enum": [1, "1"]},
            "from": {
                "type": "object",
                "description": "Which records this file is for.",
                "required": ["topics", "schema"],
                "additionalProperties": False,
                "properties": {
                    "topics": _described(_NAMES, "Topics; one that begins with ^ is a pattern."),
                    "schema": {
                        "anyOf": [{"type": "string"}, _NAMES],
                        "description": "The reader schema (.avsc), after files whose types it uses.",
                    },
                    "record": {"type": "string", "description": "Which record of the schema."},
                    "versions": _described(_NAMES, "Schemas that records may be written with."),
                },
            },
            "include": _described(_NAMES, "Files that share definitions, tables, custom events."),
            "identity": {
                "type": "object",
                "description": "Who did it; each part may be absent.",
                "additionalProperties": False,
                "properties": dict.fromkeys(IDENTITY, expression),
            },
            "time": _described(expression, "When it happened: a time."),
            "user_agent": _described(expression, "The visitor's User-Agent, for the tracker."),
            "order_by": _described(
                {"type": "array", "items": expression},
                "Events that share one of these values never overtake one another.",
            ),
            "define": {"$ref": "#/$defs/define"},
            "tables": {
                "type": "object",
                "description": "Look-up tables, read as `table[key]`.",
                "additionalProperties": {"type": "object", "additionalProperties": _SCALAR},
            },
            "custom_events": {
                "type": "object",
                "description": "v2 event types of your own: parameters with their types.",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                },
            },
            "defaults": {
                "type": "object",
                "description": "For every send, unless it says otherwise.",
                "additionalProperties": False,
                "properties": {one.key: one.described() for one in DEFAULTS},
            },
            "suppress": {
                "type": "array",
                "description": "Records that no rule may take.",
                "items": {
                    "type": "object",
                    "required": ["when", "reason"],
                    "additionalProperties": False,
                    "properties": {"when": expression, "reason": {"type": "string"}},
                },
            },
            "match": {"enum": ["first", "all"]},
            "otherwise": {
                "enum": ["drop", "dead_letter"],
                "description": "What becomes of records that no rule takes.",
            },
            "rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}},
        },
        "$defs": {
            "expression": _EXPRESSION,
            "value": {
                "anyOf": [expression, {"type": "array"}, {"type": "object"}],
            },
            "define": {
                "type": "object",
                "description": "Names for expressions, and for blocks of fields.",
                "additionalProperties": {"$ref": "#/$defs/value"},
            },
            "rule": {
                "type": "object",
                "required": ["name", "send"],
                "additionalProperties": False,
                "properties": {
                    "name": _SCALAR,
                    "when": _described(expression, "The records this rule takes."),
                    "define": {"$ref": "#/$defs/define"},
                    "send": {"type": "array", "items": {"$ref": "#/$defs/send"}},
                },
            },
            "send": _send(),
        },
    }


def _send() -> Json:
    shared = SHARED.values()
    return {
        "type": "object",
        "properties": {
            "legacy": _described(_one_of(catalogue.names("legacy")), "One event of the tracker."),
            "v2": {"description": "One Generate event."},
            "both": _described(_one_of(event.name for event in shared), "One event of each API."),
        },
        "allOf": [
            *(_when("both", event.name, _shared(event), event.doc) for event in shared),
            *(_when("legacy", spec.name, _fields(spec), spec.doc) for spec in _specs("legacy")),
            *(_when("v2", spec.name, _fields(spec), spec.doc) for spec in _specs("v2")),
        ],
    }


def _specs(api: str) -> list[EventSpec]:
    return [spec for (known, _), spec in catalogue.EVENTS.items() if known == api]


def _one_of(names: Iterable[str]) -> Json:
    return {"anyOf": [{"enum": list(names)}, {"type": "object"}]}


def _when(key: str, name: str, properties: Json, doc: str) -> Json:
    """The fields that a send has if it names this event."""
    also = {"legacy": {"type": "object"}, "v2": {"type": "object"}} if key == "both" else {}
    return {
        "if": {"properties": {key: {"const": name}}, "required": [key]},
        "then": {
            "properties": {
                key: {"const": name, "description": doc},
                **also,
                **_LOOP,
                "by": _described(_SCALAR, "One event per distinct value of this."),
                "keyValue": _SCALAR,
                **properties,
            },
            "additionalProperties": False,
        },
    }


def _shared(event: SharedEvent) -> Json:
    fields = {field.name: _field(field) for field in event.fields if field.name != "tags"}
    return {**_options(event.traits), **fields}


def _fields(spec: EventSpec) -> Json:
    fields = {field.name: _field(field) for field in spec.fields if field.free is not Free.TAGS}
    return {**_options(spec.traits), **fields}


def _options(traits: Traits) -> Json:
    return {option.key: option.described() for option in OPTIONS if option.fits(traits)}


def _field(field: FieldSpec) -> Json:
    if field.kind not in {Kind.OBJECT, Kind.OBJECTS}:
        kind = "value" if field.kind in {Kind.ANY, Kind.TEXTS} else "expression"
        return {"$ref": f"#/$defs/{kind}", "description": field.doc}
    members = {member.name: _field(member) for member in field.fields}
    if field.free is not Free.NONE and field.fields:
        members["properties"] = _described(_FREE, "Properties of your own naming.")
    inner: Json = {
        "type": "object",
        "description": field.doc,
        "properties": {**members, **_LOOP},
        "additionalProperties": False if members else {"$ref": "#/$defs/value"},
    }
    if field.kind is Kind.OBJECTS:
        return {"anyOf": [inner, {"type": "array", "items": inner}]}
    return inner
