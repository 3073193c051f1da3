"""Topics of a subscription: names, or patterns that begin with `^`, as librdkafka reads them."""

import re


def is_pattern(name: str) -> bool:
    return name.startswith("^")


def matches(name: str, topic: str) -> bool:
    """True where a subscription to `name` reads `topic`. A pattern may match any part of a topic's
    name, as in librdkafka; its `^` holds it to the beginning."""
    return re.search(name, topic) is not None if is_pattern(name) else name == topic
