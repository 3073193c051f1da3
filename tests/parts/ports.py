"""Free ports on loopback, and waiting for somebody to listen on one."""

import random
import socket
import time
from collections.abc import Callable

# Below the range from which the system takes ports of outgoing connections, so that a server
# which is restarted finds its port free.
_LOWEST, _HIGHEST = 20_000, 32_000
_given: set[int] = set()


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens, never the same one twice."""
    while True:
        port = random.randint(_LOWEST, _HIGHEST)
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
