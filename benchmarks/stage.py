"""A stage, as it is measured: through ours, and through the least that anybody could do there."""

import time
from collections.abc import Callable
from typing import NamedTuple

from consumer.model import Endpoint

COUNT = 2000
LEGACY = Endpoint("main", "legacy")


class Stage(NamedTuple):
    """Each takes `COUNT` events through the stage, or through its floor."""

    name: str
    ours: Callable[[], object]
    floor: Callable[[], object]
    floor_is: str


def best(run: Callable[[], object], rounds: int) -> float:
    """Microseconds per event."""
    run()
    found = []
    for _ in range(rounds):
        began = time.thread_time()
        run()
        found.append(time.thread_time() - began)
    return min(found) / COUNT * 1e6
