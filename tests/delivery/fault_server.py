"""A scripted HTTP server on loopback: each request it reads is answered by the next act of its
script (the last act repeats). Acts write raw bytes, so any fault can be played."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.parts.connections import cut

Act = Callable[["Client"], Awaitable[None]]


@dataclass
class Request:
    head: bytes
    body: bytes
    connection: int


@dataclass
class Client:
    """One request as an act sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes = b""
    body: bytes = b""

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST rather than FIN."""
        cut(self.writer)


@dataclass
class FaultServer:
    script: list[Act]
    read_first: bool = True
    """Whether a request is read whole before its act begins; else the act begins at its head."""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v2"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        self._writers.append(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while not writer.is_closing():
                client = Client(reader, writer)
                client.head = await reader.readuntil(b"\r\n\r\n")
                if self.read_first:
                    client.body = await reader.readexactly(content_length(client.head))
                act = self.script[min(len(self.requests), len(self.script) - 1)]
                self.requests.append(Request(client.head, client.body, number))
                await act(client)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


@asynccontextmanager
async def running(
    *script: Act,
    read_first: bool = True,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[FaultServer]:
    faults = FaultServer(list(script), read_first)
    server = await asyncio.start_server(faults.serve, host, port, ssl=tls)
    faults.port = server.sockets[0].getsockname()[1]
    try:
        yield faults
    finally:
        server.close()
        for task in list(faults._tasks):
            task.cancel()
        await asyncio.gather(*faults._tasks, return_exceptions=True)
        for writer in faults._writers:
            cut(writer)
        await asyncio.sleep(0)


def answer(status: str, body: bytes = b"", headers: str = "") -> Act:
    """A well-formed answer with a length."""
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return raw(head.encode() + body)


def raw(data: bytes) -> Act:
    async def act(client: Client) -> None:
        await client.write(data)

    return act


def raw_then_close(data: bytes) -> Act:
    async def act(client: Client) -> None:
        await client.write(data)
        client.writer.close()

    return act


def raw_then_reset(data: bytes) -> Act:
    async def act(client: Client) -> None:
        await client.write(data)
        await asyncio.sleep(0.05)  # let the bytes arrive: RST discards what is not yet read
        client.reset()

    return act


def pieces(*data: bytes, gap: float = 0.01) -> Act:
    """Write in pieces, a little apart."""

    async def act(client: Client) -> None:
        for piece in data:
            await client.write(piece)
            await asyncio.sleep(gap)

    return act


def early(act: Act) -> Act:
    """With `read_first=False`: answer at the request's head, and read its body after that."""

    async def answer_then_read(client: Client) -> None:
        await act(client)
        client.body = await client.reader.readexactly(content_length(client.head))

    return answer_then_read


async def silence(client: Client) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def reset(client: Client) -> None:
    client.reset()


async def close(client: Client) -> None:
    client.writer.close()
