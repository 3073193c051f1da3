"""New mappings without a restart: watched by content, proven in the background, taken as one unit.

Polling contents, not events of the file system: it works for every editor, for Kubernetes' swap of a
ConfigMap's symbolic links, and on network file systems.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from consumer.avro.nodes import RecordType
from consumer.config.budgets import Problem
from consumer.documents.findings import Finding
from consumer.errors import BridgeError
from consumer.mapping.check.loader import bytes_or_none, digest_of
from consumer.mapping.unit import MappingUnit
from consumer.model import Endpoint
from consumer.privacy.safe_traceback import describe
from consumer.projection import Reads
from consumer.stages import Map
from consumer.telemetry.tallies import Tally

log = structlog.get_logger()

SECONDS = 1.0
"""Between two looks. A change is taken once two looks have found the same content: an editor, or a
rollout of several files, may be half-way through."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The files as they are now, read and proven. `unit` is None where `findings` say why not;
    otherwise they are warnings."""

    unit: MappingUnit | None
    findings: str
    files: tuple[Path, ...]
    digest: str
    found: tuple[Finding, ...] = ()
    """The same findings for programs."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Versions that were looked at, by subject of the registry."""
    problems: tuple[Problem, ...] = ()
    """Settings that do not go with these mappings; `findings` holds them too."""


class Unit(Map, Protocol):
    """The parts of a mapping unit that the program uses."""

    @property
    def topics(self) -> Sequence[str]: ...

    @property
    def kinds(self) -> Collection[tuple[Endpoint, str]]:
        """Endpoint and name of every event that can be made."""

    @property
    def filters(self) -> Collection[str]:
        """Every reason for which a record can end without events."""

    def reader_schemas(self, topic: str) -> Mapping[str, RecordType]: ...

    def reads(self, topic: str) -> Mapping[str, Reads]: ...


class Reloadable:
    """The mapping unit in force, itself a `Unit`; each record sees one unit, whole.

    `take` runs on the loop's thread, and so do `decode` and `map`: between two records.
    """

    __slots__ = (
        "digest",
        "filters",
        "kinds",
        "map",
        "reader_schemas",
        "reads",
        "refused",
        "topics",
    )

    def __init__(self, unit: Unit) -> None:
        self.refused = False
        """True if the files hold a mapping that is not in force."""
        self.topics: Sequence[str] = unit.topics
        self.take(unit)

    def take(self, unit: Unit) -> None:
        self.digest = unit.digest
        self.kinds: Collection[tuple[Endpoint, str]] = unit.kinds
        self.filters: Collection[str] = unit.filters
        self.map = unit.map
        self.reader_schemas: Callable[[str], Mapping[str, RecordType]] = unit.reader_schemas
        self.reads: Callable[[str], Mapping[str, Reads]] = unit.reads
        self.refused = False


class Reloader:
    """Watches the files of a unit, and puts what has become of them into `mapping`.

    `read` proves the files as they are now; it runs in a thread. `reloads` counts by result.
    """

    def __init__(
        self,
        mapping: Reloadable,
        read: Callable[[], Attempt],
        files: Sequence[Path],
        reloads: Tally,
        seconds: float = SECONDS,
    ) -> None:
        self._mapping = mapping
        self._read = read
        self._files = tuple(files)
        self._reloads = reloads
        self._seconds = seconds
        self._judged = mapping.digest
        self._unsettled = mapping.digest
        self._asked = asyncio.Event()
        reloads.declare("taken")
        reloads.declare("refused")

    def ask(self) -> None:
        """Look now (SIGHUP)."""
        self._asked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await asyncio.wait_for(self._asked.wait(), self._seconds)
            except TimeoutError:
                await self.look(at_once=False)
            else:
                self._asked.clear()
                await self.look(at_once=True)

    async def look(self, *, at_once: bool) -> None:
        """Take what has changed; `at_once` does not wait until it has settled."""
        try:
            found = await asyncio.to_thread(_digest, self._files)
        except Exception as error:  # noqa: BLE001 - the next look may read them
            log.error("the mapping files cannot be looked at", fault=describe(error))  # noqa: TRY400
            return
        again = at_once and self._mapping.refused  # what it was refused for may stand elsewhere
        if found == self._judged and not again:
            self._unsettled = found
            if at_once:
                log.info("the mapping files have not changed", digest=found)
            return
        if found != self._unsettled and not at_once:
            self._unsettled = found
            return
        try:
            attempt = await asyncio.to_thread(self._read)
            after = await asyncio.to_thread(_digest, attempt.files)
        except Exception as error:  # noqa: BLE001 - whatever the files lead to, the old mapping goes on
            self._judged = self._unsettled = found
            self._refuse(found, str(error) if isinstance(error, BridgeError) else describe(error))
            return
        self._files = attempt.files
        if after != attempt.digest:
            self._unsettled = after  # it changed while it was read: another look will tell
            return
        self._judged = self._unsettled = attempt.digest
        self._judge(attempt)

    def _judge(self, attempt: Attempt) -> None:
        mapping = self._mapping
        if attempt.unit is None:
            self._refuse(attempt.digest, attempt.findings)
        elif set(attempt.unit.topics) != set(mapping.topics):
            self._refuse(attempt.digest, "its topics are others: restart to read from them")
        elif attempt.digest == mapping.digest:
            mapping.refused = False
            log.info("the mapping files are again those in force", digest=attempt.digest)
        else:
            before = mapping.digest
            mapping.take(attempt.unit)
            self._reloads.add(("taken",))
            log.info("mapping reloaded", digest=attempt.digest, before=before)
            warn(attempt.findings)

    def _refuse(self, digest: str, why: str) -> None:
        self._mapping.refused = True
        self._reloads.add(("refused",))
        log.error(
            "changed mapping refused, the old one goes on",
            digest=digest,
            in_force=self._mapping.digest,
            findings=why,
        )


def warn(findings: str) -> None:
    """Log what is probably not meant in the mapping that is in force."""
    if findings:
        log.warning("the mapping has warnings", findings=findings)


def _digest(files: Sequence[Path]) -> str:
    return digest_of([(path, bytes_or_none(path)) for path in files])
