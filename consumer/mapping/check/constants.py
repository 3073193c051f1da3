"""Constants that look like the name of a field: a quote too many, or braces outside of an f-string."""

from __future__ import annotations

import re
from dataclasses import replace

from consumer.documents.findings import Edit, Finding, Place, replaced
from consumer.documents.yaml_tree import Scalar
from consumer.mapping.language.inference import infer
from consumer.mapping.language.nodes import Const, Defined, Field, Node, Var, plain
from consumer.mapping.language.scope import Scope, Usage
from consumer.mapping.language.syntax import Constant, Source, Wrong
from consumer.mapping.language.types import Array, MapOf, Nothing, Record, Union

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_BRACES = re.compile(r"\{([A-Za-z_][\w.]*)\}")
_BEFORE = re.compile(r"\{\s*text:\s*$")
_AFTER = re.compile(r"\s*\}")


def path_meant(source: Source, node: Node, scope: Scope) -> tuple[Finding, ...]:
    """A warning where a constant text is the name of a value, or holds one in braces."""
    one = plain(node)
    if not isinstance(one, Const) or not isinstance(one.value, str):
        return ()
    text, place = one.value, one.place
    if _PATH.fullmatch(text) and _is_value(text, scope):
        message = f"this is the text `{text}`, and there is a value of that name"
        remedy = f"the value is written without quotes and `text:`: `{text}`"
        edits = _instead(source, place, text)
        return (Finding(place, "constant-path", message, remedy, "warning", edits),)
    inner = _BRACES.findall(text)
    if inner and all(_is_value(path, scope) for path in inner):
        message = "braces in a text mean nothing: this is sent as it stands"
        written = text.replace("\\", "\\\\").replace('"', '\\"')
        meant = inner[0] if text == f"{{{inner[0]}}}" else f'f"{written}"'
        edits = _instead(source, place, meant)
        return (Finding(place, "constant-path", message, f"write `{meant}`", "warning", edits),)
    return ()


def _is_value(path: str, scope: Scope) -> bool:
    place = Place("", 0, 0)
    try:
        node = infer(Source(Scalar(place, path), []), replace(scope, usage=Usage()))
    except Wrong:
        return False
    found = isinstance(node, Field | Defined | Var)
    return found and not isinstance(node.slot.type, Array | MapOf | Record | Union | Nothing)


def _instead(source: Source, place: Place, meant: str) -> tuple[Edit, ...]:
    if not isinstance(source.scalar, Constant):
        return replaced(place, meant)
    line = source.lines[place.line - 1] if place.line <= len(source.lines) else ""
    before, after = _BEFORE.search(line[: place.column - 1]), _AFTER.match(line[place.end - 1 :])
    if before is None or after is None or not _PATH.fullmatch(meant):
        return ()
    whole = Place(place.file, place.line, before.start() + 1, place.end + after.end())
    return replaced(whole, meant, expression=False)
