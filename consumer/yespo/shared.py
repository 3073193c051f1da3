"""Pairs the events that both APIs know: one table of matching fields, which drives `both:` in mappings.

    both: product_viewed          legacy ProductPage          v2 productViewed
      product.id                  Product.productKey          product.productId
      product.price, .currency    Product.price "754 USD"     product.price, currencyCode
      product.properties.brand    Product.tag_brand           product.brand
      tags.platform               Tags.platform               params.platform

The pairs follow the vendor's own remarks ("Mer: product_key") where there are any.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from consumer.yespo.catalogue import EVENTS
from consumer.yespo.fields import FREE_KEY
from consumer.yespo.kinds import BY_KIND, ID, TITLE, pattern_text
from consumer.yespo.names import near_miss
from consumer.yespo.numbers import plain_text
from consumer.yespo.rules import Rule
from consumer.yespo.spec import PLAIN, EventSpec, FieldSpec, Free, Kind, Traits

Values = Mapping[str, Any]
Convert = Callable[[Values], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A neutral field and what it is called on either side; an empty name: not there."""

    field: FieldSpec
    legacy: str
    v2: str


@dataclass(frozen=True, slots=True)
class SharedEvent:
    """An event of both APIs under a neutral name. `fields` are what a mapping fills."""

    name: str
    doc: str
    legacy: str
    v2: str
    fields: tuple[FieldSpec, ...]
    to_legacy: Convert
    """Neutral values to the values of the legacy event's `build`. Pure; checks nothing: what is
    missing or wrong is refused by `build`, in the vendor's words."""
    to_v2: Convert
    traits: Traits = PLAIN
    """Names neutral fields."""

    @property
    def sides(self) -> tuple[EventSpec, EventSpec]:
        """The legacy event and that of v2."""
        return EVENTS["legacy", self.legacy], EVENTS["v2", self.v2]

    def near_miss(self, place: Sequence[str], name: str) -> str | None:
        """The documented field (of either API) that a free name is mistaken for. `place` is where
        it stands: `("product", "properties")`, `("products", "properties")` or `("tags",)`."""
        if place[0] == "tags":
            return near_miss(EVENTS["v2", self.v2].fields, name, Free.PARAM)
        for event, outer in zip(self.sides, (place[0].capitalize(), place[0]), strict=True):
            spec = next(field for field in event.fields if field.name == outer)
            found = near_miss(spec.fields, name, spec.free)
            if found is not None:
                return found
        return None


_CONTAINER = pattern_text(
    "^(?:.*_)?r[0-9A-Za-z]+v[0-9A-Za-z]+$", "takes block and variant: 1253_r963v1317"
)
"""The part behind its last `_` is the variant of v2."""


def _field(
    name: str, kind: Kind, doc: str, *, required: bool = False, rule: Rule | None = None
) -> FieldSpec:
    """`rule` is the narrower one of both sides, where it is not that of the kind."""
    rule = rule or (ID if required and kind is Kind.TEXT else BY_KIND[kind])
    return FieldSpec(name, kind, required, doc, "", may_be_empty=not required, refusal=rule.refusal)


def _object(name: str, doc: str, pairs: Sequence[Pair], kind: Kind = Kind.OBJECT) -> FieldSpec:
    return FieldSpec(name, kind, True, doc, "", fields=tuple(pair.field for pair in pairs))


PROPERTIES = FieldSpec(
    "properties",
    Kind.OBJECT,
    False,
    "Properties of your own naming, each one text or several.",
    "S0:192, S1:154",
    free=Free.PLAIN,
)
TAGS = FieldSpec(
    "tags",
    Kind.OBJECT,
    False,
    "Additional fields of the event: legacy Tags, v2 params.",
    "S0:202",
    free=Free.PLAIN,
)

_ID = Pair(
    _field("id", Kind.TEXT, "Product ID, as in the product feed.", required=True),
    "productKey",
    "productId",
)
_PRICE = Pair(_field("price", Kind.MONEY, "Price of one item.", required=True), "price", "price")
_IN_STOCK = Pair(_field("in_stock", Kind.FLAG, "Whether it is in stock."), "isInStock", "isInStock")
_QUANTITY = Pair(
    _field("quantity", Kind.INTEGER, "Quantity in the cart.", required=True), "quantity", "quantity"
)
_DISCOUNT = Pair(_field("discount", Kind.MONEY, "Discount of one item."), "discount", "discount")
_NAME = Pair(_field("name", Kind.TEXT, "Product name; v2 only."), "", "name")
_CATEGORY = Pair(_field("category", Kind.TEXT, "Product category; v2 only."), "", "category")
_CURRENCY = Pair(_field("currency", Kind.CURRENCY, "ISO 4217 code of the price."), "", "")
_PROPERTIES = Pair(PROPERTIES, FREE_KEY, FREE_KEY)

