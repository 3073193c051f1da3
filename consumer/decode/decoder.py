"""The decode stage: from a record's bytes, by its framing and writer schema, to a value.

value → framing → schema reference → plan (compiled once per topic and schema) → Decoded
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from consumer.avro.document import rabin
from consumer.avro.framing import FRAMES, Bare, Fingerprint, Frame, SchemaRef
from consumer.avro.nodes import Node, RecordType
from consumer.avro.schema import SchemaError, parse, parse_safely
from consumer.config.settings import DecodeSettings, TopicDecodeSettings
from consumer.decode.api import Missing, Unsupported
from consumer.decode.avro import Chosen, Wanted, plan
from consumer.decode.by_fastavro import Plan
from consumer.decode.reasons import Reason, invalid
from consumer.decode.registry import RegistryClient
from consumer.errors import ConfigError, InvalidRecord, SchemaPending
from consumer.model import Decoded, Record
from consumer.projection import Reads
from consumer.telemetry.tallies import Tallies

ReaderSchemas = Callable[[str], Mapping[str, Any]]
"""Topic to reader schemas by full name: nodes, or what `parse` takes. As long as nothing has changed it
must return the same object: its identity is how a reload is noticed."""

ReadParts = Callable[[str], Mapping[str, Reads]]
"""Topic to what is read of each of its reader schemas; looked at when those have changed."""

_HIT: Final = ("hit",)
_LOOK_AHEAD: Final = 2_000
"""Waiting records of a partition whose schemas are asked for ahead."""


class _Topic:
    """One topic: its framing, its reader schemas, and the plans made so far."""

    __slots__ = ("bare", "chosen", "frame", "plans", "readers", "reads", "schemas")

    def __init__(self, frame: Frame, bare: Node | None) -> None:
        self.frame = frame
        self.bare = bare
        self.schemas: Mapping[str, Any] | None = None
        self.readers: dict[str, RecordType] = {}
        self.reads: Mapping[str, Reads] = {}
        self.plans: dict[SchemaRef, Plan] = {}
        self.chosen: list[Chosen] = []


class Decoder:
    """Implements `stages.Decode`.

    `registry` may be None where no topic needs one. Without `reads` all of every record is read.
    `announce` is called, by topic, with the reader of each writer schema that is met. Raises
    ConfigError for schema files (of `decode.writer_schema` and `decode.known_schemas`) that cannot
    be read.
    """

    def __init__(
        self,
        *,
        registry: RegistryClient | None,
        reader_schemas: ReaderSchemas,
        settings: DecodeSettings,
        tallies: Tallies,
        reads: ReadParts = lambda _: {},
        announce: Callable[[str, Chosen], None] = lambda _topic, _chosen: None,
    ) -> None:
        self._registry = registry
        self._reader_schemas = reader_schemas
        self._settings = settings
        self._max_bytes = settings.max_bytes
        self._reads = reads
        self._announce = announce
        self._lookups = tallies.counter("schema_lookups")
        self._left = tallies.counter("records_left_to_fastavro").add
        self._by_fingerprint: dict[bytes, Node] = {}
        for name in settings.known_schemas:
            self._learn(_from_file(name))
        if registry is not None:
            registry.added = self._learn
        self._framings = {name: _framing(one) for name, one in settings.topics.items()}
        self._other = _framing(settings)
        self._topics: dict[str, _Topic] = {}

    def decode(self, record: Record) -> Decoded:
        if record.fault is not None:
            raise record.fault
        value = record.value
        if value is None:
            return Decoded(None, "", "")
        if len(value) > self._max_bytes:
            what = f"{len(value)} bytes, more than decode.max_bytes ({self._max_bytes})"
            raise invalid(Reason.TOO_LARGE, what)
        name = record.partition.topic
        topic = self._topics.get(name) or self._begin(name)
        schemas = self._reader_schemas(name)
        if schemas is not topic.schemas:
            self._renew(topic, name, schemas)
        ref, start = topic.frame(value, record.headers)
        read = topic.plans.get(ref)
        if read is None:
            read = self._plan(name, topic, ref)
        self._lookups.add(_HIT)
        return read(value, start)

    @property
    def chosen(self) -> Sequence[Chosen]:
        """The readers of the writer schemas met so far, of all topics."""
        return [one for topic in self._topics.values() for one in topic.chosen]

    async def resolve(self, ref: object) -> None:
        if self._registry is not None and isinstance(ref, (int, UUID)):
            await self._registry.resolve(ref)

    def look_ahead(self, records: Iterable[Record]) -> None:
        """Ask for the schemas of waiting records, together, while the first of them is waited for."""
        if self._registry is not None:
            self._registry.ask_ahead(dict.fromkeys(self._unknown(islice(records, _LOOK_AHEAD))))

    def _unknown(self, records: Iterable[Record]) -> Iterator[int | UUID]:
        for record in records:
            topic = self._topics.get(record.partition.topic)
            if topic is None or record.value is None or record.fault is not None:
                continue
            try:
                ref, _ = topic.frame(record.value, record.headers)
            except InvalidRecord:
                continue
            if isinstance(ref, int | UUID) and ref not in topic.plans:
                yield ref

    def _begin(self, name: str) -> _Topic:
        topic = self._topics[name] = _Topic(*self._framings.get(name, self._other))
        return topic

    def _renew(self, topic: _Topic, name: str, schemas: Mapping[str, Any]) -> None:
        """Takes the reader schemas of a (re)load. All that was settled with the old ones goes."""
        readers: dict[str, RecordType] = {}
        for type_name, schema in schemas.items():
            try:
                node = parse(schema)
            except SchemaError as error:
                what = f"the reader schema `{type_name}`: {error}"
                raise invalid(Reason.UNSUPPORTED_SCHEMA, what) from None
            if isinstance(node, RecordType):
                readers[node.name] = node
                self._learn(node)
        topic.schemas, topic.readers, topic.reads = schemas, readers, self._reads(name)
        topic.plans, topic.chosen = {}, []

    def _plan(self, name: str, topic: _Topic, ref: SchemaRef) -> Plan:
        """Make and keep the plan for a schema. Raises SchemaPending, InvalidRecord."""
        if isinstance(ref, Bare):
            writer = topic.bare
            assert writer is not None  # the settings see to it
        elif isinstance(ref, Fingerprint):
            found = self._by_fingerprint.get(ref)
            if found is None:
                what = f"no schema has the fingerprint {ref}; add its file to decode.known_schemas"
                raise invalid(Reason.UNKNOWN_SCHEMA, what)
            writer = found
        else:
            writer = self._from_registry(ref)
        wanted = Wanted(topic.readers, topic.reads, topic.chosen.append, self._left)
        before = len(topic.chosen)
        made = topic.plans[ref] = plan(writer, wanted, str(ref))
        for one in topic.chosen[before:]:
            self._announce(name, one)
        return made

    def _from_registry(self, ref: int | UUID) -> Node:
        if self._registry is None:
            what = f"schema {ref}: no registry is configured to ask for it"
            raise invalid(Reason.UNKNOWN_SCHEMA, what)
        match self._registry.get(ref):
            case None:
                raise SchemaPending(ref)
            case Missing():
                self._lookups.add(("negative",))
                raise invalid(Reason.UNKNOWN_SCHEMA, f"the registry has no schema {ref}")
            case Unsupported(why):
                raise invalid(Reason.UNSUPPORTED_SCHEMA, f"schema {ref}: {why}")
            case known:
                return known

    def _learn(self, node: Node) -> None:
        self._by_fingerprint[rabin(node)] = node


def _framing(settings: TopicDecodeSettings) -> tuple[Frame, Node | None]:
    """The framing of a topic's values; and their schema, where values do not name one."""
    file = settings.writer_schema
    return FRAMES[settings.framing], None if file is None else _from_file(file)


def _from_file(name: str) -> Node:
    try:
        return parse_safely(Path(name).read_bytes())
    except OSError as error:
        raise ConfigError(f"{name}: the schema file cannot be read: {error.strerror}") from error
    except SchemaError as error:
        raise ConfigError(f"{name}: this is no Avro schema: {error}") from error
