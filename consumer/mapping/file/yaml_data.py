"""YAML as data: `true`, `12` and `"12"` in test cases and fixtures (YAML 1.2 core schema).

Only for data. In a mapping every scalar is an expression, and quotes carry no meaning.
"""

import re
from typing import Any

from consumer.documents.yaml_tree import Items, Node, Scalar, Table

_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    word: value
    for words, value in ((("null", "~", ""), None), (("true",), True), (("false",), False))
    for form in words
    for word in (form, form.capitalize(), form.upper())
}


def plain(node: Node) -> Any:
    """The value as JSON would have it: dict, list, str, int, float, bool or None."""
    if isinstance(node, Table):
        return {entry.key.text: plain(entry.value) for entry in node}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return _scalar(node)


def _scalar(node: Scalar) -> Any:
    text = node.text
    if not node.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
