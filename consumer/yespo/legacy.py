"""The events of the legacy tracker as they go over the wire, field by field.

S0 is the Yespo page "Transferring website behavior data through REST API", S2 the older one of
Reteno (eSputnik), S3 the source of docs.yespo.io; K1-K56 are explained in docs/contract.md.
"""
# ruff: noqa: N815 - the names are the vendor's

from decimal import Decimal
from typing import Annotated

from consumer.yespo.declaration import legacy_event
from consumer.yespo.kinds import (
    AMOUNT,
    AMOUNT_EITHER,
    BOOLEAN,
    CURRENCY,
    FLAG_AS_GIVEN,
    FLAG_NUMBER,
    FLAG_TEXT,
    ID,
    INTEGER,
    PRICE,
    TEXT,
    TITLE,
)
from consumer.yespo.rules import says
from consumer.yespo.shape import Shape, Tagged, TagSet, Texts
from consumer.yespo.spec import Alternative, Traits

Id = Annotated[str, ID]
Text = Annotated[str, TEXT]
Title = Annotated[str, TITLE]
Price = Annotated[str, PRICE]
AmountText = Annotated[str, AMOUNT]
Amount = Annotated[float | str, AMOUNT_EITHER]
Quantity = Annotated[int, INTEGER]
FlagText = Annotated[str | int, FLAG_TEXT]
Flag = Annotated[int | str, FLAG_NUMBER]
FlagAsGiven = Annotated[str | int, FLAG_AS_GIVEN]
Currency = Annotated[str, CURRENCY]
Boolean = Annotated[bool, BOOLEAN]

TAGS_DOC = "Additional fields of the event: arrays of texts under names of your own."
_STATE = "d59c6e6d-4123-4b0e-8c32-15f0656a8c60"
_PRICE = Decimal("45.50")
_TAGS = {"*": {"platform": ["web"]}}
_COLOR = {"*": {"color": ["green"]}}
_WISH = {"productKey": "WS01-L", "price": "45.50 USD", "isInStock": True} | _COLOR
KEY_ALIASES = ("productId", "product_id", "id")
ID_ALIASES = ("productId", "productKey", "id")


class ViewedProduct(Tagged):
    """The product on the page."""

    productKey: Id = says("Product ID, as in the product feed.", "S0:159", also=KEY_ALIASES)
    price: Price = says(
        "Price per item, with or without the currency.", "S0:168", also=("unit_price",)
    )
    isInStock: FlagText = says(
        "Whether the product is in stock.", "S0:177", optional=True, also=("inStock",)
    )


@legacy_event("ProductPage", "S0:29", sample={"Product": _WISH, "Tags": _TAGS})
class ProductPage(Shape):
    """A visitor looks at a product: recommendations, and triggers for abandoned browses."""

    Product: ViewedProduct = says("The product.", "S0:55")
    Tags: TagSet = says(TAGS_DOC, "S0:202", optional=True)


class CartLine(Tagged):
    """One product in the cart."""

    productKey: Id = says("Product ID, as in the product feed.", "S0:353", also=KEY_ALIASES)
    price: Amount = says("Price per item.", "S0:362", also=("unit_price",))
    discount: Amount = says("Discount per item.", "S0:370", optional=True)
    quantity: Quantity = says("Quantity of items.", "S0:378")
    price_currency_code: Currency = says(
        "Currency of the price.", "S0:386", optional=True, also=("currency", "currencyCode")
    )


@legacy_event(
    "StatusCart",
    "S0:210",
    sample={
        "GUID": _STATE,
        "Products": [
            {
                "productKey": "WS01-L",
                "price": _PRICE,
                "discount": 5,
                "quantity": 2,
                "price_currency_code": "USD",
            }
            | _COLOR
        ],
    },
    traits=Traits(whole_state=True, cart_state="GUID"),
)
class StatusCart(Shape):
    """The whole cart after each change; without products when it was emptied."""

    GUID: Id = says(
        "Identifies this state of the cart: new with each change, and named again by the purchase.",
        "S0:336",
        also=("recycleStateId",),
    )
    Products: list[CartLine] = says("All products in the cart; may be empty.", "S0:234")
    Tags: TagSet = says(TAGS_DOC, "S0:404", optional=True)


