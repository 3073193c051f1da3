"""The vendor's example bodies as files; the values, and the record of a shop, that each is made of.

Values and records are written by hand from the pages. Nothing here comes out of the code under test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from consumer.model import Api
from consumer.yespo.spec import AccountContext, Identity

FOLDER = Path(__file__).parent / "examples"
TIME = 1579622183208

GREGORI = Identity(
    external_customer_id="1234509876",
    email="user@mail.com",
    phone="1-541-754-3010",
    contact_id="255830499",
    name="Gregori Boczynski",
    cookie="CDA68358-94FB-4D83-9655-3FEB3C4114A3",
)
JOHNY = Identity(
    external_customer_id="1234509876",
    email="user@mail.com",
    phone="3801111111111",
    contact_id="255830499",
    name="Johny",
    cookie="CDA68358-94FB-4D83-9655-3FEB3CGGG1",
)
SEARCHER = Identity(
    external_customer_id="1234509876",
    email="userdech123@mail.com",
    phone="1-541-754-3010",
    contact_id="",
    name="Gregori Boczynski",
    cookie="CDA68358-94FB-4D83-9655-3FEB3C4114A3",
)
NOBODY = Identity()

TWO_TAGS = {"*": {"some_tags": ["1", "a2"], "some_tags1": ["4", "gg"]}}
FOUR = {"*": {"some_tags1": ["4", "gg"]}}
PAGE_TAGS = {"*": {"some_tags": ["some_tag1", "some_tag2"]}}
BOUGHT = [
    {"product_id": "430738", "unit_price": Decimal("201.95"), "quantity": 1},
    {"product_id": 211452, "unit_price": Decimal("341.80"), "quantity": 2},
]
CART = {
    "GUID": "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
    "Products": [
        {
            "productKey": "430738",
            "price": 201.95,
            "discount": Decimal(180),
            "quantity": 1,
            "price_currency_code": "USD",
            "*": {"something": ["aaa", "bbb"]},
        },
        {
            "productKey": "902339",
            "price": Decimal("596.00"),
            "discount": 590.0,
            "quantity": 1,
            "price_currency_code": "usd",
            "*": {"something": ["aaa", "bbb"]},
        },
    ],
    "Tags": TWO_TAGS,
}
SHOWN = {
    "Products": [
        {"product_id": "430968", "container_type": "1253"},
        {"product_id": "430738", "container_type": "1254"},
        {"product_id": "429983", "container_type": "1255"},
    ],
    "Tags": TWO_TAGS,
}
IPHONE: dict[str, Any] = {
    "brand": "Apple",
    "name": "iPhone 7",
    "description": "Some description",
    "product_id": "430738",
    "imgurl": "https://domain.com/apple/product_large.png",
    "unit_price": Decimal("201.95"),
    "isInStock": "1",
    "tag_discount": "10",
    "tag_oldprice": ["224.38"],
    "price_currency_code": "UAH",
    "*": {"something": ["aaa", "bbb"]},
}
SITE_URL = {"url": "https://domain.com/apple/product_page_example.html"}
ROOT_CATEGORY = {"category": "level1 > level2 > level3", "category_id": ["1", "2", "3"]}


def _page(price: Any) -> dict[str, Any]:
    return {
        "Product": {
            "productKey": "72354",
            "price": price,
            "isInStock": True,
            "*": {"something": ["abc", "bca"]},
        },
        "Tags": PAGE_TAGS,
    }


def _categories(key: str) -> dict[str, Any]:
    return {"Category": {"categoryKey": key}, "Tags": TWO_TAGS}


def _update(*products: Mapping[str, Any]) -> dict[str, Any]:
    return {"ProductUpdate": [dict(product) for product in products]}


@dataclass(frozen=True)
class Example:
    """`file` is its stem; `values` and the rest are what has to be given to `build`; `record` is what
    the mappings in `shop/` make it of."""

    file: str
    record: str
    values: Mapping[str, Any]
    who: Identity = field(default_factory=lambda: GREGORI)
    site: str = "8A412DC"
    time: int | None = TIME
    dialect: str = "yespo"
    sent_otherwise: Mapping[str, Any] = field(default_factory=dict)
    """Members of GeneralInfo that are left out on purpose, with the page's value."""

    @property
    def api(self) -> Api:
        return "v2" if self.file[:2] in {"S1", "S4"} else "legacy"

    @property
    def event(self) -> str:
        return self.file.split("-")[2]

    @property
    def text(self) -> str:
        return (FOLDER / f"{self.file}.json").read_text()

    @property
    def account(self) -> AccountContext:
        return AccountContext("main", self.site, dialect=self.dialect, phones="as_given")


