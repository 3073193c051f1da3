"""One valid set of values for each event: the example requests of docs/events.md."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from consumer.model import Api
from consumer.yespo.spec import Identity

SAMPLE_TIME = 1579622183208
SAMPLE_PERSON = Identity(
    email="user@mail.com", phone="380501234567", cookie="CDA68358-94FB-4D83-9655-3FEB3C4114A3"
)

_TAGS = {"*": {"platform": ["web"]}}
_COLOR = {"*": {"color": ["green"]}}
_PRICE = Decimal("45.50")
_STATE = "d59c6e6d-4123-4b0e-8c32-15f0656a8c60"
_WISH = {"productKey": "WS01-L", "price": "45.50 USD", "isInStock": True} | _COLOR
_PRODUCT = {"productId": "WS01-L", "price": _PRICE, "isInStock": True} | _COLOR
_ITEM = {
    "externalItemId": "WS01-L",
    "name": "Mug",
    "quantity": 2,
    "cost": _PRICE,
    "url": "https://example.com/mug",
}
_ORDER = {
    "externalOrderId": "A-17",
    "totalCost": Decimal("91.00"),
    "status": "INITIALIZED",
    "date": "2026-11-20T10:00:00",
    "items": [_ITEM],
}

SAMPLES: Mapping[tuple[Api, str], Mapping[str, Any]] = {
    ("legacy", "ProductPage"): {"Product": _WISH, "Tags": _TAGS},
    ("legacy", "StatusCart"): {
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
    ("legacy", "AddToWishlist"): {"Product": _WISH},
    ("legacy", "PurchasedItems"): {
        "GUID": _STATE,
        "Products": [{"product_id": "WS01-L", "unit_price": _PRICE, "quantity": 2}],
        "OrderNumber": "123/2017",
        "Tags": {"block_id": "21246_r335v507"},
    },
    ("legacy", "ProductImpressions"): {
        "Products": [{"product_id": "WS01-L", "container_type": "1253"}]
    },
    ("legacy", "CategoryPage"): {"Category": {"categoryKey": "Mugs"}, "Tags": _TAGS},
    ("legacy", "CustomerData"): {},
    ("legacy", "CustomEvent"): {"EventName": "my_event", "Tags": _TAGS},
    ("legacy", "SearchRequest"): {"search": "mug", "isFound": False},
    ("legacy", "ProductUpdate"): {
        "ProductUpdate": [
            {"product_id": "WS01-L", "unit_price": _PRICE, "isInStock": True, "tag_oldprice": "50"}
        ]
    },
    ("v2", "pageViewed"): {"page": {"location": "https://example.com"}},
    ("v2", "productViewed"): {"product": _PRODUCT, "currencyCode": "USD"},
    ("v2", "productCategoryViewed"): {"category": {"productCategoryId": "Mugs"}},
    ("v2", "cartUpdated"): {
        "products": [{"productId": "WS01-L", "quantity": 2, "price": _PRICE}],
        "currencyCode": "USD",
        "recycleStateId": _STATE,
    },
    ("v2", "productImpressions"): {
        "recomVariantId": "r963v1317",
        "products": [{"productId": "WS01-L"}],
    },
    ("v2", "productAddedToWishlist"): {"product": _PRODUCT, "currencyCode": "USD"},
    ("v2", "searchRequest"): {"search": "mug", "isFound": False, "*": {"platform": "web"}},
    ("v2", "orderCreated"): _ORDER,
    ("v2", "orderUpdated"): _ORDER | {"status": "IN_PROGRESS"},
    ("v2", "orderDelivered"): {"externalOrderId": "A-17"},
    ("v2", "orderCancelled"): {"externalOrderId": "A-17"},
}
