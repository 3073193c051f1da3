"""How a mistake is shown to whoever made it."""

from consumer.documents.findings import Finding, Place, did_you_mean, nearest


def test_a_finding_shows_its_line_with_carets_and_the_remedy() -> None:
    place = Place("shop.yaml", 2, 5, 9)
    finding = Finding(place, "unknown", "unknown field `skuu`", "did you mean `sku`?\nor `id`")
    assert finding.render(["rules:", "  a: skuu"]).splitlines() == [
        "shop.yaml:2:5  unknown field `skuu`  [unknown]",
        "    2 |   a: skuu",
        "      |     ^^^^",
        "   did you mean `sku`?",
        "   or `id`",
    ]


def test_a_warning_says_that_it_is_one() -> None:
    finding = Finding(Place("f", 1, 1), "c", "odd", severity="warning")
    assert finding.render(["x"]).splitlines()[0] == "f:1:1  warning: odd  [c]"


def test_a_place_outside_any_line_is_shown_by_name_alone() -> None:
    finding = Finding(Place("environment variable X", 0, 0), "c", "sets nothing")
    assert finding.render(["some: file"]) == "environment variable X  sets nothing  [c]"


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    known = ["product", "productId", "price"]
    assert nearest("productid", known) == "productId"
    assert nearest("prise", known) == "price"
    assert nearest("zebra", known) is None


def test_without_a_near_name_all_are_listed() -> None:
    assert did_you_mean("prise", ["price", "sku"]) == "did you mean `price`?"
    assert did_you_mean("zebra", ["sku", "price"]) == "known here: price, sku"
    assert did_you_mean("zebra", []) == ""
