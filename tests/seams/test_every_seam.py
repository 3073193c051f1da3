"""Every seam that the code has is made to raise every foreign exception by some test."""

import importlib
from collections.abc import Iterator

import pytest

from tests.seams.foreign import FOREIGN
from tests.seams.rows import BESIDE, ROWS
from tests.seams.scan import seams
from tests.seams.test_own_state import STEPS

TESTS = sorted({row.test for row in ROWS.values() if row.test} | set(BESIDE))


def test_every_seam_of_the_code_has_a_row_and_every_row_a_seam() -> None:
    assert seams() == set(ROWS)


def test_a_seam_without_a_test_says_why() -> None:
    assert [name for name, row in ROWS.items() if bool(row.test) == bool(row.spared)] == []


def test_every_stage_that_is_our_own_state_has_its_step() -> None:
    own = {name for name, row in ROWS.items() if "test_own_state" in row.test}
    assert own - {"app.py set_exception_handler"} == {f"stages.{name}" for name in STEPS}


@pytest.mark.parametrize("name", TESTS)
def test_the_test_of_a_seam_raises_every_foreign_exception(name: str) -> None:
    assert set(FOREIGN) <= set(_parameters(name))


def _parameters(name: str) -> Iterator[object]:
    module, _, function = name.rpartition(".")
    found = getattr(importlib.import_module(f"tests.{module}"), function)
    for mark in found.pytestmark:
        if mark.name == "parametrize" and isinstance(mark.args[0], str):
            yield from (each for each in mark.args[1] if isinstance(each, type))
