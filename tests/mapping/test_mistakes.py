"""Mistakes made of right mappings: each is found where it was made, and its remedy helps."""

from pathlib import Path
from random import Random

import pytest

from consumer.documents.findings import Finding
from consumer.mapping.unit import check_unit
from consumer.mapping.workbench.fix import mend
from tests.mapping.evaluation import ACCOUNTS
from tests.mapping.mistakes import CERTAIN, POSSIBLE, Mistake, mistakes

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "mapping" / "workbench" / "shop.yaml"
SHIPPED = sorted((ROOT / "mappings").glob("*.yaml"))


def _try(mistake: Mistake, source: Path) -> None:
    """Hold one mistake against the promises. The file stands beside the right one, for its schema."""
    path = source.with_name(f".mistake-{source.name}")
    try:
        path.write_text(mistake.text)
        _, findings, _ = check_unit([path], ACCOUNTS)
        told = (
            f"{mistake.kind}, line {mistake.line}: {mistake.text.splitlines()[mistake.line - 1]!r}"
        )
        if mistake.certain:
            assert mistake.line in _lines(findings), (told, findings)
        edits = any(finding.edits for finding in findings)
        mend([path], ACCOUNTS, warnings=True)
        _, left, _ = check_unit([path], ACCOUNTS)
        errors = [one for one in left if one.severity == "error"]
        before = [one for one in findings if one.severity == "error"]
        assert len(errors) <= len(before) or _unread(before), (told, left)
        if edits and errors:
            assert (_unread(errors), len(left)) < (_unread(findings), len(findings)) or (
                path.read_text() == mistake.text
            ), (told, findings, left)
        if mistake.certain:
            assert not errors, (told, findings, left)
    finally:
        path.unlink(missing_ok=True)


def _lines(findings: list[Finding]) -> set[int]:
    return {finding.place.line for finding in findings}


def _unread(findings: list[Finding]) -> int:
    return sum(finding.code == "bad-yaml" for finding in findings)


def test_mistakes_of_a_small_mapping_are_found_and_mended() -> None:
    made = [*mistakes(SMALL.read_text(), Random(16), share=0.25)]
    assert {mistake.kind for mistake in made} & CERTAIN.keys()
    assert len({mistake.kind for mistake in made} & POSSIBLE.keys()) > 8
    for mistake in made:
        _try(mistake, SMALL)


@pytest.mark.soak
@pytest.mark.parametrize("source", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("seed", range(3))
def test_mistakes_of_the_shipped_mappings_are_found_and_mended(source: Path, seed: int) -> None:
    for mistake in mistakes(source.read_text(), Random(seed)):
        _try(mistake, source)
