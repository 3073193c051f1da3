"""The tables of edge cases name tests that exist, or say why there is none."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
NAMED = re.compile(r"`((?:\w+/)?test_\w+)::(test_\w+)`")


def rows(page: str) -> Iterator[list[str]]:
    """The cells of each row of the page's tables that end with `shown by`."""
    inside = False
    for line in (DOCS / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("|"):
            inside = False
        elif cells[-1].removesuffix(" ") == "shown by":
            inside = True
        elif inside and not line.startswith("|---"):
            yield cells


def defined(module: str) -> set[str]:
    tree = ast.parse((TESTS / f"{module}.py").read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions)}


@pytest.mark.parametrize(("page", "cases"), [("decode.md", 32), ("edge-cases.md", 50)])
def test_every_edge_case_has_a_test_that_exists_or_a_reason(page: str, cases: int) -> None:
    found = list(rows(page))
    assert len(found) == cases
    for case, _, shown_by in found:
        tests = NAMED.findall(shown_by)
        assert tests or shown_by.startswith("reason: "), f"{case}: neither a test nor a reason"
        for module, test in tests:
            assert test in defined(module), f"{case}: there is no {module}::{test}"
