"""Free ports on loopback, and waiting for somebody to listen on one."""

import os
import random
import socket
import time
from collections.abc import Callable

# Below the range from which the system takes ports of outgoing connections, so that a server
# which is restarted finds its port free.
_LOWEST, _PARTS, _EACH = 20_000, 6, 2_000
_given: set[int] = set()


def _own_part() -> range:
    """Of workers of pytest-xdist (`gw0`, `gw1`, ...) each has a part of its own: a port that one of
    them has found free, and not taken yet, is free for the other as well."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _LOWEST + number % _PARTS * _EACH
    return range(first, first + _EACH)


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens, never the same one twice."""
    while True:
        port = random.choice(_own_part())
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def listening(port: int) -> bool:
    """Whether 127.0.0.1:`port` takes connections."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(
    condition: Callable[[], bool], seconds: float, what: str, every: float = 0.05
) -> None:
    """Return once `condition` holds. Raises TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(every)
