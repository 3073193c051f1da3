"""Names of a user's own choosing: event types, free properties, free params.

The vendor accepts any name and loses a wrong one in silence, so a name that looks like a documented
one is a mistake here.
"""

import re
from collections.abc import Iterable, Sequence

from consumer.yespo.rules import FORBIDDEN, MAX_NAME
from consumer.yespo.shape import TAG_PREFIX
from consumer.yespo.spec import FieldSpec, Free

LOCATORS = ("phone", "email", "externalCustomerId", "contactId", "pushToken")
"""The params of v2 that name a person, in the order in which they are written."""

_ALIASES = {
    "contactId": ("contactid", "contact_id"),
    "externalCustomerId": ("externalcustomerid",),
    "email": ("email", "emailaddress", "useremail", "contactemail"),
    "phone": ("phone", "sms", "phonenumber"),
    "pushToken": ("pushtoken",),
    "contactKey": ("contactkey", "contact_key"),
}
_LOCATOR_BY_ALIAS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_SEPARATORS = re.compile(r"[\s_.\-]+")


def locator(name: str) -> str | None:
    """The person's identifier that the vendor reads a param of this name as (in any case)."""
    return _LOCATOR_BY_ALIAS.get(name.casefold())


def near_miss(fields: Sequence[FieldSpec], name: str, free: Free = Free.PLAIN) -> str | None:
    """The documented name that a free name equals or is mistaken for; None if it is its own.

    `near_miss(cart_line.fields, "is_in_stock")` is `isInStock`.
    """
    if free is Free.TAG:
        if name.startswith(TAG_PREFIX):
            return TAG_PREFIX
        known = next((field.name for field in fields if field.name == TAG_PREFIX + name), None)
        if known is not None:
            return known
    elif free is Free.PARAM and (owner := locator(name)) is not None:
        return owner
    elif free is Free.TAGS and any(field.name == name for field in fields):
        return None  # `block_id` among the tags is that very field
    for field in fields:
        if _alike(name, (field.name, *field.also)):
            return field.name
    return None


def near_known(known: Iterable[str], name: str) -> str | None:
    """The one of `known` that `name` is mistaken for; None if it is one of them, or its own."""
    known = tuple(known)
    if name in known:
        return None
    return next((one for one in known if _alike(name, (one,))), None)


def _alike(name: str, spellings: Iterable[str]) -> bool:
    bare = _bare(name)
    return any(
        bare == (other := _bare(spelling))
        or (min(len(bare), len(other)) >= 5 and _one_slip(bare, other))
        for spelling in spellings
    )


def _bare(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


def _one_slip(a: str, b: str) -> bool:
    """True if one letter inserted, dropped, changed, or two swapped, make `a` into `b`."""
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    rest, other = a[at:], b[at:]
    return rest[1:] == other[1:] or (rest[:2] == other[:2][::-1] and rest[2:] == other[2:])


def name_fault(name: str) -> tuple[str, str] | None:
    """(rule, message) of what makes `name` no name of a free property; None if it is one."""
    if not name.strip():
        return "blank", "may not be blank"
    if len(name) > MAX_NAME:
        return "too_long", f"may have {MAX_NAME} characters"
    return None


def event_type_fault(name: str) -> tuple[str, str] | None:
    """(rule, message) of what makes `name` no event type key; None if it is one."""
    fault = name_fault(name)
    if fault is not None:
        return fault
    if any(character in FORBIDDEN for character in name):
        return "forbidden_character", f"may not hold any of {FORBIDDEN}"
    return None
