"""The events of Generate event v2: the params of each, by name.

S1 is the page "Site activity tracking using Generate event"; D the vendor's reference for events
that concern orders. Nested params (`product`, `products`) travel as JSON text by default (K44).
"""
# ruff: noqa: N815 - the names are the vendor's

from decimal import Decimal
from typing import Annotated

from consumer.yespo.declaration import v2_event
from consumer.yespo.kinds import (
    CURRENCY,
    FLAG_NUMBER,
    ID,
    MONEY,
    NUMBER,
    TEXT,
    TEXT_AMOUNT,
    TITLE,
    pattern_text,
)
from consumer.yespo.rules import says
from consumer.yespo.shape import Parametered, Propertied, Shape
from consumer.yespo.spec import DAY_MS, Traits

Id = Annotated[str, ID]
Text = Annotated[str, TEXT]
Title = Annotated[str, TITLE]
Money = Annotated[float, MONEY]
Number = Annotated[float, NUMBER]
Flag = Annotated[int | str, FLAG_NUMBER]
Currency = Annotated[str, CURRENCY]
Discount = Annotated[str, TEXT_AMOUNT]
RecomVariant = Annotated[
    str, pattern_text(r"^r[0-9A-Za-z]+v[0-9A-Za-z]+$", "takes r{recomId}v{variantId}: r963v1317")
]
LocalTime = Annotated[
    str,
    pattern_text(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}$", "takes 2026-11-20T10:00:00"
    ),
]
BROWSING = Traits(max_age_ms=DAY_MS)
"""Starts messages about what a visitor is doing right now. Orders stay true for longer."""
_PRODUCT = {
    "productId": "WS01-L",
    "price": Decimal("45.50"),
    "isInStock": True,
    "*": {"color": ["green"]},
}
ID_ALIASES = ("productKey", "product_id", "id")
STOCK_ALIASES = ("inStock",)
CURRENCY_ALIASES = ("currency", "price_currency_code")
CURRENCY_DOC = "ISO 4217 code of the prices; the account's own currency without it."
GEO = "keeps the vendor from deriving the place from `ip`"


class Params(Parametered):
    """Params that any v2 event can have. All of them do more than being stored."""

    ip: Text = says(
        "IP address of the visitor.",
        "D:how-use-v1event",
        optional=True,
        side_effect="enriches event and contact with country, region and city",
    )
    contactJson: Text = says(
        "Contact data as JSON text.",
        "D:how-use-v1event",
        optional=True,
        side_effect="is validated as a contact: bad data refuses the event",
    )
    countryCode: Text = says("Country code.", "D:how-use-v1event", optional=True, side_effect=GEO)
    countryId: Text = says("Country ID.", "D:how-use-v1event", optional=True, side_effect=GEO)
    regionName: Text = says("Region.", "D:how-use-v1event", optional=True, side_effect=GEO)
    regionId: Text = says("Region ID.", "D:how-use-v1event", optional=True, side_effect=GEO)
    cityName: Text = says("City.", "D:how-use-v1event", optional=True, side_effect=GEO)
    cityId: Text = says("City ID.", "D:how-use-v1event", optional=True, side_effect=GEO)


class Page(Shape):
    """The page."""

    location: Id = says("URL of the page, or deep link.", "S1:90", also=("url",))


@v2_event(
    "pageViewed", "S1:68", traits=BROWSING, sample={"page": {"location": "https://example.com"}}
)
class PageViewed(Params):
    """A visitor views any page, or opens a mobile deep link."""

    page: Page = says("The page.", "S1:86")


class Product(Propertied):
    """A product."""

    productId: Id = says("Product ID.", "S1:137", also=ID_ALIASES)
    price: Money = says("Price of an item.", "S1:141", also=("unit_price",))
    isInStock: Flag = says("Whether it is in stock.", "S1:145", optional=True, also=STOCK_ALIASES)


