"""Two mapping files that take the same records are refused, also where only their patterns meet."""

from pathlib import Path

import pytest

from consumer.mapping.unit import check_unit
from tests.mapping.evaluation import ACCOUNTS, HEAD, write

RULES = "rules: [{name: s, send: [{legacy: SearchRequest, search: name}]}]\n"


def findings_of(folder: Path, one: str, other: str) -> list[tuple[str, str, str]]:
    """(file, code, message) for two files of these topics."""
    first = write(folder, HEAD.replace("shop.test", one) + RULES)
    second = folder / "other.yaml"
    second.write_text(HEAD.replace("shop.test", other) + RULES)
    unit, findings, _ = check_unit([first, second], ACCOUNTS, folder)
    assert (unit is None) == bool(findings)
    return [(finding.place.file, finding.code, finding.message) for finding in findings]


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("shop.clicks", "shop.clicks", "`shop.clicks` with"),
        ("shop.clicks", "'^shop'", "`shop.clicks` (it fits `^shop`)"),
        (r"'^shop\.c.*'", "shop.clicks", r"`shop.clicks` (it fits `^shop\.c.*`)"),
        ("'^shop'", "'^shop[.]clicks$'", "a topic that fits `^shop[.]clicks$` may fit `^shop`"),
        ("'^.*clicks'", "'^shop[.].*'", "a topic that fits `^shop[.].*` may fit `^.*clicks`"),
        ("'^shops?'", "'^shop'", "a topic that fits `^shop` may fit `^shops?`"),
        ("'^(a|b)'", "'^c'", "a topic that fits `^c` may fit `^(a|b)`"),
        ("'^a|b'", "'^b'", "a topic that fits `^b` may fit `^a|b`"),
        ("a, b", "c, b", "`b` with"),
    ],
)
def test_two_files_that_may_take_the_same_records_are_refused(
    tmp_path: Path, one: str, other: str, says: str
) -> None:
    [(file, code, message)] = findings_of(tmp_path, one, other)
    assert (file, code) == ("other.yaml", "two-takers")
    assert says in message
    assert message.endswith("with record `shop.Test` is taken by test.yaml")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shop.clicks", "shop.carts"),
        ("shop.clicks", "'^web'"),
        (r"'^shop\.'", "'^shop-'"),
        ("'^shop[.]c'", "'^shop[.]s'"),
    ],
)
def test_patterns_that_begin_differently_live_side_by_side(
    tmp_path: Path, one: str, other: str
) -> None:
    assert findings_of(tmp_path, one, other) == []
