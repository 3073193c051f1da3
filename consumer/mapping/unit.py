"""The mapping unit: all mapping files of a process, proven and compiled; the `Map` stage.

One digest over all files it was made of (mappings, includes, schemas) names it on dead letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from consumer.avro.nodes import RecordType
from consumer.codegen import TooMuchCode
from consumer.documents.edits import in_yaml
from consumer.documents.findings import Finding, Place
from consumer.errors import ConfigError, InvalidRecord
from consumer.mapping.check.check import check
from consumer.mapping.check.checked import Account, CheckedMapping
from consumer.mapping.check.lints import lints
from consumer.mapping.check.loader import Files, load
from consumer.mapping.check.routing import overlaps, takes
from consumer.mapping.check.unreachable import unreachable
from consumer.mapping.language.runtime import Unusable
from consumer.mapping.reasons import SKIPPED, Invalid, NoEvent
from consumer.mapping.run.compile import MapRecord, compile_mapping
from consumer.mapping.run.output import Output
from consumer.mapping.run.projection import reads_of
from consumer.model import Decoded, Endpoint, Mapped, Record
from consumer.projection import Reads


class Compiled:
    """One mapping file, ready to run."""

    __slots__ = ("checked", "drop", "function", "source")

    def __init__(self, checked: CheckedMapping) -> None:
        self.checked = checked
        self.function: MapRecord
        self.function, self.source = compile_mapping(checked)
        self.drop = checked.otherwise == "drop"


class MappingUnit:
    """Maps records of all topics it knows. Implements `consumer.stages.Map`."""

    def __init__(self, compiled: Sequence[Compiled], digest: str) -> None:
        self._compiled = tuple(compiled)
        self._digest = digest
        self._of: dict[tuple[str, str], Compiled | None] = {}
        self._readers: dict[str, dict[str, RecordType]] = {}
        self._reads: dict[str, dict[str, Reads]] = {}

    @property
    def digest(self) -> str:
        return self._digest

    @property
    def mappings(self) -> tuple[CheckedMapping, ...]:
        return tuple(compiled.checked for compiled in self._compiled)

    @property
    def topics(self) -> tuple[str, ...]:
        """Topic names; one that begins with `^` is a regular expression."""
        names = [topic for mapping in self.mappings for topic in mapping.topics]
        return tuple(dict.fromkeys(names))

    @property
    def kinds(self) -> frozenset[tuple[Endpoint, str]]:
        """Every kind of event (endpoint and event name) that any record can become."""
        return frozenset(
            (Endpoint(account, side.spec.api), side.spec.name)
            for mapping in self.mappings
            for rule in mapping.rules
            for send in rule.sends
            for side in send.sides
            for account in mapping.accounts_of(send, side)
        )

    @property
    def filters(self) -> frozenset[str]:
        """Every reason for which a record can end without events."""
        found = {reason for mapping in self.mappings for _, reason in mapping.suppress}
        if any(compiled.drop for compiled in self._compiled):
            found |= {NoEvent.NO_RULE, NoEvent.TOMBSTONE}
        return frozenset({*map(str, found), *map(str, SKIPPED), str(NoEvent.NO_EVENT)})

    def reader_schemas(self, topic: str) -> dict[str, RecordType]:
        """The reader schema by full name of the record type, for one topic.

        The same object at each call: the decoder takes another one for a reload.
        """
        if topic not in self._readers:
            self._readers[topic] = {
                mapping.record.name: mapping.reader_schema
                for mapping in self.mappings
                if takes(mapping, topic)
            }
        return self._readers[topic]

    def reads(self, topic: str) -> dict[str, Reads]:
        """The parts that are read of each record type of one topic, by full name. `map` takes records
        with just these parts. Commands that show records to a person need them whole."""
        if topic not in self._reads:
            self._reads[topic] = {
                mapping.record.name: reads_of(mapping)
                for mapping in self.mappings
                if takes(mapping, topic)
            }
        return self._reads[topic]

    def mapping_for(self, topic: str, type_name: str) -> CheckedMapping | None:
        """The mapping that takes records of this type and topic."""
        found = self._find(topic, type_name)
        return found.checked if found else None

    def source(self) -> str:
        """The generated code, for a person to read."""
        return "\n".join(
            f"# {compiled.checked.file}\n\n{compiled.source}" for compiled in self._compiled
        )

    def map(self, record: Record, decoded: Decoded) -> Mapped:
        """Build and validate all events of the record. Raises InvalidRecord."""
        topic = record.partition.topic
        found = (topic, decoded.type_name)
        try:
            compiled = self._of[found]
        except KeyError:
            compiled = self._of[found] = self._find(topic, decoded.type_name)
        if decoded.value is None:
            return self._tombstone(topic)
        if compiled is None:
            detail = f"no mapping takes records of type {decoded.type_name} of this topic"
            raise InvalidRecord("mapping", Invalid.UNMAPPED_TYPE.value, detail)
        out = Output(record)
        try:
            compiled.function(decoded.value, record, out)
        except Unusable as unusable:
            detail = "a number that is not finite" if unusable.reason == "number" else "a huge text"
            raise InvalidRecord("mapping", unusable.reason, detail) from None
        if out.events:
            return Mapped(out.events, None, out.skipped, out.left_out)
        return _without_events(out, compiled)

    def _find(self, topic: str, type_name: str) -> Compiled | None:
        for compiled in self._compiled:
            if compiled.checked.record.name == type_name and takes(compiled.checked, topic):
                return compiled
        return None

    def _tombstone(self, topic: str) -> Mapped:
        """A tombstone has no type: it is dropped only where every mapping of its topic says so."""
        takers = [each for each in self._compiled if takes(each.checked, topic)]
        if takers and all(compiled.drop for compiled in takers):
            return Mapped((), NoEvent.TOMBSTONE.value)
        what = "a null value, and `otherwise: dead_letter`"
        raise InvalidRecord("mapping", Invalid.TOMBSTONE.value, what)


def _without_events(out: Output, compiled: Compiled) -> Mapped:
    if out.filtered == NoEvent.NO_RULE and not compiled.drop:
        what = "no rule takes it, and `otherwise: dead_letter`"
        raise InvalidRecord("mapping", Invalid.NO_RULE.value, what)
    reason = out.filtered
    if reason is None:
        reason = next((reason for _, reason in out.skipped), NoEvent.NO_EVENT.value)
    return Mapped((), reason, out.skipped, out.left_out)


def check_unit(
    paths: Sequence[Path],
    accounts: Mapping[str, Account],
    shown_relative_to: Path | None = None,
) -> tuple[MappingUnit | None, list[Finding], Files]:
    """The unit (None if there is any error), all findings, and the files they speak of."""
    files = Files(shown_relative_to)
    findings: list[Finding] = []
    checked = []
    for path in paths:
        mapping = _checked(path, accounts, files, findings)
        if mapping is not None:
            checked.append(mapping)
    findings += overlaps(checked)
    compiled = []
    if not _errors(findings):
        compiled = [one for mapping in checked if (one := _compiled(mapping, findings))]
    findings = [in_yaml(finding, files.documents) for finding in _sorted(findings)]
    if _errors(findings):
        return None, findings, files
    return MappingUnit(compiled, files.digest), findings, files


def _checked(
    path: Path, accounts: Mapping[str, Account], files: Files, findings: list[Finding]
) -> CheckedMapping | None:
    given = load(path, files, findings)
    if given is None:
        return None
    try:
        mapping = check(given, accounts, findings)
        findings += [*unreachable(mapping), *lints(mapping)]
    except RecursionError:
        findings.append(_unbounded(given.file.shown))
        return None
    return mapping


def _compiled(mapping: CheckedMapping, findings: list[Finding]) -> Compiled | None:
    try:
        return Compiled(mapping)
    except (TooMuchCode, RecursionError, MemoryError, SyntaxError):
        # Python itself limits how deep code may be nested.
        findings.append(_unbounded(mapping.file))
        return None


def _unbounded(file: str) -> Finding:
    message = "definitions that build upon one another too deep, or multiply without bounds"
    return Finding(Place(file, 1, 1), "too-large", message, "use fewer steps")


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def load_unit(
    paths: Sequence[Path],
    accounts: Mapping[str, Account],
    shown_relative_to: Path | None = None,
) -> MappingUnit:
    """The unit. Raises ConfigError with all findings, as a person reads them."""
    unit, findings, files = check_unit(paths, accounts, shown_relative_to)
    if unit is None:
        raise ConfigError(render(_errors(findings), files), _errors(findings))
    return unit


def render(findings: Sequence[Finding], files: Files) -> str:
    """All findings as text: position, source line with a caret, remedy."""
    shown = []
    for finding in findings:
        document = files.documents.get(finding.place.file)
        shown.append(finding.render(document.lines if document else []))
    return "\n".join(shown)


def _sorted(findings: Sequence[Finding]) -> list[Finding]:
    """In the order of the file, each once (a definition may be looked at several times)."""
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda one: (one.place.file, one.place.line, one.place.column))
