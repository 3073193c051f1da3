"""Checks a mapping against every version of the schema that its records may be written with.

A mapping sees each record in the form of its reader schema, and is proven against that. Of a version
remains to be proven that its records come into that form: that it resolves, whole, to the reader
schema. Versions are files that the mapping names (`from.versions`), the writer schema of topics with
bare Avro, and those that the registry has under the subjects of the mapping's topics.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from consumer.avro.nodes import Node
from consumer.avro.schema import SchemaError, UnknownTypeError, parse_safely
from consumer.config.settings import Settings
from consumer.decode.api import Missing, Registered, RegistryApi, UnavailableError, Unsupported
from consumer.decode.compatibility import Doubt, doubts
from consumer.documents.findings import Finding, Place, Severity
from consumer.errors import ConfigError
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.check.routing import takes

SECONDS = 10.0
"""Seconds for all versions of all subjects."""

_REMEDY = (
    "change the reader schema so that both resolve: a default for a field that is missing, an alias\n"
    "for one that was renamed, a type that the written one widens to (docs/decode.md)"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """`versions` counts those that were looked at, by subject."""

    findings: list[Finding]
    versions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of a subject, as messages name it. `mapping`s read its records."""

    name: str
    latest: bool
    texts: Sequence[str | bytes]
    """Its text after those it refers to."""
    mappings: Sequence[CheckedMapping]
    beside: Sequence[bytes] = ()
    """Schema files whose types it may use without defining them."""

    def findings(self, place: Place | None = None) -> Iterator[Finding]:
        readers = {
            mapping.reader_schema.name: (mapping.reader_schema, mapping)
            for mapping in self.mappings
        }
        try:
            writer = self._writer()
        except SchemaError as error:
            where = place or self.mappings[0].schema_place
            message = f"{self.name}: no schema that can be read: {error}"
            yield Finding(where, "version", message, severity=_severity(self.latest))
            return
        nodes = {name: node for name, (node, _) in readers.items()}
        for doubt in doubts(writer, nodes):
            reader = readers.get(doubt.reader)
            mapping = reader[1] if reader else self.mappings[0]
            yield self._finding(doubt, place or mapping.schema_place)

    def _writer(self) -> Node:
        try:
            return parse_safely(self.texts[-1], self.texts[:-1])
        except UnknownTypeError:
            if not self.beside:
                raise
            return parse_safely(self.texts[-1], self.beside)

    def _finding(self, doubt: Doubt, place: Place) -> Finding:
        match doubt.kind:
            case "mismatch":
                message = f"{self.name}: its records cannot be read: {doubt.what}"
                return Finding(place, "version", message, _REMEDY, _severity(self.latest))
            case "unread":
                message = f"{self.name}: {doubt.what}: such records become dead letters"
                return Finding(place, "version", message, severity="warning")
            case "values":
                message = f"{self.name}: some of its records may not be read: {doubt.what}"
                return Finding(place, "version", message, _REMEDY, "warning")


def _severity(latest: bool) -> Severity:
    return "error" if latest else "warning"


def against_files(mappings: Sequence[CheckedMapping]) -> list[Finding]:
    """Each file of `from.versions`: an error where it does not resolve."""
    return [
        finding
        for mapping in mappings
        for one in mapping.versions
        for finding in _Version(one.file, True, [one.data], [mapping], one.beside).findings(
            one.place
        )
    ]


def against_settings(mappings: Sequence[CheckedMapping], settings: Settings) -> list[Finding]:
    """The writer schemas of topics whose values are bare Avro."""
    found: list[Finding] = []
    for topic in dict.fromkeys(topic for mapping in mappings for topic in mapping.topics):
        decode = settings.decode.topics.get(topic, settings.decode)
        if decode.writer_schema is not None:
            takers = [mapping for mapping in mappings if topic in mapping.topics]
            found += _of_file(decode.writer_schema, takers)
    return found


