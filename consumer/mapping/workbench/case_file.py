"""Test cases of a mapping, as written in YAML beside it: read, checked, nothing run yet.

mapping: ../shop.yaml
base: ../../avro/fixtures/product_view.json
cases:
  - name: a visitor who is not signed in
    given: {user: null}
    expect: [{legacy: ProductPage, contains: {GeneralInfo: {eventName: ProductPage}}}]
    skipped: {v2: no_identifier}
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from consumer.documents.findings import Finding, Place, did_you_mean
from consumer.documents.json_text import read_json
from consumer.documents.yaml_tree import Document, Items, Node, Scalar, Table, read_file
from consumer.errors import ConfigError
from consumer.mapping.file.yaml_data import plain

_FILE_KEYS = ("mapping", "base", "cases")
_CASE_KEYS = ("name", "base", "given", "at", "expect", "skipped", "filtered", "invalid")
_ENDS = ("expect", "filtered", "invalid")
_AT_KEYS = ("now", "topic", "partition", "offset", "key", "headers")
_EVENT_KEYS = ("legacy", "v2", "account", "body", "contains")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Kafka's part of the record. `now` is its timestamp: records arrive as they happen."""

    now_ms: int = 1_795_165_200_000  # 2026-11-20T09:00:00Z
    topic: str | None = None
    """None: the first topic of the mapping."""
    partition: int = 0
    offset: int = 0
    key: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """One event that has to come out. `body` exact or, with `partial`, a part of it; None: any."""

    api: str
    name: str
    account: str | None
    body: Any
    partial: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Exactly one of: events expected, `filtered` with a reason, `invalid` with one."""

    place: Place
    name: str
    record: dict[str, Any]
    arrival: Arrival
    events: tuple[ExpectedEvent, ...]
    skipped: Mapping[str, str]
    """Reason by API of the events that a rule asked for and that were not built."""
    filtered: str | None
    invalid: str | None


@dataclass(slots=True)
class CaseFile:
    """`findings` is empty where the whole file is usable."""

    path: Path
    mapping: Path | None = None
    cases: list[Case] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def read_cases(path: Path) -> CaseFile:
    """Read one file of cases. Mistakes become findings; raises ConfigError if it cannot be read."""
    try:
        document = read_file(path)
    except OSError as error:
        why = (error.strerror or "not readable").lower()
        raise ConfigError(f"{path}: cannot be read: {why}") from None
    file = CaseFile(path, findings=list(document.findings), lines=document.lines)
    if document.root is not None:
        _Reader(document, file).read(document.root)
    return file


class _Reader:
    def __init__(self, document: Document, file: CaseFile) -> None:
        self._document = document
        self._file = file

    def read(self, root: Node) -> None:
        table = self._table(root, _FILE_KEYS)
        if table is None:
            return
        mapping = table.get("mapping")
        if isinstance(mapping, Scalar):
            self._file.mapping = (self._file.path.parent / mapping.text).resolve()
        else:
            self._wrong(root.place, "missing-key", "`mapping` is missing: the file under test")
        base = self._base(table)
        cases = table.get("cases")
        if not isinstance(cases, Items) or not cases.items:
            self._wrong(root.place, "missing-key", "`cases` has to be a list of cases")
            return
        for node in cases.items:
            case = self._case(node, base)
            if case is not None:
                self._file.cases.append(case)

    def _case(self, node: Node, base: Any) -> Case | None:
        before = len(self._file.findings)
        table = self._table(node, _CASE_KEYS)
        if table is None:
            return None
        name = table.get("name")
        if not isinstance(name, Scalar):
            self._wrong(node.place, "missing-key", "a case needs a `name`")
        ends = [key for key in _ENDS if table.get(key) is not None]
        if len(ends) != 1:
            said = " and ".join(f"`{end}`" for end in ends) or "nothing"
            remedy = "say one of `expect` (events), `filtered` (a reason) or `invalid` (a reason)"
            self._wrong(node.place, "case-end", f"a case has one end, this one has {said}", remedy)
        if table.get("base") is not None:
            base = self._base(table)
        given = table.get("given")
        record = merged(base, plain(given) if given is not None else {})
        if not isinstance(record, dict):
            self._wrong(node.place, "case-record", "`base` and `given` have to make an object")
        arrival = self._arrival(table.get("at"))
        events = self._events(table.get("expect"))
        skipped = self._words(table.get("skipped"))
        if len(self._file.findings) > before:
            return None
        assert isinstance(name, Scalar)
        return Case(
            place=node.place,
            name=name.text,
            record=record,
            arrival=arrival,
            events=events,
            skipped=skipped,
            filtered=self._word(table, "filtered"),
            invalid=self._word(table, "invalid"),
        )

    def _events(self, node: Node | None) -> tuple[ExpectedEvent, ...]:
        if node is None:
            return ()
        if not isinstance(node, Items) or not node.items:
            remedy = "a record that no event comes of is `filtered: <reason>`"
            self._wrong(node.place, "bad-shape", "`expect` is a list of events", remedy)
            return ()
        events = []
        for item in node.items:
            table = self._table(item, _EVENT_KEYS)
            if table is None:
                continue
            apis = [api for api in ("legacy", "v2") if table.get(api) is not None]
            body, contains = table.get("body"), table.get("contains")
            if len(apis) != 1 or (body is not None and contains is not None):
                message = "an event is `legacy: Name` or `v2: name`, with `body` or `contains`"
                self._wrong(item.place, "bad-shape", message)
                continue
            wanted = body if body is not None else contains
            events.append(
                ExpectedEvent(
                    api=apis[0],
                    name=self._word(table, apis[0]) or "",
                    account=self._word(table, "account"),
                    body=plain(wanted) if wanted is not None else None,
                    partial=contains is not None,
                )
            )
        return tuple(events)

    def _arrival(self, node: Node | None) -> Arrival:
        table = self._table(node, _AT_KEYS) if node is not None else None
        if table is None:
            return Arrival()
        given = plain(table)
        now = given.pop("now", None)
        headers = self._words(table.get("headers"))
        given.pop("headers", None)
        try:
            if now is not None:
                at = datetime.fromisoformat(str(now))
                at = at if at.tzinfo else at.replace(tzinfo=UTC)
                given["now_ms"] = round(at.timestamp() * 1000)
        except ValueError:
            message = "`now` is a time such as 2026-11-20T10:00:00Z"
            self._wrong(table.place, "bad-shape", message)
        return Arrival(headers=tuple(headers.items()), **given)

    def _base(self, table: Table) -> Any:
        node = table.get("base")
        if node is None:
            return {}
        if not isinstance(node, Scalar):
            self._wrong(node.place, "bad-shape", "`base` is the path of a JSON file")
            return {}
        try:
            return read_json((self._file.path.parent / node.text).read_bytes())
        except OSError as error:
            self._wrong(node.place, "no-file", f"`{node.text}`: {error.strerror}")
        except ValueError as error:
            self._wrong(node.place, "bad-json", f"`{node.text}` {error}")
        return {}

    def _words(self, node: Node | None) -> dict[str, str]:
        table = self._table(node, ()) if node is not None else None
        return {entry.key.text: str(plain(entry.value)) for entry in table} if table else {}

    def _word(self, table: Table, key: str) -> str | None:
        node = table.get(key)
        return node.text if isinstance(node, Scalar) else None

    def _table(self, node: Node, known: tuple[str, ...]) -> Table | None:
        if not isinstance(node, Table):
            self._wrong(node.place, "bad-shape", "a block of `key: value` lines belongs here")
            return None
        for entry in node:
            if known and entry.key.text not in known:
                message = f"unknown key `{entry.key.text}`"
                remedy = did_you_mean(entry.key.text, known)
                self._wrong(entry.key.place, "unknown-key", message, remedy)
        return node

    def _wrong(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self._file.findings.append(Finding(place, code, message, remedy))


def merged(base: Any, given: Any) -> Any:
    """`given` over `base`: objects member by member, everything else replaced."""
    if isinstance(base, dict) and isinstance(given, dict):
        both = dict(base)
        for name, value in given.items():
            both[name] = merged(base[name], value) if name in base else value
        return both
    return given
