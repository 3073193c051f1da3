"""Findings for programs: JSON, and SARIF 2.1.0 as code hosts and editors read it."""

from collections.abc import Iterable, Sequence
from typing import Any

from consumer import __version__
from consumer.documents.codes import CODES, anchor
from consumer.documents.findings import Edit, Finding, Place

Json = dict[str, Any]

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(finding: Finding) -> Json:
    """One finding as JSON. Lines and columns count from 1; `end` is the column after the place."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        **_place(finding.place),
        "message": finding.message,
        "remedy": finding.remedy,
        "help": anchor(finding.code),
        "edits": [{**_place(edit.place), "text": edit.text} for edit in finding.edits],
    }


def _place(place: Place) -> Json:
    return {"file": place.file, "line": place.line, "column": place.column, "end": place.end}


def sarif(findings: Sequence[Finding]) -> Json:
    """A SARIF log of one run."""
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES.get(code, code)},
            "helpUri": anchor(code),
        }
        for code in sorted({finding.code for finding in findings})
    ]
    driver = {"name": "yespo-bridge", "version": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in findings],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding) -> Json:
    text = "\n".join(filter(None, (finding.message, finding.remedy)))
    result: Json = {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(finding.place)}],
    }
    if finding.edits:
        description = {"text": finding.remedy or finding.message}
        result["fixes"] = [{"description": description, "artifactChanges": _changes(finding.edits)}]
    return result


def _location(place: Place) -> Json:
    location: Json = {"artifactLocation": {"uri": place.file.replace("\\", "/")}}
    return {**location, "region": _region(place)} if place.line else location


def _region(place: Place) -> Json:
    start = {"startLine": place.line, "startColumn": place.column}
    return {**start, "endColumn": place.end} if place.end >= place.column else start


def _changes(edits: Iterable[Edit]) -> list[Json]:
    files: dict[str, list[Json]] = {}
    for edit in edits:
        replaced = {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
        files.setdefault(edit.place.file, []).append(replaced)
    return [
        {"artifactLocation": {"uri": file}, "replacements": replacements}
        for file, replacements in files.items()
    ]
