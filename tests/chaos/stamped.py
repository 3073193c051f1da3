"""The bridge, which also writes down when each v2 request leaves: a line of milliseconds for each.

`python -m tests.chaos.stamped FILE run --config ...` appends to FILE. What the vendor sees of it on a
busy machine is another matter: requests arrive when it gets to read them.
"""

import sys
import time
from pathlib import Path
from typing import TextIO

from consumer.cli.main import main
from consumer.delivery.http.connection import Connection, HttpExchange
from tests.chaos.broken import replace

V2 = b"POST /api/v2/event "


def write_down(file: TextIO) -> None:
    send = Connection.send

    def send_and_note(
        connection: Connection, exchange: HttpExchange, request: bytes, now: float
    ) -> None:
        send(connection, exchange, request, now)
        if request.startswith(V2):
            file.write(f"{time.time_ns() // 1_000_000}\n")

    replace(Connection, "send", send_and_note)


def read(path: Path) -> list[int]:
    """Milliseconds since the epoch, one for each request that left."""
    return [int(line) for line in path.read_text().split()]


if __name__ == "__main__":
    with open(sys.argv.pop(1), "a", buffering=1) as stamps:  # noqa: PTH123 appended line by line
        write_down(stamps)
        main()