PRODUCT = (_ID, _PRICE, _CURRENCY, _IN_STOCK, _PROPERTIES)
CART_LINE = (_ID, _QUANTITY, _PRICE, _DISCOUNT, _NAME, _CATEGORY, _PROPERTIES)
SHOWN = (Pair(_ID.field, "product_id", "productId"),)
CATEGORY = (
    Pair(
        _field("id", Kind.TEXT, "Category, as the product feed names it.", required=True),
        "categoryKey",
        "productCategoryId",
    ),
)
SEARCH = (
    Pair(
        _field("query", Kind.TEXT, "What was searched for.", required=True, rule=TITLE),
        "search",
        "search",
    ),
    Pair(_field("found", Kind.FLAG, "Whether anything was found."), "isFound", "isFound"),
)


def _names(pairs: Sequence[Pair], side: str) -> dict[str, str]:
    """Neutral name -> the side's, for the fields that the side has."""
    named = ((pair.field.name, getattr(pair, side)) for pair in pairs)
    return {neutral: own for neutral, own in named if own}


def _rename(values: Values, names: Mapping[str, str]) -> dict[str, Any]:
    out = {names[name]: value for name, value in values.items() if name in names}
    own = out.get(FREE_KEY)
    if own is not None:
        out[FREE_KEY] = own.get(FREE_KEY, {})
    return out


def _legacy_tags(values: Values, out: dict[str, Any]) -> dict[str, Any]:
    tags = values.get("tags")
    if tags:
        out["Tags"] = tags
    return out


def _v2_tags(values: Values, out: dict[str, Any]) -> dict[str, Any]:
    """Tags as params: a single text stays text, several become a list."""
    tags = values.get("tags")
    if tags:
        out[FREE_KEY] = {
            name: texts[0] if type(texts) is list and len(texts) == 1 else texts
            for name, texts in tags.get(FREE_KEY, {}).items()
        }
    return out


_PRODUCT_LEGACY, _PRODUCT_V2 = _names(PRODUCT, "legacy"), _names(PRODUCT, "v2")
_LINE_LEGACY, _LINE_V2 = _names(CART_LINE, "legacy"), _names(CART_LINE, "v2")
_SHOWN_LEGACY, _SHOWN_V2 = _names(SHOWN, "legacy"), _names(SHOWN, "v2")
_CATEGORY_LEGACY, _CATEGORY_V2 = _names(CATEGORY, "legacy"), _names(CATEGORY, "v2")
_SEARCH_LEGACY, _SEARCH_V2 = _names(SEARCH, "legacy"), _names(SEARCH, "v2")


def _price_with_currency(price: Any, currency: Any) -> Any:
    """`754` and `USD` as `754 USD`. What is no price stays as it is: `build` refuses it by name."""
    try:
        amount = price if type(price) is str else plain_text(price)
    except PydanticCustomError:
        return price
    return amount if " " in amount else f"{amount} {str(currency).upper()}"


def _product_to_legacy(values: Values) -> dict[str, Any]:
    product = values.get("product", {})
    own = _rename(product, _PRODUCT_LEGACY)
    if "currency" in product and "price" in own:
        own["price"] = _price_with_currency(own["price"], product["currency"])
    return _legacy_tags(values, {"Product": own})


def _product_to_v2(values: Values) -> dict[str, Any]:
    product = values.get("product", {})
    out: dict[str, Any] = {"product": _rename(product, _PRODUCT_V2)}
    if "currency" in product:
        out["currencyCode"] = product["currency"]
    return _v2_tags(values, out)


def _cart_to_legacy(values: Values) -> dict[str, Any]:
    out = _rename(values, {"state": "GUID"})
    if "products" in values:
        out["Products"] = lines = [_rename(line, _LINE_LEGACY) for line in values["products"]]
        if "currency" in values:
            for line in lines:
                line["price_currency_code"] = values["currency"]
    return _legacy_tags(values, out)