class WishedProduct(Tagged):
    """The product put on the wish list."""

    productKey: Id = says("Product ID, as in the product feed.", "S0:533", also=KEY_ALIASES)
    price: Price = says(
        "Price per item, with or without the currency.", "S0:542", also=("unit_price",)
    )
    isInStock: FlagText = says(
        "Whether the product is in stock.", "S2:427", optional=True, also=("inStock",)
    )


@legacy_event("AddToWishlist", "S0:412", sample={"Product": _WISH})
class AddToWishlist(Shape):
    """A product was put on the wish list."""

    Product: WishedProduct = says("The product.", "S0:437")
    Tags: TagSet = says(TAGS_DOC, "S0:561", optional=True)


class PurchasedProduct(Shape):
    """One product of the order."""

    product_id: Id = says("Product ID, as in the product feed.", "S0:700")
    unit_price: AmountText = says("Price per item.", "S0:709")
    quantity: Quantity = says("Quantity of items.", "S0:717")


class PurchaseTags(TagSet):
    """Additional fields of a purchase."""

    block_id: Texts = says(
        "Recommendation block a one-click purchase came from (One Click form).",
        "S2:676",
        optional=True,
        also=("blockId",),
    )


@legacy_event(
    "PurchasedItems",
    "S0:569",
    sample={
        "GUID": _STATE,
        "Products": [{"product_id": "WS01-L", "unit_price": _PRICE, "quantity": 2}],
        "OrderNumber": "123/2017",
        "Tags": {"block_id": "21246_r335v507"},
    },
    traits=Traits(
        bought_state="GUID",
        # GUID alone is documented on the Reteno page only (K25).
        alternatives=(Alternative(("Products",)), Alternative(("GUID",), dialect="reteno")),
    ),
)
class PurchasedItems(Shape):
    """An order was placed. Its products, the GUID of its last StatusCart, or both."""

    GUID: Id = says(
        "GUID of the last StatusCart. Alone (without products) only in the reteno dialect.",
        "S2:537",
        optional=True,
        also=("recycleStateId",),
    )
    Products: list[PurchasedProduct] = says(
        "The products bought.", "S0:592", optional=True, min_length=1
    )
    OrderNumber: Id = says("Order number; confirms the purchase.", "S0:690")
    Tags: PurchaseTags = says(TAGS_DOC, "S0:725", optional=True)


class Impression(Shape):
    """One product shown in a recommendation block."""

    product_id: Id = says("Product or category ID, as in the feed.", "S0:864")
    container_type: Id = says(
        "Recommendation block, as the recommendation request answered it.", "S0:872"
    )


@legacy_event(
    "ProductImpressions",
    "S0:733",
    body_key="ProductImpression",  # K29: the event's name is plural, the key of its body singular
    sample={"Products": [{"product_id": "WS01-L", "container_type": "1253"}]},
)
class ProductImpression(Shape):
    """Recommendation blocks were shown. Only needed where the vendor's script is not installed."""

    Products: list[Impression] = says("The products shown.", "S0:756", min_length=1)
    Tags: TagSet = says(TAGS_DOC, "S0:880", optional=True)


class ViewedCategory(Shape):
    """The category on the page."""

    categoryKey: Id = says(
        "Category, as the product feed names it.", "S0:1013", also=("productCategoryId",)
    )


@legacy_event("CategoryPage", "S0:888", sample={"Category": {"categoryKey": "Mugs"}, "Tags": _TAGS})
class CategoryPage(Shape):
    """A visitor looks at a category."""

    Category: ViewedCategory = says("The category.", "S0:917")
    Tags: TagSet = says(TAGS_DOC, "S0:1021", optional=True)


@legacy_event("CustomerData", "S0:1029", body_key="", sample={})
class CustomerData(Shape):
    """The visitor becomes known: identifiers and nothing else."""