@v2_event(
    "productViewed", "S1:115", traits=BROWSING, sample={"product": _PRODUCT, "currencyCode": "USD"}
)
class ProductViewed(Params):
    """A visitor views a product: recommendations, abandoned browses."""

    product: Product = says("The product.", "S1:133")
    currencyCode: Currency = says(CURRENCY_DOC, "S1:160", optional=True, also=CURRENCY_ALIASES)


class Category(Shape):
    """The category."""

    productCategoryId: Id = says("Category ID.", "S1:211", also=("categoryKey",))


@v2_event(
    "productCategoryViewed",
    "S1:189",
    traits=BROWSING,
    sample={"category": {"productCategoryId": "Mugs"}},
)
class ProductCategoryViewed(Params):
    """A visitor views the list of products of a category."""

    category: Category = says("The category.", "S1:207")


class CartProduct(Propertied):
    """One product in the cart."""

    productId: Id = says("Product ID.", "S1:255", also=ID_ALIASES)
    quantity: Number = says("Quantity in the cart.", "S1:259")
    price: Money = says("Price of an item.", "S1:263", also=("unit_price",))
    name: Text = says("Product name.", "S1:267", optional=True)
    category: Text = says("Product category.", "S1:271", optional=True)
    discount: Discount = says("Discount of a single item.", "S1:275", optional=True)


@v2_event(
    "cartUpdated",
    "S1:236",
    traits=Traits(max_age_ms=DAY_MS, whole_state=True, cart_state="recycleStateId"),
    sample={
        "products": [{"productId": "WS01-L", "quantity": 2, "price": Decimal("45.50")}],
        "currencyCode": "USD",
        "recycleStateId": "d59c6e6d-4123-4b0e-8c32-15f0656a8c60",
    },
)
class CartUpdated(Params):
    """The whole cart after each change; an empty list when it was emptied."""

    products: list[CartProduct] = says("All products in the cart; may be empty.", "S1:254")
    currencyCode: Currency = says(CURRENCY_DOC, "S1:283", optional=True, also=CURRENCY_ALIASES)
    recycleStateId: Id = says(
        "Identifies this state of the cart, and connects it with the purchase.",
        "S1:287",
        also=("GUID",),
    )


class ShownProduct(Shape):
    """A product that was shown."""

    productId: Id = says("Product ID.", "S1:343", also=ID_ALIASES)


@v2_event(
    "productImpressions",
    "S1:321",
    traits=BROWSING,
    sample={"recomVariantId": "r963v1317", "products": [{"productId": "WS01-L"}]},
)
class ProductImpressions(Params):
    """Products of one recommendation variant were shown."""

    recomVariantId: RecomVariant = says(
        "Recommendation variant, `r{recomId}v{variantId}`.", "S1:335", also=("container_type",)
    )
    products: list[ShownProduct] = says("The products shown.", "S1:339", min_length=1)


class WishedProduct(Propertied):
    """The product put on the wish list."""

    productId: Id = says("Product ID.", "S1:396", also=ID_ALIASES)
    price: Money = says("Product price.", "S1:400", also=("unit_price",))
    isInStock: Flag = says("Whether it is in stock.", "S1:404", optional=True, also=STOCK_ALIASES)


@v2_event(
    "productAddedToWishlist",
    "S1:376",
    traits=BROWSING,
    sample={"product": _PRODUCT, "currencyCode": "USD"},
)
class ProductAddedToWishlist(Params):
    """A product was put on the wish list."""

    product: WishedProduct = says("The product.", "S1:392")
    currencyCode: Currency = says(CURRENCY_DOC, "S1:412", optional=True, also=CURRENCY_ALIASES)


@v2_event(
    "searchRequest",
    "S1:449",
    traits=BROWSING,
    sample={"search": "mug", "isFound": False, "*": {"platform": "web"}},
)
class SearchRequest(Params):
    """A search on the site; the vendor's triggers are for searches that found nothing."""

    search: Title = says("What was searched for.", "S1:465")
    isFound: Flag = says(
        "Whether anything was found. The vendor takes 0 without it.", "S1:469", optional=True
    )
