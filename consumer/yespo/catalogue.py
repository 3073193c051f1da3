"""Every documented event by API and name, made from the wire models; and declared custom ones."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from consumer.model import Api
from consumer.yespo import legacy, orders, v2
from consumer.yespo.converter import Converter
from consumer.yespo.events import LegacyEvent, V2Event
from consumer.yespo.fields import declared_form, form_of, specs_of
from consumer.yespo.kinds import ANY, BY_KIND
from consumer.yespo.names import event_type_fault, locator, near_known, near_miss
from consumer.yespo.rules import MAX_NAME
from consumer.yespo.shape import Shape
from consumer.yespo.spec import (
    AccountContext,
    ContractViolation,
    EventSpec,
    FieldSpec,
    Free,
    Kind,
)

_V2: Mapping[str, tuple[type[v2.Params], str]] = {
    "pageViewed": (v2.PageViewed, "S1:68"),
    "productViewed": (v2.ProductViewed, "S1:115"),
    "productCategoryViewed": (v2.ProductCategoryViewed, "S1:189"),
    "cartUpdated": (v2.CartUpdated, "S1:236"),
    "productImpressions": (v2.ProductImpressions, "S1:321"),
    "productAddedToWishlist": (v2.ProductAddedToWishlist, "S1:376"),
    "searchRequest": (v2.SearchRequest, "S1:449"),
    "orderCreated": (orders.OrderCreated, orders.D),
    "orderUpdated": (orders.OrderUpdated, orders.D),
    "orderDelivered": (orders.OrderDelivered, orders.D),
    "orderCancelled": (orders.OrderCancelled, orders.D),
}
"""Params by eventTypeKey. The last four write orders: only built because a mapping names them."""

V2_MODELS: Mapping[str, type[v2.Params]] = {name: model for name, (model, _) in _V2.items()}

LEGACY_MODELS: Mapping[str, tuple[str, type[Shape], str]] = {
    "ProductPage": ("ProductPage", legacy.ProductPage, "S0:29"),
    "StatusCart": ("StatusCart", legacy.StatusCart, "S0:210"),
    "AddToWishlist": ("AddToWishlist", legacy.AddToWishlist, "S0:412"),
    "PurchasedItems": ("PurchasedItems", legacy.PurchasedItems, "S0:569"),
    # K29: the event's name is plural, the key of its body singular.
    "ProductImpressions": ("ProductImpression", legacy.ProductImpression, "S0:733"),
    "CategoryPage": ("CategoryPage", legacy.CategoryPage, "S0:888"),
    "CustomerData": ("", legacy.CustomerData, "S0:1029"),
    "CustomEvent": ("CustomEvent", legacy.CustomEvent, "S2:983"),
    "SearchRequest": ("SearchRequest", legacy.SearchRequest, "S0:1131"),
    "ProductUpdate": ("ProductUpdate", legacy.ProductUpdate, "S0:1173"),
}
"""(key of the body, model of the body, source) by eventName."""


def _purchase(account: AccountContext, out: Mapping[str, Any]) -> None:
    """Products, GUID, or both; GUID alone is documented on the Reteno page only (K25)."""
    if "Products" in out:
        return
    if "GUID" not in out:
        raise ContractViolation(
            "PurchasedItems.Products", "alternatives", "is required, unless there is a GUID"
        )
    if account.dialect != "reteno":
        raise ContractViolation(
            "PurchasedItems.Products",
            "dialect",
            "is required beside GUID, except in the account setting `dialect: reteno`",
        )


@cache  # an event of v2 and the same one of past_events have the same
def _converter(model: type[Shape]) -> Converter:
    return Converter(form_of(model))


def _legacy_event(name: str) -> LegacyEvent:
    body_key, model, source = LEGACY_MODELS[name]
    purchase = name == "PurchasedItems"
    if name == "CustomEvent":
        model = legacy.CustomEventValues
    return LegacyEvent(
        name=name,
        doc=model.__doc__ or "",
        source=source,
        fields=specs_of(model),
        converter=_converter(model),
        body_key=body_key,
        general=name != "ProductUpdate",
        whole=name == "ProductUpdate",
        alternatives=(("Products",), ("GUID",)) if purchase else (),
        variant=_purchase if purchase else None,
    )


def _v2_event(name: str, past: bool) -> V2Event:
    model, source = _V2[name]
    fields = specs_of(model)
    return V2Event(
        name=name,
        doc=model.__doc__ or "",
        source=source,
        fields=fields,
        converter=_converter(model),
        free=Free.PARAM,
        past=past,
    )


def _all() -> dict[tuple[Api, str], EventSpec]:
    events: dict[tuple[Api, str], EventSpec] = {
        ("legacy", name): _legacy_event(name) for name in LEGACY_MODELS
    }
    for name in _V2:
        events["v2", name] = _v2_event(name, past=False)
        events["past_events", name] = _v2_event(name, past=True)
    return events


EVENTS: Mapping[tuple[Api, str], EventSpec] = MappingProxyType(_all())


def event(api: Api, name: str) -> EventSpec | None:
    """The documented event of that name, in exactly that spelling."""
    return EVENTS.get((api, name))


def names(api: Api) -> tuple[str, ...]:
    """The documented events of an API, in the order of the vendor's page."""
    return tuple(name for known, name in EVENTS if known == api)


def custom_v2(name: str, fields: Sequence[FieldSpec], *, past: bool = False) -> EventSpec:
    """An event type of the user's own. The vendor creates unknown types without a word, so it has
    to be declared. Raises ContractViolation for names the vendor reads differently."""
    fault = event_type_fault(name)
    if fault is not None:
        raise ContractViolation("eventTypeKey", *fault)
    known = name if name in _V2 else near_known(_V2, name)
    if known is not None:
        raise ContractViolation("eventTypeKey", "near_miss", f"looks like the vendor's {known}")
    common = specs_of(v2.Params)
    _check_declared(fields, common)
    params = (*fields, *(field for field in common if field.name not in _names(fields)))
    return V2Event(
        name=name,
        doc="A declared event of your own.",
        source="",
        fields=params,
        converter=Converter(declared_form(params, Free.PARAM)),
        free=Free.PARAM,
        past=past,
    )


def _names(fields: Sequence[FieldSpec]) -> frozenset[str]:
    return frozenset(field.name for field in fields)


def _check_declared(fields: Sequence[FieldSpec], common: Sequence[FieldSpec]) -> None:
    seen: set[str] = set()
    for field in fields:
        path = f"params.{field.name}"
        if not field.name.strip():
            raise ContractViolation("params", "blank", "a param needs a name")
        if len(field.name) > MAX_NAME:
            raise ContractViolation(path, "too_long", f"may have {MAX_NAME} characters")
        if field.name in seen:
            raise ContractViolation(path, "duplicate", "is declared twice")
        seen.add(field.name)
        owner = locator(field.name)
        if owner is not None:
            raise ContractViolation(path, "near_miss", f"is read as {owner}: use `identity`")
        effect = near_miss(common, field.name)
        if effect is not None and not (effect == field.name and field.side_effect):
            raise ContractViolation(
                path, "side_effect", f"is read by the vendor as {effect}, which does more"
            )


def declared(name: str, kind: Kind, *, required: bool = False, doc: str = "") -> FieldSpec:
    """A field of a custom event."""
    rule = BY_KIND.get(kind, ANY)
    return FieldSpec(name, kind, required, doc, "", refusal=rule.refusal)
