"""Blocks under `define`: written once, they mean what they would mean where they are named."""

import re
from pathlib import Path

import pytest

from consumer.mapping.unit import MappingUnit
from tests.mapping.evaluation import HEAD, check_text, run, unit_of

RULES = """\
rules:
  - name: viewed
    when: yes
    send:
      - both: product_viewed
        product: CARD
      - both: added_to_wishlist
        product: CARD
      - both: cart_updated
        state: name
        products: LINES
"""
CARD = "{id: name, price: price, properties: OWN}"
OWN = "{colour: kind}"
LINES = (
    '{for: line in lines, if: "line.quantity > 1", id: line.sku, quantity: line.quantity, '
    "price: price}"
)


def _written_out() -> str:
    return RULES.replace("CARD", CARD).replace("OWN", OWN).replace("LINES", LINES)


def _shared() -> str:
    define = f"define:\n  own: {OWN}\n  card: {CARD.replace('OWN', 'own')}\n  cart_lines: {LINES}\n"
    return define + RULES.replace("CARD", "card").replace("LINES", "cart_lines")


def _code(unit: MappingUnit) -> str:
    """The generated code, without the places of the rules."""
    return re.sub(r"test\.yaml:[0-9]+:[0-9]+", "", unit.source())


def test_a_block_becomes_the_very_code_of_its_fields_written_out(tmp_path: Path) -> None:
    shared, written = unit_of(tmp_path, HEAD + _shared()), unit_of(tmp_path, HEAD + _written_out())
    assert _code(shared) == _code(written)
    events = run(shared, maybe="cookie-1").events
    assert [event.label for event in events] == [
        event.label for event in run(written, maybe="cookie-1").events
    ]
    assert b'"sku"' not in events[0].body
    assert b'"productKey":"Mug"' in events[0].body


def test_a_block_knows_the_names_of_the_loop_around_it(tmp_path: Path) -> None:
    text = """\
define:
  line_card: {colour: kind, code: x.sku}
rules:
  - name: cart
    send:
      - both: cart_updated
        state: name
        products: {for: x in lines, id: x.sku, quantity: 1, price: price, properties: line_card}
"""
    assert len(run(unit_of(tmp_path, HEAD + text), maybe="cookie-1").events) == 1


@pytest.mark.parametrize(
    ("define", "product", "said"),
    [
        ("card: {id: nmae, price: price}", "card", ("test.yaml:11:14", "used on line 17")),
        ("card: {id: name}", "card", ("`price` is missing", "used on line 17")),
        ("card: {id: maybe, price: price}", "card", ("may be absent", "used on line 17")),
        ("name: {id: maybe}", "{id: name, price: price}", ("already a field",)),
        ("card: {id: name, price: price}", "{id: card, price: price}", ("used on line 17",)),
        ("card: {id: x}", "{id: name, price: price}", ("nothing uses `card`",)),
        ("card: {a: card}", "{id: name, price: price, properties: card}", ("a block of fields",)),
    ],
)
def test_what_is_wrong_with_a_block_is_found_where_it_stands_and_names_its_use(
    tmp_path: Path, define: str, product: str, said: tuple[str, ...]
) -> None:
    rules = f"""\
define:
  {define}
rules:
  - name: r
    send:
      - both: product_viewed
        # the product
        product: {product}
"""
    _, findings, shown = check_text(tmp_path, HEAD + rules)
    assert findings
    assert all(part in shown for part in said), shown


def test_a_block_is_no_value_of_an_expression(tmp_path: Path) -> None:
    rule = "{name: r, when: card, send: [{v2: searchRequest, search: name}]}"
    text = f"define: {{card: {{id: name}}}}\nrules: [{rule}]\n"
    _, findings, shown = check_text(tmp_path, HEAD + text)
    assert [finding.code for finding in findings] == ["unused", "shape"], shown
