"""Runs the test cases of mappings: each record through the real mapping, its end held against the
expected one. `run_cases([Path("mappings/tests/shop.yaml")])`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from consumer.documents.findings import Finding, Place
from consumer.errors import InvalidRecord
from consumer.mapping.check.checked import Account, CheckedMapping
from consumer.mapping.unit import MappingUnit, check_unit, render
from consumer.mapping.workbench.case_file import Case, ExpectedEvent, read_cases
from consumer.mapping.workbench.compare import differences
from consumer.mapping.workbench.json_form import JsonForm, JsonFormError
from consumer.model import Decoded, Event, Mapped, Partition, Record
from consumer.yespo.spec import AccountContext

TEST_ACCOUNTS = {
    "main": Account(AccountContext("main", site_id="8A412DC"), frozenset({"legacy", "v2"}))
}
"""The account of cases, unless others are given. The site id is the vendor's example."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case. `problems` are lines for a person; they show the values of the case."""

    place: Place
    name: str
    problems: tuple[str, ...]

    @property
    def finding(self) -> Finding:
        """The failure as a finding, at the place of the case."""
        return Finding(self.place, "case-failed", f"{self.name} fails", "\n".join(self.problems))


@dataclass(slots=True)
class Report:
    """The result of a run. `faults` are texts about files that could not be used at all."""

    results: list[CaseResult] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """The same as `faults`, for programs."""
    untested: list[tuple[str, str]] = field(default_factory=list)
    """(mapping file, rule) of the rules that made no event in any case."""
    reached: set[tuple[Path, str]] = field(default_factory=set)
    """(mapping file, resolved; rule) of those that made one."""

    @property
    def failed(self) -> list[CaseResult]:
        return [result for result in self.results if result.problems]

    @property
    def passed(self) -> bool:
        return not self.failed and not self.faults

    def as_json(self) -> dict[str, Any]:
        """The run as JSON; `findings` stand beside it."""
        return {
            "ok": self.passed,
            "cases": [
                {
                    "file": one.place.file,
                    "line": one.place.line,
                    "name": one.name,
                    "passed": not one.problems,
                    "problems": list(one.problems),
                }
                for one in self.results
            ],
            "untested": [{"file": file, "rule": rule} for file, rule in self.untested],
        }

    def render(self) -> str:
        """The failures, then one line of counts."""
        lines = list(self.faults)
        for result in self.failed:
            lines.append(f"{result.place}  {result.name}")
            lines += [f"   {problem}" for problem in result.problems]
        good = len(self.results) - len(self.failed)
        lines.append(f"{good} of {len(self.results)} cases passed")
        return "\n".join(lines)


def run_cases(paths: Sequence[Path], accounts: Mapping[str, Account] = TEST_ACCOUNTS) -> Report:
    """Run all cases of these files. Raises ConfigError for a file of cases that cannot be read."""
    report = Report()
    tested: dict[Path, _Tested | None] = {}
    for path in paths:
        file = read_cases(path)
        report.findings += file.findings
        report.faults += [finding.render(file.lines) for finding in file.findings]
        if file.mapping is None:
            continue
        if file.mapping not in tested:
            tested[file.mapping] = _load(file.mapping, accounts, report)
        mapping = tested[file.mapping]
        if mapping is not None:
            report.results += [mapping.run(case) for case in file.cases]
    for path, mapping in tested.items():
        if mapping is not None:
            report.untested += mapping.untested()
            report.reached |= {(path, rule) for rule in mapping.reached}
    return report


def _load(path: Path, accounts: Mapping[str, Account], report: Report) -> "_Tested | None":
    unit, findings, files = check_unit([path], accounts)
    if unit is None:
        errors: list[Finding] = [one for one in findings if one.severity == "error"]
        report.findings += errors
        report.faults.append(render(errors, files))
        return None
    return _Tested(unit, accounts)


class _Tested:
    """One mapping under test, and the rules its cases have reached."""

    def __init__(self, unit: MappingUnit, accounts: Mapping[str, Account]) -> None:
        self._unit = unit
        self._mapping: CheckedMapping = unit.mappings[0]
        self._form = JsonForm(self._mapping.reader_schema)
        self._default_account = next(iter(accounts)) if len(accounts) == 1 else None
        self.reached: set[str] = set()

    def untested(self) -> list[tuple[str, str]]:
        return [
            (self._mapping.file, rule.name)
            for rule in self._mapping.rules
            if rule.name not in self.reached
        ]

    def run(self, case: Case) -> CaseResult:
        return CaseResult(case.place, case.name, tuple(self._problems(case)))

    def _problems(self, case: Case) -> list[str]:
        try:
            value = self._form.decoded(case.record)
        except JsonFormError as error:
            return [f"the record does not fit the schema: {error}"]
        try:
            mapped = self._unit.map(self._record(case), self._decoded(value))
        except InvalidRecord as error:
            if case.invalid == error.reason:
                return []
            return [f"the record is invalid ({error.reason}): {error.detail}"]
        self.reached.update(event.rule for event in mapped.events)
        problems = _of_end(case, mapped)
        if not problems and case.filtered is None:
            problems = self._of_events(case.events, mapped.events)
        skipped = {endpoint.api: reason for endpoint, reason in mapped.skipped}
        problems += differences(dict(case.skipped), skipped, "skipped")
        return problems

    def _of_events(self, expected: Sequence[ExpectedEvent], actual: Sequence[Event]) -> list[str]:
        wanted = [f"{event.api} {event.name}" for event in expected]
        got = [f"{event.endpoint.api} {event.name}" for event in actual]
        if wanted != got:
            return [f"events: expected {', '.join(wanted)}; got {', '.join(got)}"]
        problems = []
        for number, (one, other) in enumerate(zip(expected, actual, strict=True), 1):
            account = one.account or self._default_account
            if account is not None and account != other.endpoint.account:
                problems.append(f"event {number}: for account {other.endpoint.account}")
            if one.body is not None:
                body = orjson.loads(other.body)
                if isinstance(one.body, dict) and isinstance(one.body.get("params"), dict):
                    body = readable(body)
                path = f"event {number} ({other.name})"
                problems += differences(one.body, body, path, partial=one.partial)
        return problems

    def _record(self, case: Case) -> Record:
        at = case.arrival
        return Record(
            partition=Partition(at.topic or self._mapping.topics[0], at.partition, 0),
            offset=at.offset,
            key=at.key.encode() if at.key is not None else None,
            value=b"",
            headers=[(name, text.encode()) for name, text in at.headers],
            timestamp_ms=at.now_ms,
        )

    def _decoded(self, value: Any) -> Decoded:
        return Decoded(value, self._mapping.record.name, "case")


def _of_end(case: Case, mapped: Mapped) -> list[str]:
    """Differences in the end of the record: events, filtered, or invalid."""
    got = (
        f"filtered ({mapped.filtered})"
        if mapped.filtered is not None
        else "events " + ", ".join(f"{event.endpoint.api} {event.name}" for event in mapped.events)
    )
    if case.invalid is not None:
        return [f"expected the record to be invalid ({case.invalid}), got {got}"]
    if case.filtered is not None:
        expected = f"filtered ({case.filtered})"
        return [] if got == expected else [f"expected {expected}, got {got}"]
    return [f"expected events, got {got}"] if mapped.filtered is not None else []


def readable(body: dict[str, Any]) -> dict[str, Any]:
    """A v2 body with its params as an object, and JSON within their texts opened."""
    params = {param["name"]: _opened(param["value"]) for param in body["params"]}
    return {**body, "params": params}


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value
