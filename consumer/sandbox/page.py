"""Loads the page and states what it may do: its own style and script, and asking this port."""

import base64
import functools
import hashlib
import re
from importlib import resources


@functools.cache
def load() -> tuple[bytes, str]:
    """The page and its Content-Security-Policy, which names style and script by their hash."""
    content = resources.files("consumer.sandbox").joinpath("page.html").read_bytes()
    policy = (
        f"default-src 'none'; script-src {_hash(content, b'script')}; "
        f"style-src {_hash(content, b'style')}; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return content, policy


def _hash(content: bytes, tag: bytes) -> str:
    found = re.search(b"<%b>(.*?)</%b>" % (tag, tag), content, re.DOTALL)
    assert found is not None
    return f"'sha256-{base64.b64encode(hashlib.sha256(found[1]).digest()).decode()}'"
