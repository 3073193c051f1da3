"""Writer schemas by id or GUID, out of memory, disk, or the schema registry.

A certain answer of the registry (the schema, or that there is none) is believed. Everything else (no
connection, no answer, 5xx, 401, a proxy's page) means that it cannot be asked *now*, and is tried again
for as long as it takes. A schema that cannot be used, for whatever reason, costs the records that name
it and nothing else.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog
from fastavro import parse_schema

from consumer.avro.document import Readable, rabin
from consumer.avro.nodes import Node
from consumer.avro.schema import SchemaError, parse_safely
from consumer.clock import Clock
from consumer.config.settings import RegistrySettings
from consumer.decode.api import Incomplete, Missing, RegistryApi, UnavailableError, Unsupported
from consumer.decode.cache import DiskCache
from consumer.decode.grace import GraceBudget
from consumer.telemetry.tallies import Tallies

log = structlog.get_logger()

RegistryRef = int | uuid.UUID

_ABSENT: Final = Missing()
_FIRST_WAIT: Final = 0.2
"""Seconds before the first repetition; doubles up to `retry_interval`."""
_MAX_UNUSABLE: Final = 10_000
"""Absent ids remembered. Random bytes can name four billion."""
_NEAR: Final = 100_000
"""An id further than this above all known ones was never given out: it is believed to be absent at
once, so that garbage does not hold its partition up for the grace time."""
_AT_ONCE: Final = 8
"""Questions to the registry at the same time."""
_MAX_ASKING: Final = 64
"""Schemas asked for ahead of the records that need them."""


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
        self._unusable: dict[RegistryRef, tuple[float, Missing | Unsupported]] = {}
        """By when each is asked for again."""
        self._grace = GraceBudget(clock, settings.missing_grace)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._asking: dict[RegistryRef, asyncio.Task[None]] = {}
        self._highest = self._disk.highest_id() if self._disk else 0
        self.reachable = True
        """True if the last question was answered; True before the first."""
        self.added: Callable[[Node], None] = lambda _: None

    def get(self, ref: RegistryRef) -> Node | Unsupported | Missing | None:
        """The known state of a schema; None if `resolve` has to be awaited first."""
        found = self._known.get(ref)
        if found is not None:
            return found
        unusable = self._unusable.get(ref)
        if unusable is None:
            return None
        expires, why = unusable
        if expires <= self._clock.monotonic():
            del self._unusable[ref]
            return None
        return why

    async def resolve(self, ref: RegistryRef) -> None:
        """Return once `get(ref)` is not None. Concurrent calls share one request."""
        if self.get(ref) is not None:
            return
        # One caller that gives up (its partition is gone) must not stop the others.
        await asyncio.shield(self._begin(ref))

    def ask_ahead(self, refs: Iterable[RegistryRef]) -> None:
        """Begin to ask for schemas that will be needed, as far as that is not done already."""
        for ref in refs:
            if len(self._asking) >= _MAX_ASKING:
                return
            if self.get(ref) is None:
                self._begin(ref)

    def _begin(self, ref: RegistryRef) -> asyncio.Task[None]:
        task = self._asking.get(ref)
        if task is None:
            task = self._asking[ref] = asyncio.create_task(self._find(ref))
            task.add_done_callback(lambda _: self._asking.pop(ref, None))
        return task

    async def close(self) -> None:
        """Give up what is being asked for."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, ref: RegistryRef) -> None:
        try:
            if not await self._load(ref):
                await self._ask(ref)
        except Exception as error:  # noqa: BLE001 - of a foreign answer: it costs this schema only
            if ref not in self._known:
                self._set_aside(ref, Unsupported(f"it cannot be used: {type(error).__name__}"))

    async def _load(self, ref: RegistryRef) -> bool:
        if self._disk is None:
            return False
        texts = await asyncio.to_thread(self._disk.load, str(ref))
        kept = None if texts is None else judged(texts)
        if kept is None or isinstance(kept, Unsupported):  # damaged: ask
            return False
        self._know(ref, kept)
        return True

    async def _ask(self, ref: RegistryRef) -> None:
        """Ask until there is an answer to believe."""
        wait = _FIRST_WAIT
        until: float | None = None
        found = False
        try:
            while True:
                answer = await self._answer(ref)
                match answer:
                    case list() | Unsupported():
                        found = True
                        await self._keep(ref, answer)
                        return
                    case Missing() | Incomplete() if until is None:
                        if self._is_certain(ref, answer) or not self._grace.begin():
                            self._set_aside(ref, answer)
                            return
                        until = self._clock.monotonic() + self._settings.missing_grace
                    case Missing() | Incomplete() if self._is_over(until):
                        self._set_aside(ref, answer)
                        return
                await self._sleep(wait)
                wait = min(wait * 2, self._settings.retry_interval)
        finally:
            if until is not None:
                self._grace.end(found=found)

    def _is_over(self, until: float | None) -> bool:
        return self._grace.spent or (until is not None and self._clock.monotonic() >= until)

    async def _answer(
        self, ref: RegistryRef
    ) -> list[str] | Unsupported | Missing | Incomplete | None:
        """The registry's answer; None where it cannot be asked now."""
        try:
            async with self._turns:
                answer = await self._api.fetch(ref)
        except UnavailableError as error:
            self._lookups.add(("error",))
            self._log_unreachable(str(error))
            return None
        self._log_reachable()
        return answer

    async def _keep(self, ref: RegistryRef, answer: list[str] | Unsupported) -> None:
        self._lookups.add(("miss",))
        found = answer if isinstance(answer, Unsupported) else judged(answer)
        # Only a schema that can be read is kept on disk: a registry may be mended.
        if self._disk is not None and isinstance(answer, list) and isinstance(found, Node):
            await asyncio.to_thread(self._disk.store, str(ref), answer)
        self._know(ref, found)

    def _know(self, ref: RegistryRef, found: Node | Unsupported) -> None:
        self._known[ref] = found
        if isinstance(ref, int):
            self._highest = max(self._highest, ref)
        if not isinstance(found, Unsupported):
            self.added(found)
        log.info("schema known", schema=str(ref))

    def _is_certain(self, ref: RegistryRef, answer: Missing | Incomplete) -> bool:
        """True where absence is certain; False where a follower of the registry may lag behind.

        A GUID is a hash of its schema: nothing says of one whether it is new.
        """
        if isinstance(answer, Incomplete):
            return False
        return not isinstance(ref, int) or not self._highest < ref <= self._highest + _NEAR

    def _set_aside(self, ref: RegistryRef, answer: Missing | Incomplete | Unsupported) -> None:
        """Believe for `missing_ttl` that the schema cannot be had."""
        while len(self._unusable) >= _MAX_UNUSABLE:
            del self._unusable[next(iter(self._unusable))]
        why = Unsupported(answer.why) if isinstance(answer, Incomplete) else answer
        self._unusable[ref] = self._clock.monotonic() + self._settings.missing_ttl, why
        if isinstance(why, Missing):
            log.warning("the registry does not know this schema", schema=str(ref))
        else:
            log.warning("this schema cannot be used", schema=str(ref), why=why.why)

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


def judged(texts: list[str]) -> Node | Unsupported:
    """The schema, if it can be parsed, fingerprinted and read; else the reason against it."""
    *referenced, text = texts
    try:
        node = parse_safely(text, referenced)
        rabin(node)
        readable: Any = Readable(node).schema
        parse_schema(readable)
    except SchemaError as error:
        return Unsupported(str(error))
    except Exception as error:  # noqa: BLE001 - of a foreign schema
        return Unsupported(f"it cannot be read: {type(error).__name__}")
    return node
