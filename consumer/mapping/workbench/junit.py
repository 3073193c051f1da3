"""The result of `mapping test` as JUnit XML, which every CI system shows."""

from __future__ import annotations

from collections import defaultdict
from xml.etree import ElementTree as ET

from consumer.mapping.workbench.cases import CaseResult, Report


def junit(report: Report) -> bytes:
    """One suite per file of cases; a file that cannot be used, and an untested rule, is an error."""
    suites = ET.Element("testsuites", name="mapping")
    by_file: dict[str, list[CaseResult]] = defaultdict(list)
    for result in report.results:
        by_file[result.place.file].append(result)
    for file, results in by_file.items():
        failures = sum(bool(result.problems) for result in results)
        suite = _suite(suites, file, tests=len(results), failures=failures, errors=0)
        for result in results:
            case = _case(suite, file, result.name, result.place.line)
            if result.problems:
                text = "\n".join(result.problems)
                ET.SubElement(case, "failure", message=_clean(result.problems[0])).text = _clean(
                    text
                )
    if report.faults:
        count = len(report.faults)
        suite = _suite(suites, "files", tests=count, failures=0, errors=count)
        for fault in report.faults:
            case = _case(suite, "files", fault.splitlines()[0], 1)
            ET.SubElement(case, "error", message="cannot be used").text = _clean(fault)
    ET.indent(suites)
    data: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return data


def _suite(suites: ET.Element, name: str, **counts: int) -> ET.Element:
    words = {key: str(count) for key, count in counts.items()}
    return ET.SubElement(suites, "testsuite", {"name": _clean(name), **words})


def _case(suite: ET.Element, file: str, name: str, line: int) -> ET.Element:
    words = {"classname": file, "name": name, "file": file, "line": str(line)}
    return ET.SubElement(suite, "testcase", {key: _clean(word) for key, word in words.items()})


def _clean(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\n\t")
