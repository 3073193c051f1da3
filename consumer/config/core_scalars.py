"""Plain scalars of YAML 1.2's core schema, the part that is never written by accident.

`true`, `false`, `null`, decimal whole numbers and decimal fractions are values; everything else is
text: `no`, `on`, `007`, `1_000`, `8E12`, `0x1F`, `12:30`, `.inf`.
"""

import re

from consumer.documents.yaml_tree import Scalar

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
