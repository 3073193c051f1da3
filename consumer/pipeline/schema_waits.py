"""Partitions that wait for a writer schema: one fetch under way for each.

A fetch that fails, with whatever exception, costs the record that named the schema. Only a fault in
going on afterwards is a fault of ours, and is reported.
"""

import asyncio
from collections.abc import Callable

from consumer.errors import InvalidRecord
from consumer.pipeline.partition_buffers import PartitionBuffer
from consumer.privacy.safe_traceback import as_fatal, as_invalid
from consumer.stages import Decode


class SchemaWaits:
    """`rejected` gets the buffer whose first record cannot be used, `resumed` is called when records
    may be taken again, `broken` when that failed."""

    def __init__(
        self,
        decode: Decode,
        loop: asyncio.AbstractEventLoop,
        *,
        rejected: Callable[[PartitionBuffer, InvalidRecord], object],
        resumed: Callable[[], None],
        broken: Callable[[Exception], None],
    ) -> None:
        self._decode = decode
        self._loop = loop
        self._rejected = rejected
        self._resumed = resumed
        self._broken = broken
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, buffer: PartitionBuffer, ref: object) -> None:
        """Block the buffer until schema `ref` is known, or known not to exist."""
        buffer.blocked = True
        task = self._loop.create_task(self._fetch(buffer, ref))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _fetch(self, buffer: PartitionBuffer, ref: object) -> None:
        try:
            self._decode.look_ahead(buffer.waiting)
            await self._decode.resolve(ref)
        except Exception as error:  # noqa: BLE001 a registry's answer must not end the process
            if buffer.waiting:
                self._rejected(buffer, as_invalid(error, "decode"))
        buffer.blocked = False
        self._resumed()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken(as_fatal("records could not be taken again", error))