def _v2(
    line: int, event: str, record: str, values: Mapping[str, Any], **who: str
) -> tuple[Example, ...]:
    return tuple(
        Example(f"{page}-{line + below:04d}-{event}", record, values, Identity(**who), time=None)
        for page, below in (("S1", 0), ("S4", 2))
    )


FULL = (
    Example("S0-0040-ProductPage", "product page", _page("754 USD")),
    Example("S0-0218-StatusCart", "cart", CART),
    Example("S0-0422-AddToWishlist", "wish", _page(Decimal(754))),
    Example(
        "S0-0577-PurchasedItems",
        "order",
        {"Products": BOUGHT, "OrderNumber": "123/2017", "Tags": FOUR},
    ),
    Example("S0-0741-ProductImpressions", "blocks", SHOWN),
    Example("S0-0902-CategoryPage", "category by number", _categories("509876")),
    Example("S0-1039-CustomerData", "customer", {}, JOHNY, "8D3869C"),
    Example(
        "S0-1141-SearchRequest",
        "search",
        {"search": "input_value", "isFound": True},
        SEARCHER,
        "CE460EC",
        1668792552000,
        sent_otherwise={"user_es_contact_id": ""},
    ),
    Example(
        "S0-1181-ProductUpdate",
        "catalogue",
        _update(IPHONE | SITE_URL | {"category_id": "3"}, IPHONE | ROOT_CATEGORY),
        NOBODY,
        "site_id",
    ),
    Example("S2-0039-ProductPage", "product page", _page("754 USD")),
    Example("S2-0170-StatusCart", "cart", CART),
    Example("S2-0327-AddToWishlist", "wish", _page("754")),
    Example(
        "S2-0458-PurchasedItems",
        "order by its cart",
        {"GUID": CART["GUID"], "OrderNumber": "123/2017", "Tags": TWO_TAGS},
        dialect="reteno",
    ),
    Example(
        "S2-0563-PurchasedItems",
        "one-click order",
        {
            "Products": BOUGHT,
            "OrderNumber": "123/2017",
            "Tags": {"block_id": "21246_r335v507", **FOUR},
        },
    ),
    Example("S2-0690-ProductImpressions", "blocks", SHOWN),
    Example("S2-0811-CategoryPage", "category by name", _categories("Babies")),
    Example("S2-0914-CustomerData", "customer", {}, JOHNY, "8D3869C"),
    Example(
        "S2-0991-CustomEvent",
        "event of our own",
        {
            "EventName": "my_event",
            "Tags": TWO_TAGS,
            "GeneralInfo": {
                "screendim": {"h": 1200, "w": 2304},
                "adblockEnabled": True,
                "device": "Desktop",
                "browser": {
                    "name": "Chrome",
                    "chrome": True,
                    "version": "74.0",
                    "webkit": True,
                    "a": True,
                },
                "s_location": "https://example.com/product_id.html",
                "referrer": "https://example.com",
                "user_client_id": "",
                "user_city": "",
                "user_card_id": "",
            },
        },
    ),
    Example(
        "S2-1127-ProductUpdate",
        "catalogue with category",
        _update(IPHONE | {"category": "level3", "category_id": "3"}, IPHONE | ROOT_CATEGORY),
        NOBODY,
        "site_id",
    ),
    Example("S3-0052-ProductPage", "product page", _page("754 USD")),
    Example("S3-0163-StatusCart", "cart", CART),
    Example("S3-0302-AddToWishlist", "wish", _page(754.0)),
    Example(
        "S3-0410-PurchasedItems",
        "order",
        {"Products": BOUGHT, "OrderNumber": "123/2017", "Tags": FOUR},
    ),
    Example("S3-0525-ProductImpressions", "blocks", SHOWN),
    Example("S3-0642-CategoryPage", "category by number", _categories("509876")),
    Example("S3-0744-CustomerData", "customer", {}, JOHNY, "8D3869C"),
    Example(
        "S3-0822-SearchRequest",
        "search",
        {"search": "input_value", "isFound": 1},
        SEARCHER,
        "CE460EC",
        1668792552000,
        sent_otherwise={"user_es_contact_id": ""},
    ),
    Example(
        "S3-0878-ProductUpdate",
        "catalogue",
        _update(IPHONE | SITE_URL | {"category_id": "3"}, IPHONE | ROOT_CATEGORY),
        NOBODY,
        "site_id",
    ),
    *_v2(
        96,
        "pageViewed",
        "v2 page",
        {"page": {"location": "https://example.com"}},
        phone="380501234567",
        email="example@email.com",
    ),
    *_v2(
        166,
        "productViewed",
        "v2 product",
        {
            "product": {
                "productId": "WS01-L-Green",
                "price": Decimal("45.50"),
                "isInStock": True,
                "*": {"someProductProperty": "green"},
            },
            "currencyCode": "USD",
        },
        phone="411786452",
        email="example@email.com",
    ),
    *_v2(
        217,
        "productCategoryViewed",
        "v2 category",
        {"category": {"productCategoryId": "Mugs"}},
        phone="7411324763",
        email="example@email.com",
    ),
    *_v2(
        294,
        "cartUpdated",
        "v2 cart",
        {
            "products": [{"productId": "WS01-L-Green", "quantity": 1.0, "price": "45.5"}],
            "currencyCode": "USD",
            "recycleStateId": "d59c6e6d-4123-4b0e-8c32-15f0656a8c60",
        },
        phone="73456712",
        email="example@email.com",
    ),
    *_v2(
        349,
        "productImpressions",
        "v2 block",
        {"recomVariantId": "r963v1317", "products": [{"productId": "430738"}]},
        phone="+380501234567",
    ),
    *_v2(
        418,
        "productAddedToWishlist",
        "v2 wish",
        {
            "product": {
                "productId": 72354,
                "price": 754.5,
                "isInStock": 1,
                "*": {"someProductProperty": ["abc", "bca"]},
            },
            "currencyCode": "USD",
        },
        phone="+38 (050) 123-45-67",
    ),
    *_v2(
        478,
        "searchRequest",
        "v2 search",
        {"search": "Coffe", "isFound": True},
        phone="380501234567",
    ),
)
"""Whole requests."""

ON_SALE = {
    "product_id": "1111",
    "unit_price": 270,
    "isInStock": True,
    "price_currency_code": "UAH",
    "tag_oldprice": "300",
    "tag_discount": 10,
}
REGULAR = {"product_id": 1111, "unit_price": "270", "isInStock": 1, "price_currency_code": "UAH"}

ITEMS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("S0-1373-ProductUpdate-item", "price with discount", ON_SALE),
    ("S0-1388-ProductUpdate-item", "price without discount", REGULAR),
    ("S2-1190-ProductUpdate-item", "price with discount", ON_SALE),
    ("S2-1205-ProductUpdate-item", "price without discount", REGULAR),
    ("S3-0986-ProductUpdate-item", "price with discount", ON_SALE),
    ("S3-1003-ProductUpdate-item", "price without discount", REGULAR),
)
"""Single products of ProductUpdate, shown without the request around them."""
