"""Every wrong mapping of the gallery gets its finding, and the documentation shows the same."""

from pathlib import Path

import pytest

from tests.mapping.gallery import GALLERY, Wrong, page, shown

PAGE = Path(__file__).parents[2] / "docs" / "mapping-errors.md"


@pytest.mark.parametrize("wrong", GALLERY, ids=lambda wrong: wrong.title[:60])
def test_a_wrong_mapping_gets_its_finding_with_place_and_remedy(
    wrong: Wrong, tmp_path: Path
) -> None:
    codes, text = shown(wrong, tmp_path)
    assert set(codes) == {wrong.code}, text
    assert wrong.says in text
    assert "test.yaml:" in text


def test_the_gallery_is_large_and_its_page_is_what_the_program_prints() -> None:
    assert len(GALLERY) >= 100
    assert PAGE.read_text() == page() + "\n"
