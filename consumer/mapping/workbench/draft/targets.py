"""Names of Yespo's fields in the schemas of shops, and the conversions that fill them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from consumer.mapping.language.types import (
    Array,
    Boolean,
    Integer,
    Mixed,
    Number,
    Text,
    Type,
)
from consumer.mapping.workbench.draft.fields import Leaf
from consumer.mapping.workbench.draft.guesses import Guess, Level
from consumer.mapping.workbench.draft.words import Words


class Takes(StrEnum):
    """The values that a field takes."""

    ID = "id"
    TEXT = "text"
    MONEY = "money"
    COUNT = "count"
    FLAG = "flag"
    CURRENCY = "currency"
    TEXTS = "texts"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Target:
    """A field of an event. A name of `names` says it alone, the best first; one of `bare` only within
    something called as in `of` (`product.id`), or after such a word (`productId`)."""

    takes: Takes
    names: tuple[Words, ...]
    of: frozenset[str] = frozenset()
    bare: tuple[Words, ...] = ()

    def rank(self, leaf: Leaf) -> int | None:
        """The distance of the name: less is better; None where it does not."""
        words = leaf.words
        if words in self.names:
            return self.names.index(words)
        if len(words) > 1 and words[0] in self.of and words[1:] in self.bare:
            return 1 + self.bare.index(words[1:])
        owner = leaf.owner
        if owner and words in self.bare and (owner in self.names or self.of & set(owner)):
            return 1 + self.bare.index(words)
        return None


def _split(text: str) -> tuple[Words, ...]:
    return tuple(tuple(name.split("_")) for name in text.split())


_PRODUCTS = frozenset({"product", "item", "offer", "good", "line", "article", "position", "entry"})

PRODUCT_ID = Target(
    Takes.ID,
    _split("product_id sku product_sku item_id item_sku offer_id product_key good_id"),
    _PRODUCTS,
    _split("id sku code key number"),
)
PRICE = Target(
    Takes.MONEY,
    _split(
        "price unit_price item_price product_price sale_price current_price final_price price_amount"
    ),
    _PRODUCTS,
    _split("amount value cost price"),
)
DISCOUNT = Target(
    Takes.MONEY, _split("discount item_discount discount_amount"), bare=_split("amount value")
)
CURRENCY = Target(
    Takes.CURRENCY,
    _split("currency currency_code price_currency"),
    frozenset({"currency", "price", "money"}),
    _split("code currency"),
)
IN_STOCK = Target(
    Takes.FLAG,
    _split("in_stock available is_available is_in_stock stock availability item_availability"),
)
BRAND = Target(Takes.TEXTS, _split("brand item_brand product_brand"))
QUANTITY = Target(Takes.COUNT, _split("quantity qty item_quantity count"))
NAME = Target(Takes.TEXT, _split("product_name item_name"), _PRODUCTS, _split("name title"))
LINE_NAME = Target(Takes.TEXT, _split("name product_name item_name title"))
LINE_CATEGORY = Target(Takes.TEXT, _split("category item_category product_category category_name"))
CATEGORY_ID = Target(
    Takes.ID,
    _split("category_id category_key category category_code section_id"),
    frozenset({"category", "section", "collection"}),
    _split("id key code slug"),
)
URL = Target(
    Takes.TEXT,
    _split("page_location page_url url location"),
    frozenset({"page", "screen", "document"}),
    _split("url location href"),
)
QUERY = Target(
    Takes.TEXT,
    _split("search_term search_query query search_text search_phrase term"),
    frozenset({"search", "searched"}),
    _split("query term text phrase"),
)
FOUND = Target(
    Takes.FLAG,
    _split("found result search_hit search_result result_count hit total_result"),
    frozenset({"search", "searched"}),
    _split("result found hit"),
)
CART_ID = Target(
    Takes.ID, _split("cart_id basket_id"), frozenset({"cart", "basket"}), _split("id uuid guid key")
)
CART_VERSION = Target(
    Takes.ID,
    _split("cart_version cart_revision basket_version"),
    frozenset({"cart", "basket"}),
    _split("version revision"),
)
ORDER_NUMBER = Target(
    Takes.ID,
    _split("order_number order_id transaction_id purchase_id"),
    frozenset({"order", "purchase", "transaction", "placed"}),
    _split("number id code"),
)
CUSTOM_NAME = Target(
    Takes.TEXT, _split("custom_name custom_event_name"), frozenset({"custom"}), _split("name event")
)
BLOCK = Target(
    Takes.ID, _split("block block_id"), frozenset({"block", "recommendation"}), _split("id")
)
RECOMMENDATION = Target(Takes.ID, _split("recommendation recom recommendation_id recom_id"))
VARIANT = Target(Takes.ID, _split("variant variant_id"))
CONTAINER = Target(Takes.ID, _split("container_type container recom_variant_id item_list_id"))
IMAGE = Target(Takes.TEXT, _split("image_url imgurl image picture_url picture"))
DESCRIPTION = Target(Takes.TEXT, _split("description"))
LINK = Target(Takes.TEXT, _split("url product_url link"))
OLD_PRICE = Target(Takes.TEXTS, _split("old_price price_old regular_price"))
CATEGORY_IDS = Target(Takes.TEXTS, _split("category_id category_path"))

_IN_STOCK_WORDS = ("in stock", "in_stock", "instock", "available")


def filled(target: Target, leaf: Leaf, texts: frozenset[str]) -> Guess | None:  # noqa: C901  # a line per type
    """The expression by which this value fills the target; None where its type does not.

    `texts` are its known values.

    The level says how sure the conversion is.
    """
    kind, path = leaf.type, leaf.path
    if isinstance(kind, Mixed):
        return _of_union(target, leaf, kind)
    proofs = leaf.guards
    match target.takes, kind:
        case ((Takes.ID | Takes.TEXT), (Text() | Integer())):
            return Guess(path, Level.SURE, "", proofs)
        case Takes.CURRENCY, Text():
            return Guess(path, Level.SURE, "", proofs)
        case Takes.TEXTS, (Text() | Integer() | Number()):
            return Guess(path, Level.SURE, "", proofs)
        case Takes.TEXTS, Array() if isinstance(kind.item.type, Text):
            return Guess(path, Level.SURE, "", proofs)
        case Takes.MONEY, (Integer() | Number()):
            return Guess(path, Level.SURE, "", proofs)
        case Takes.MONEY, Text(symbols=None):
            return Guess(f"amount({path})", Level.LIKELY, "the amount in a text", proofs, True)
        case Takes.COUNT, Integer():
            if leaf.guards:
                return Guess(f"coalesce({path}, 1)", Level.LIKELY, "one, where it is absent")
            return Guess(path, Level.SURE, "", proofs)
        case Takes.COUNT, (Number() | Text(symbols=None)):
            expression = f"coalesce(integer({path}), 1)"
            return Guess(expression, Level.LIKELY, "one, where it is no whole number")
        case Takes.FLAG, Boolean():
            return Guess(path, Level.SURE, "", proofs)
        case Takes.FLAG, (Integer() | Number()):
            return Guess(f"{path} > 0", Level.LIKELY, "a number above 0", proofs)
        case Takes.FLAG, Text():
            return _flag(leaf, frozenset(kind.symbols or ()) or texts, proofs)
    return None


def _flag(leaf: Leaf, texts: frozenset[str], proofs: tuple[str, ...]) -> Guess:
    yes = [text for text in sorted(texts) if text.lower() in _IN_STOCK_WORDS]
    word = yes[0] if yes else "in stock"
    asked = f'{leaf.path} == "{word}"'
    if leaf.guards:  # a comparison with an absent value is false; unknown must stay unknown
        asked = f"{asked} if {leaf.path} != null else null"
    if yes:
        return Guess(asked, Level.SURE, f"one of its values is `{word}`", proofs)
    return Guess(asked, Level.UNSURE, "which text says yes?", proofs)


_WORD_OF: Mapping[type[Type], str] = {
    Text: "text",
    Integer: "number",
    Number: "number",
    Boolean: "boolean",
}
_TAKEN: Mapping[Takes, tuple[str, ...]] = {
    Takes.ID: ("text", "number"),
    Takes.TEXT: ("text",),
    Takes.TEXTS: ("text",),
    Takes.CURRENCY: ("text",),
    Takes.MONEY: ("number",),
    Takes.COUNT: ("number",),
    Takes.FLAG: ("boolean",),
}


def _of_union(target: Target, leaf: Leaf, kind: Mixed) -> Guess | None:
    """A union is read as what the field takes; `is` proves that it holds that."""
    held = {_WORD_OF.get(type(branch), "") for branch in kind.branches}
    words = [word for word in _TAKEN.get(target.takes, ()) if word in held]
    if not words:
        return None
    asked = " or ".join(f"{leaf.path} is {word}" for word in words)
    proof = f"({asked})" if len(words) > 1 else asked
    why = "read as what the field takes, where it is that"
    if target.takes is Takes.COUNT:
        return Guess(f"coalesce(integer({leaf.path}), 1)", Level.LIKELY, why)
    return Guess(leaf.path, Level.LIKELY, why, (proof,), True)
