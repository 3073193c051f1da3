"""Writer schemas by id or GUID, out of memory, disk, or the schema registry.

What the registry says for certain (the schema, or that there is none) is believed; everything else
(no connection, no answer, 5xx, 401, a proxy's page) means that it cannot be asked *now*, and is
tried again for as long as it takes.
"""

import asyncio
import uuid
from collections.abc import Callable
from typing import Final

import structlog

from consumer.avro.nodes import Node
from consumer.avro.schema import SchemaError, parse
from consumer.clock import Clock
from consumer.config.settings import RegistrySettings
from consumer.decode.api import Missing, RegistryApi, UnavailableError, Unsupported
from consumer.decode.cache import DiskCache
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

RegistryRef = int | uuid.UUID

_ABSENT: Final = Missing()
_FIRST_WAIT: Final = 0.2
"""Seconds before the first repetition; doubles up to `retry_interval`."""
_MAX_MISSING: Final = 10_000
"""Absent ids remembered. Random bytes can name four billion."""
_NEAR: Final = 100_000
"""An id further than this above all known ones was never given out: it is believed to be absent at
once, so that garbage does not hold its partition up for the grace time."""


class RegistryClient:
    """The writer schemas that records name. `get` is for the hot path, `resolve` does the asking.

    `added` is called with each schema that becomes known (for look-ups by fingerprint).
    """

    def __init__(
        self,
        settings: RegistrySettings,
        *,
        tallies: Tallies,
        clock: Clock,
    ) -> None:
        """Raises SetupError for certificate files that cannot be used."""
        self._settings = settings
        self._lookups = tallies.counter("schema_lookups")
        for result in ("hit", "miss", "negative", "error"):
            self._lookups.declare(result)
        self._clock = clock
        self._api = RegistryApi(settings)
        first = settings.url if isinstance(settings.url, str) else settings.url[0]
        self._disk = DiskCache(settings.cache_dir, first) if settings.cache_dir else None
        self._known: dict[RegistryRef, Node | Unsupported] = {}
        self._missing: dict[RegistryRef, float] = {}
        self._asking: dict[RegistryRef, asyncio.Task[None]] = {}
        self._highest = self._disk.highest_id() if self._disk else 0
        self.reachable = True
        """Whether the last question was answered; True before the first."""
        self.added: Callable[[Node], None] = lambda _: None

    def get(self, ref: RegistryRef) -> Node | Unsupported | Missing | None:
        """What is known of a schema; None if `resolve` has to be awaited first."""
        found = self._known.get(ref)
        if found is not None:
            return found
        expires = self._missing.get(ref)
        if expires is None:
            return None
        if expires <= self._clock.monotonic():
            del self._missing[ref]
            return None
        return _ABSENT

    async def resolve(self, ref: RegistryRef) -> None:
        """Return once `get(ref)` is not None. Concurrent calls share one request."""
        if self.get(ref) is not None:
            return
        task = self._asking.get(ref)
        if task is None:
            task = self._asking[ref] = asyncio.create_task(self._find(ref))
            task.add_done_callback(lambda _: self._asking.pop(ref, None))
        # One caller that gives up (its partition is gone) must not stop the others.
        await asyncio.shield(task)

    async def close(self) -> None:
        """Give up what is being asked for."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, ref: RegistryRef) -> None:
        if self._disk is not None:
            texts = await asyncio.to_thread(self._disk.load, str(ref))
            if texts is not None:
                kept = _parsed(texts)
                if not isinstance(kept, Unsupported):  # else the file is damaged: ask
                    self._know(ref, kept)
                    return
        await self._ask(ref)

    async def _ask(self, ref: RegistryRef) -> None:
        wait = _FIRST_WAIT
        missing_since: float | None = None
        while True:
            try:
                answer = await self._api.fetch(ref)
            except UnavailableError as error:
                self._lookups.add(("error",))
                self._log_unreachable(str(error))
            else:
                self._log_reachable()
                if not isinstance(answer, Missing):
                    await self._keep(ref, answer)
                    return
                missing_since = missing_since or self._clock.monotonic()
                if self._is_believed(ref, missing_since):
                    self._remember_missing(ref)
                    return
            await self._sleep(wait)
            wait = min(wait * 2, self._settings.retry_interval)

    async def _keep(self, ref: RegistryRef, answer: list[str] | Unsupported) -> None:
        self._lookups.add(("miss",))
        if isinstance(answer, Unsupported):
            self._know(ref, answer)
            return
        found = _parsed(answer)
        if self._disk is not None and not isinstance(found, Unsupported):
            await asyncio.to_thread(self._disk.store, str(ref), answer)
        self._know(ref, found)

    def _know(self, ref: RegistryRef, found: Node | Unsupported) -> None:
        self._known[ref] = found
        if isinstance(ref, int):
            self._highest = max(self._highest, ref)
        if not isinstance(found, Unsupported):
            self.added(found)
        log.info("schema known", schema=str(ref))

    def _is_believed(self, ref: RegistryRef, missing_since: float) -> bool:
        """Whether absence is certain, or may be a follower of the registry that lags behind."""
        if isinstance(ref, int) and not self._highest < ref <= self._highest + _NEAR:
            return True
        return self._clock.monotonic() >= missing_since + self._settings.missing_grace

    def _remember_missing(self, ref: RegistryRef) -> None:
        while len(self._missing) >= _MAX_MISSING:
            del self._missing[next(iter(self._missing))]
        self._missing[ref] = self._clock.monotonic() + self._settings.missing_ttl
        log.warning("the registry does not know this schema", schema=str(ref))

    def _log_unreachable(self, why: str) -> None:
        if self.reachable:
            self.reachable = False
            log.warning("the schema registry cannot be asked; records of new schemas wait", why=why)

    def _log_reachable(self) -> None:
        if not self.reachable:
            self.reachable = True
            log.info("the schema registry answers again")

    async def _sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        timer = self._clock.call_later(seconds, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()


def _parsed(texts: list[str]) -> Node | Unsupported:
    *referenced, text = texts
    try:
        return parse(text, referenced)
    except SchemaError as error:
        return Unsupported(str(error))