def _cart_to_v2(values: Values) -> dict[str, Any]:
    out = _rename(values, {"state": "recycleStateId", "currency": "currencyCode"})
    if "products" in values:
        out["products"] = [_rename(line, _LINE_V2) for line in values["products"]]
    return _v2_tags(values, out)


def _impressions_to_legacy(values: Values) -> dict[str, Any]:
    shown = [_rename(product, _SHOWN_LEGACY) for product in values.get("products", [])]
    if "container" in values:
        for product in shown:
            product["container_type"] = values["container"]
    return _legacy_tags(values, {"Products": shown})


def _impressions_to_v2(values: Values) -> dict[str, Any]:
    shown = [_rename(product, _SHOWN_V2) for product in values.get("products", [])]
    out = _rename(values, {"container": "recomVariantId"}) | {"products": shown}
    if type(container := values.get("container")) is str:
        # `1253_r963v1317` is block 1253 with variant r963v1317; v2 knows the variant only.
        out["recomVariantId"] = container.rpartition("_")[2]
    return _v2_tags(values, out)


def _category_to_legacy(values: Values) -> dict[str, Any]:
    return _legacy_tags(values, {"Category": _rename(values.get("category", {}), _CATEGORY_LEGACY)})


def _category_to_v2(values: Values) -> dict[str, Any]:
    return _v2_tags(values, {"category": _rename(values.get("category", {}), _CATEGORY_V2)})


def _search_to_legacy(values: Values) -> dict[str, Any]:
    return _rename(values, _SEARCH_LEGACY)


def _search_to_v2(values: Values) -> dict[str, Any]:
    return _rename(values, _SEARCH_V2)


_PRODUCT_FIELD = _object("product", "The product.", PRODUCT)

_ALL = (
    SharedEvent(
        "product_viewed",
        "A visitor looks at a product.",
        "ProductPage",
        "productViewed",
        (_PRODUCT_FIELD, TAGS),
        _product_to_legacy,
        _product_to_v2,
    ),
    SharedEvent(
        "category_viewed",
        "A visitor looks at a category.",
        "CategoryPage",
        "productCategoryViewed",
        (_object("category", "The category.", CATEGORY), TAGS),
        _category_to_legacy,
        _category_to_v2,
    ),
    SharedEvent(
        "cart_updated",
        "The whole cart after each change; no products when it was emptied.",
        "StatusCart",
        "cartUpdated",
        (
            _field(
                "state",
                Kind.TEXT,
                "Identifies this state of the cart: GUID, recycleStateId. Make it of the cart's own "
                "id and version, so that a repeat says the same.",
                required=True,
            ),
            _object("products", "All products in the cart.", CART_LINE, Kind.OBJECTS),
            _field("currency", Kind.CURRENCY, "ISO 4217 code of all prices in the cart."),
            TAGS,
        ),
        _cart_to_legacy,
        _cart_to_v2,
        Traits(whole_state=True, cart_state="state"),
    ),
    SharedEvent(
        "product_impressions",
        "Products of one recommendation block were shown; make one event per block.",
        "ProductImpressions",
        "productImpressions",
        (
            _field(
                "container",
                Kind.TEXT,
                "Block and variant as the recommendation request answered: 1253_r963v1317.",
                required=True,
                rule=_CONTAINER,
            ),
            _object("products", "The products shown.", SHOWN, Kind.OBJECTS),
            TAGS,
        ),
        _impressions_to_legacy,
        _impressions_to_v2,
    ),
    SharedEvent(
        "added_to_wishlist",
        "A product was put on the wish list.",
        "AddToWishlist",
        "productAddedToWishlist",
        (_PRODUCT_FIELD, TAGS),
        _product_to_legacy,
        _product_to_v2,
    ),
    SharedEvent(
        "searched",
        "A search on the site.",
        "SearchRequest",
        "searchRequest",
        tuple(pair.field for pair in SEARCH),
        _search_to_legacy,
        _search_to_v2,
    ),
)

SHARED: Mapping[str, SharedEvent] = {event.name: event for event in _ALL}
"""By neutral name. A purchase is not here: v2 has no event for it on the vendor's page; nor is a
page view: the tracker's REST API has none."""
