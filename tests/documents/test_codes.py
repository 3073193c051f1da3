"""Codes of findings: each is documented, and each that is documented is in use."""

import ast
from collections.abc import Iterator
from pathlib import Path

from consumer.documents.codes import CODES, MAPPING_CODES, anchor

ROOT = Path(__file__).parents[2]
MAKERS = {
    "Finding",
    "Wrong",
    "wrong",
    "_wrong",
    "_find",
    "_refused",
    "fault",
    "_warning",
}


def _codes(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) < 3:
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        code = node.args[2 if name == "_refused" else 1]
        if name in MAKERS and isinstance(code, ast.Constant) and isinstance(code.value, str):
            yield code.value


def test_every_code_that_the_program_gives_is_documented() -> None:
    found = {
        code
        for path in (ROOT / "consumer").rglob("*.py")
        for code in _codes(ast.parse(path.read_text()))
    }
    assert len(found) > 50
    assert found - CODES.keys() == set()


def test_every_code_has_its_section_on_the_page() -> None:
    page = (ROOT / "docs" / "mapping-errors.md").read_text().splitlines()
    headings = [line.removeprefix("### ") for line in page if line.startswith("### ")]
    assert len(headings) == len(set(headings)), "an anchor that stands twice leads to the first"
    assert {code for code in CODES if code not in headings} == set()
    assert anchor("unknown-name") == "docs/mapping-errors.md#unknown-name"
    assert MAPPING_CODES.keys() < CODES.keys()
