"""The v2 events that write orders into the account. Only built when a mapping names them.

D is the vendor's reference "How to send events, resource v1/event" (contract.md: 4.1).
"""
# ruff: noqa: N815 - the names are the vendor's

from typing import Annotated

from consumer.yespo.kinds import AMOUNT, pattern_text
from consumer.yespo.rules import says
from consumer.yespo.shape import Shape
from consumer.yespo.v2 import Id, LocalTime, Params, Text

D = "D:how-send-events-resource-v1event"
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
    name: Id = says("Item name.", D)
    quantity: Cost = says("Quantity.", D)
    cost: Cost = says("Cost.", D)
    url: Id = says("URL of the product.", D)
    imageUrl: Text = says("URL of its picture.", D, optional=True)
    category: Text = says("Its category.", D, optional=True)


class Order(Params):
    """The order that is spoken of."""

    externalOrderId: Id = says("Order number.", D)


class OrderDetails(Order):
    """What an order says beside its number."""

    totalCost: Cost = says("Sum of the order.", D)
    status: Status = says("State of the order.", D)
    date: LocalTime = says("When it was placed: 2026-11-20T10:00:00.", D)
    currency: Text = says("Currency of the order.", D, optional=True, also=("currencyCode",))
    cartId: Text = says("Cart the order came from.", "C:sdk", optional=True)
    items: list[OrderItem] = says("Lines of the order.", D, optional=True)


class OrderCreated(OrderDetails):
    """Writes an order. One without all of its required params is ignored by the vendor."""


class OrderUpdated(OrderDetails):
    """Changes an order."""


class OrderDelivered(Order):
    """Marks an order as delivered; ignored by the vendor if it does not exist."""


class OrderCancelled(Order):
    """Marks an order as cancelled; ignored by the vendor if it does not exist."""
