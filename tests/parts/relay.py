"""A port that passes every byte on to another port, for what the server behind cannot do itself."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from tests.parts.connections import cut


@contextlib.asynccontextmanager
async def relaying(
    to: int, at: int = 0, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listen on 127.0.0.1:`at` (0: a free port) and pass on to 127.0.0.1:`to`; yields the port.

    At the end of the block every connection is gone, so that none outlives the test's loop.
    """
    ends: set[asyncio.StreamWriter] = set()
    serving: set[asyncio.Task[None]] = set()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        ends.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):  # an end has gone; it is over
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", to)
            ends.add(inner_writer)
            await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))
        serving.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", at, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for writer in ends:
            cut(writer)
        await asyncio.sleep(0)  # an aborted transport lets go of its socket one turn later
