"""Laying one dict of event values over another."""

from collections.abc import Mapping
from typing import Any


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A new dict: what `over` says, and of `base` what it does not; objects are merged in depth."""
    out = dict(base)
    for key, value in over.items():
        below = out.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            out[key] = merged(below, value)
        else:
            out[key] = value
    return out