def _of_file(name: str, takers: Sequence[CheckedMapping]) -> Iterator[Finding]:
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        message = f"the schema file cannot be read: {error.strerror}"
        yield Finding(Place(name, 0, 0), "version", message, "it is the `writer_schema` of a topic")
        return
    yield from _Version(name, True, [data], takers).findings()


async def against_registry(
    mappings: Sequence[CheckedMapping], settings: Settings, *, strict: bool
) -> Proof:
    """Every version that the registry has of the mappings' subjects.

    With `strict` it is an error if the latest version does not resolve. Older ones are a warning: their
    records may have left the topic long ago. A bridge that starts is not strict: anyone who may
    register a schema could keep it from starting, though no record was ever written so. A
    registry that cannot be asked is a warning too.
    """
    try:
        async with asyncio.timeout(SECONDS):
            return await _against_registry(mappings, settings, strict=strict)
    except TimeoutError:
        why = f"no answer within {SECONDS:g} s"
    except (UnavailableError, ConfigError) as error:  # ConfigError: its certificate files
        why = str(error)
    message = f"the versions of the schemas are not checked: {why}"
    return Proof([Finding(Place("registry", 0, 0), "version", message, severity="warning")], {})


async def _against_registry(
    mappings: Sequence[CheckedMapping], settings: Settings, *, strict: bool
) -> Proof:
    api = RegistryApi(settings.registry)
    findings: list[Finding] = []
    counts = {}
    for subject, takers in (await _subjects(api, mappings, settings)).items():
        versions = await api.versions(subject)
        if isinstance(versions, Missing):
            findings.append(_absent(subject, takers[0]))
            continue
        counts[subject] = len(versions)
        for one in versions:
            findings += _of(subject, one, strict and one is versions[-1], takers)
    return Proof(findings, counts)


def _of(
    subject: str, one: Registered, latest: bool, takers: Sequence[CheckedMapping]
) -> Iterator[Finding]:
    known_as = "" if one.schema_id is None else f" (schema {one.schema_id})"
    name = f"{subject} version {one.number}{known_as}"
    if isinstance(one.found, Unsupported):
        message = f"{name}: {one.found.why}"
        yield Finding(takers[0].schema_place, "version", message, severity=_severity(latest))
        return
    yield from _Version(name, latest, one.found, takers).findings()


def _absent(subject: str, mapping: CheckedMapping) -> Finding:
    message = f"the registry has no subject `{subject}`: no version is checked"
    remedy = "`registry.subject_name_strategy` says how your producers name their subjects"
    return Finding(mapping.schema_place, "version", message, remedy, "warning")


async def _subjects(
    api: RegistryApi, mappings: Sequence[CheckedMapping], settings: Settings
) -> dict[str, list[CheckedMapping]]:
    """The subjects of all topics, with the mappings that read their records."""
    patterns = any(topic.startswith("^") for mapping in mappings for topic in mapping.topics)
    known = await api.subjects() if patterns else []
    found: dict[str, list[CheckedMapping]] = {}
    for mapping in mappings:
        for subject in _subjects_of(mapping, known, settings):
            found.setdefault(subject, []).append(mapping)
    return found


def _subjects_of(
    mapping: CheckedMapping, known: Sequence[str], settings: Settings
) -> Iterator[str]:
    """As Confluent's serializers name them: TopicNameStrategy, RecordNameStrategy and
    TopicRecordNameStrategy, for values. `known` are all subjects, for topics that are patterns."""
    strategy = settings.registry.subject_name_strategy
    if strategy == "record_name":
        yield mapping.record.name
        return
    ending = "-value" if strategy == "topic_name" else f"-{mapping.record.name}"
    for topic in mapping.topics:
        if topic.startswith("^"):
            names = (one.removesuffix(ending) for one in known if one.endswith(ending))
            yield from (f"{name}{ending}" for name in names if takes(mapping, name))
        elif settings.decode.topics.get(topic, settings.decode).framing in _BY_REGISTRY:
            yield f"{topic}{ending}"


_BY_REGISTRY = frozenset({"auto", "confluent", "headers"})
