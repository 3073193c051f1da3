"""Literal HTTP over a socket, so that nothing between the test and the bytes repairs them."""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

AUTHORIZED = b"Authorization: Basic dXNlcjpzYW5kYm94LWtleQ==\r\n"  # user:sandbox-key


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


class RawClient:
    """One connection. `closed` tells whether the peer has ended it."""

    def __init__(self, port: int, timeout: float = 20.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def post(
        self, path: str, body: bytes, headers: bytes = b"Content-Type: application/json\r\n"
    ) -> RawAnswer:
        self.send(
            b"POST %b HTTP/1.1\r\nHost: localhost\r\n%bContent-Length: %d\r\n\r\n%b"
            % (path.encode(), headers, len(body), body)
        )
        return self.answer()

    def answer(self) -> RawAnswer:
        """The next answer on this connection."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._buffer) < length:
            self._more()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return RawAnswer(int(first.split(" ")[1]), headers, body)

    def rest(self) -> bytes:
        """Everything until the peer ends the connection in order."""
        while chunk := self.socket.recv(65536):
            self._buffer += chunk
        return self._buffer

    def _more(self) -> None:
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the peer closed the connection before its answer was complete")
        self._buffer += chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until the condition holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.005)


def connects(port: int) -> bool:
    """Whether something accepts connections on this port now."""
    try:
        RawClient(port).socket.close()
    except ConnectionRefusedError:
        return False
    return True