class Screen(Shape):
    """Screen size, as the vendor's script reports it."""

    h: Quantity = says("Height in pixels.", "S2:997")
    w: Quantity = says("Width in pixels.", "S2:998")


class Browser(Shape):
    """Browser, as the vendor's script reports it."""

    name: Text = says("Name.", "S2:1003", optional=True)
    chrome: Boolean = says("Whether it is a Chrome.", "S2:1004", optional=True)
    version: Text = says("Version.", "S2:1005", optional=True)
    webkit: Boolean = says("Whether it is a WebKit.", "S2:1006", optional=True)
    a: Boolean = says("Not explained by the vendor.", "S2:1007", optional=True)


class CustomEventGeneral(Shape):
    """Members of GeneralInfo that only the example of CustomEvent has."""

    screendim: Screen = says("Screen size.", "S2:996", optional=True)
    adblockEnabled: Boolean = says("Whether an ad blocker was found.", "S2:1000", optional=True)
    device: Text = says("Kind of device.", "S2:1001", optional=True)
    browser: Browser = says("Browser, as the script reports it.", "S2:1002", optional=True)
    s_location: Text = says("URL of the page.", "S2:1013", optional=True)
    referrer: Text = says("URL of the page before.", "S2:1014", optional=True)
    user_client_id: Text = says("Client ID of the user.", "S2:1015", optional=True)
    user_city: Text = says("City of the user.", "S2:1016", optional=True)
    user_card_id: Text = says("Card ID of the user.", "S2:1017", optional=True)


@legacy_event(
    "CustomEvent",
    "S2:983",
    sample={"EventName": "my_event", "Tags": _TAGS},
    general=CustomEventGeneral,
)
class CustomEvent(Shape):
    """An event of your own naming (documented on the Reteno page)."""

    EventName: Title = says("Name of your event.", "S2:1087")
    Tags: TagSet = says(TAGS_DOC, "S2:1094", optional=True)


@legacy_event("SearchRequest", "S0:1131", sample={"search": "mug", "isFound": False})
class SearchRequest(Shape):
    """A search on the site; the vendor's triggers are for searches that found nothing."""

    search: Title = says("What was searched for.", "S0:1164")
    isFound: Flag = says("Whether anything was found.", "S0:1168", optional=True)


class UpdatedProduct(Tagged):
    """New data of one product."""

    brand: Text = says("Brand.", "S0:1327", optional=True)
    name: Text = says("Product name.", "S0:1295", optional=True)
    description: Text = says("Product description.", "S0:1285", optional=True)
    product_id: Id = says("Product ID, as in the product feed.", "S0:1248", also=ID_ALIASES)
    imgurl: Text = says("Image URL.", "S0:1307", optional=True)
    url: Text = says("URL of the product's page.", "S0:1317", optional=True)
    unit_price: AmountText = says("Price per item.", "S0:1275", optional=True, also=("price",))
    isInStock: FlagAsGiven = says("Whether the product is in stock.", "S0:1258", also=("inStock",))
    tag_discount: Texts = says("Discount in per cent.", "S0:1339", optional=True)
    tag_oldprice: Texts = says("Price before the discount.", "S0:1361", optional=True)
    price_currency_code: Currency = says(
        "Currency of the price.", "S0:1351", optional=True, also=("currency", "currencyCode")
    )
    category: Text = says("Path of the category.", "S0:1216", optional=True)
    category_id: Texts = says("Category IDs from the root down.", "S0:1199", optional=True)


@legacy_event(
    "ProductUpdate",
    "S0:1173",
    sample={
        "ProductUpdate": [
            {"product_id": "WS01-L", "unit_price": _PRICE, "isInStock": True, "tag_oldprice": "50"}
        ]
    },
    whole=True,
    traits=Traits(names_person=False, array="ProductUpdate", array_key="product_id"),
)
class ProductUpdate(Shape):
    """New prices and availability for the vendor's catalogue, between two runs of the feed."""

    ProductUpdate: list[UpdatedProduct] = says(
        "The products and their new data.", "S0:1186", min_length=1
    )
