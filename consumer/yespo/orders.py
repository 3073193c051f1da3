"""The v2 events that write orders into the account. Built only where a mapping names them.

D is the vendor's reference "How to send events, resource v1/event" (contract.md: 4.1).
"""
# ruff: noqa: N815 - the names are the vendor's

from decimal import Decimal
from typing import Annotated

from consumer.yespo.declaration import v2_event
from consumer.yespo.kinds import AMOUNT, pattern_text
from consumer.yespo.rules import says
from consumer.yespo.shape import Shape
from consumer.yespo.v2 import Id, LocalTime, Params, Text, Title

D = "D:how-send-events-resource-v1event"
_ORDER = {
    "externalOrderId": "A-17",
    "totalCost": Decimal("91.00"),
    "status": "INITIALIZED",
    "date": "2026-11-20T10:00:00",
    "items": [
        {
            "externalItemId": "WS01-L",
            "name": "Mug",
            "quantity": 2,
            "cost": Decimal("45.50"),
            "url": "https://example.com/mug",
        }
    ],
}
Cost = Annotated[str, AMOUNT]
Status = Annotated[
    str,
    pattern_text(
        "^(?:INITIALIZED|IN_PROGRESS|DELIVERED|CANCELLED|ABANDONED_SHOPPING_CART)$",
        "takes INITIALIZED, IN_PROGRESS, DELIVERED, CANCELLED or ABANDONED_SHOPPING_CART",
    ),
]


class OrderItem(Shape):
    """One line of the order."""

    externalItemId: Id = says("Item ID.", D)
    name: Title = says("Item name.", D)
    quantity: Cost = says("Quantity.", D)
    cost: Cost = says("Cost.", D)
    url: Id = says("URL of the product.", D)
    imageUrl: Text = says("URL of its picture.", D, optional=True)
    category: Text = says("Its category.", D, optional=True)


class Order(Params):
    """The order's number."""

    externalOrderId: Id = says("Order number.", D)


class OrderDetails(Order):
    """The details of an order."""

    totalCost: Cost = says("Sum of the order.", D)
    status: Status = says("State of the order.", D)
    date: LocalTime = says("When it was placed: 2026-11-20T10:00:00.", D)
    currency: Text = says("Currency of the order.", D, optional=True, also=("currencyCode",))
    cartId: Text = says("Cart the order came from.", "C:sdk", optional=True)
    items: list[OrderItem] = says("Lines of the order.", D, optional=True)


@v2_event("orderCreated", D, sample=_ORDER)
class OrderCreated(OrderDetails):
    """Writes an order. One without all of its required params is ignored by the vendor."""


@v2_event("orderUpdated", D, sample=_ORDER | {"status": "IN_PROGRESS"})
class OrderUpdated(OrderDetails):
    """Changes an order."""


@v2_event("orderDelivered", D, sample={"externalOrderId": "A-17"})
class OrderDelivered(Order):
    """Marks an order as delivered; ignored by the vendor if it does not exist."""


@v2_event("orderCancelled", D, sample={"externalOrderId": "A-17"})
class OrderCancelled(Order):
    """Marks an order as cancelled; ignored by the vendor if it does not exist."""
