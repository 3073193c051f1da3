"""Every wrong mapping of the gallery gets its finding, and the documentation shows the same."""

from pathlib import Path

import pytest

from consumer.mapping.workbench.fix import mend
from tests.mapping.evaluation import ACCOUNTS, check_text
from tests.mapping.gallery import GALLERY, Wrong, page, shown

PAGE = Path(__file__).parents[2] / "docs" / "mapping-errors.md"


@pytest.mark.parametrize("wrong", GALLERY, ids=lambda wrong: wrong.title[:60])
def test_a_wrong_mapping_gets_its_finding_with_place_and_remedy(
    wrong: Wrong, tmp_path: Path
) -> None:
    codes, text = shown(wrong, tmp_path)
    assert wrong.code in codes, text
    # What YAML cannot read is read on as it was probably meant: more may be wrong there.
    assert set(codes) == {wrong.code} or wrong.code == "bad-yaml", text
    assert wrong.says in text
    assert "test.yaml:" in text


def test_the_gallery_is_large_and_its_page_is_what_the_program_prints() -> None:
    assert len(GALLERY) >= 100
    assert PAGE.read_text() == page() + "\n"


@pytest.mark.parametrize("wrong", GALLERY, ids=lambda wrong: wrong.title[:60])
def test_a_remedy_that_a_program_can_apply_leads_to_a_file_that_passes(
    wrong: Wrong, tmp_path: Path
) -> None:
    accounts = wrong.accounts or ACCOUNTS
    _, findings, _ = check_text(tmp_path, wrong.text, accounts)
    path = tmp_path / "test.yaml"
    if not any(finding.edits for finding in findings):
        assert wrong.meant is None
        return
    mend([path], accounts, warnings=True)
    mended = path.read_text()
    unit, left, text = check_text(tmp_path, mended, accounts)
    if not all(finding.edits for finding in findings):
        assert len(left) < len(findings), text
        return
    assert unit is not None, text
    assert not any(finding.edits or finding.severity == "error" for finding in left), text
    if wrong.meant is not None:
        assert any(line.endswith(f" {wrong.meant}") for line in mended.splitlines())
