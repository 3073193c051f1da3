"""Owns the listening socket: binds it once, and can stop listening for a while on the same port."""

import asyncio
import contextlib
import errno
import socket
import sys

from consumer.errors import PortInUseError, SetupError
from consumer.sandbox.protocol import Handler, HttpProtocol

_RELISTEN_WITHIN = 5.0  # seconds; a loop may close the former listener one turn late


class Listener:
    """`port` 0 takes a free one. Everything runs on one event loop.

    A second socket holds the port for as long as the listener lives. Without it another process
    could take the port while connections are refused, and a client that keeps trying could even
    connect to itself: the kernel may choose the very port as the source of its attempt.
    """

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._handler = handler
        self._connections: set[HttpProtocol] = set()
        self._holder: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._listening: socket.socket | None = None
        self._resume: asyncio.TimerHandle | None = None
        self._relisten: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises PortInUseError, or SetupError where the address cannot be bound at all."""
        try:
            self._holder = self._bound(self.port)
            self.port = self._holder.getsockname()[1]
            await self._listen()
        except OSError as error:
            await self.stop()
            where = f"{self.host}:{self.port}"
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(
                    f"{where} is in use; stop what listens there or choose another port"
                ) from error
            raise SetupError(f"cannot listen on {where}: {error.strerror or error}") from error

    async def stop(self) -> None:
        """Stop listening and abort all connections."""
        self._silence()
        if self._holder is not None:
            self._holder.close()
            self._holder = None
        await asyncio.sleep(0)  # lets the loop close what was aborted

    def refuse(self, seconds: float | None) -> None:
        """Refuse connections and reset the open ones; for `seconds`, or until `accept`."""
        self._silence()
        if seconds is not None:
            self._resume = asyncio.get_running_loop().call_later(seconds, self.accept)

    def accept(self) -> None:
        """Listen again, if connections are being refused."""
        self._cancel_resume()
        if self._server is None and (self._relisten is None or self._relisten.done()):
            self._relisten = asyncio.get_running_loop().create_task(self._listen_again())

    def _silence(self) -> None:
        self._cancel_resume()
        if self._relisten is not None:
            self._relisten.cancel()
            self._relisten = None
        if self._server is not None and self._listening is not None:
            # uvloop closes a server one turn late: until then it would accept. Where the system
            # does not shut down listening sockets (macOS), that turn has to do.
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = self._listening = None
        self._abort_connections()

    async def _listen_again(self) -> None:
        deadline = asyncio.get_running_loop().time() + _RELISTEN_WITHIN
        while True:
            try:
                await self._listen()
            except OSError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.005)
            else:
                return

    async def _listen(self) -> None:
        listening = self._bound(self.port)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connection, sock=listening, backlog=1024)
        except OSError:
            listening.close()
            raise
        self._listening = listening

    def _connection(self) -> HttpProtocol:
        return HttpProtocol(self._handler, self._connections, asyncio.get_running_loop())

    def _bound(self, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sys.platform == "darwin":  # there only this lets two sockets hold one port
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            bound.bind((self.host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def _abort_connections(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()

    def _cancel_resume(self) -> None:
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
