"""Chooses the identifiers of a person that may be sent: their form, and their order of rank.

An identifier that breaks a rule is left out and named, and the next one is used: an address with an
apostrophe costs that address, never the event.
"""

import re
from typing import Any

from consumer.contacts.email import is_address
from consumer.contacts.phone import international_number
from consumer.memory import remembered
from consumer.yespo.blank import LONGEST, WORDS
from consumer.yespo.names import LOCATORS
from consumer.yespo.numbers import is_unicode
from consumer.yespo.rules import FORBIDDEN, MAX_IDENTIFIER
from consumer.yespo.spec import AccountContext, Identity, LegacyPerson, Locators, NoIdentifier

_FORBIDDEN = re.compile("[" + re.escape(FORBIDDEN) + "]")
CONTACT_ID = re.compile(r"[0-9]{1,20}\Z")
_FREE_FORM = frozenset({"externalCustomerId", "name", "cookie"})
"""Fields of the tracker that have no form of their own."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

LeftOut = list[tuple[str, str]]

_ANY_TEXT = ("blank", "too_long", "encoding")
_FAULTS = {
    "name": _ANY_TEXT,
    "cookie": _ANY_TEXT,
    "externalCustomerId": (*_ANY_TEXT, "forbidden_character"),
    "pushToken": (*_ANY_TEXT, "forbidden_character"),
    "keyValue": (*_ANY_TEXT, "forbidden_character"),
    "email": (*_ANY_TEXT, "forbidden_character", "format"),
    "contactId": ("blank", "too_long", "forbidden_character", "format"),
    "phone": ("blank", "format"),
}
LEFT_OUT = tuple((field, fault) for field, faults in _FAULTS.items() for fault in faults)
"""Every (field, reason) for which an identifier can be left out: a closed set (metric labels)."""


def user_agent(value: str | None) -> str | None:
    """The visitor's `User-Agent` as a header value; None where it is blank or holds what a header
    may not (a line break would begin another header)."""
    return None if value is None else _user_agent(value)


@remembered(4096)  # browsers are few, and each event has one
def _user_agent(value: str) -> str | None:
    if not value.strip() or not value.isascii() or _CONTROL.search(value):
        return None
    return value.strip()


def _fault(field: str, value: str, strict: bool) -> str | None:
    """The reason why this identifier may not be sent. `strict`: with the rules of v2."""
    if len(value) > MAX_IDENTIFIER:
        return "too_long"
    if field != "contactId" and not is_unicode(value):
        return "encoding"
    if strict and _FORBIDDEN.search(value):
        return "forbidden_character"
    if field == "email" and not is_address(value):
        return "format"
    if field == "contactId" and CONTACT_ID.match(value) is None:
        return "format"
    return None


def _usable(field: str, value: str | None, left_out: LeftOut, *, strict: bool) -> str | None:
    """The identifier as it may be sent, else None and the reason in `left_out`."""
    if value is None:
        return None
    value = value.strip()
    if len(value) <= LONGEST and value.casefold() in WORDS:
        left_out.append((field, "blank"))
        return None
    # Names, cookies and ids in plain letters have nothing more to fear: four of five values.
    if not strict and field in _FREE_FORM and len(value) <= MAX_IDENTIFIER and value.isascii():
        return value
    fault = _fault(field, value, strict)
    if fault is not None:
        left_out.append((field, fault))
        return None
    return value


def _usable_phone(value: str | None, left_out: LeftOut, *, digits: bool) -> str | None:
    if value is None:
        return None
    value = value.strip()
    if len(value) <= LONGEST and value.casefold() in WORDS:
        left_out.append(("phone", "blank"))
        return None
    number = international_number(value)
    if number is None:
        left_out.append(("phone", "format"))
        return None
    return number if digits else value


def locators(identity: Identity) -> Locators:
    """The person's v2 params. contactId ranks before externalCustomerId, email, phone, pushToken."""
    left_out: LeftOut = []
    contact = _usable("contactId", identity.contact_id, left_out, strict=True)
    external = _usable("externalCustomerId", identity.external_customer_id, left_out, strict=True)
    email = _usable("email", identity.email, left_out, strict=True)
    phone = _usable_phone(identity.phone, left_out, digits=True)
    push = _usable("pushToken", identity.push_token, left_out, strict=True)
    params = [
        {"name": name, "value": value}
        for name, value in zip(LOCATORS, (phone, email, external, contact, push), strict=True)
        if value is not None
    ]
    key_value = contact or external or email or phone or push
    return Locators(tuple(params), key_value, tuple(left_out))


def legacy_person(account: AccountContext, identity: Identity) -> LegacyPerson:
    """The person's part of GeneralInfo."""
    left_out: LeftOut = []
    members: dict[str, Any] = {}
    customer = identity.external_customer_id
    if (customer := _usable("externalCustomerId", customer, left_out, strict=False)) is not None:
        members["externalCustomerId"] = customer
    digits = account.phones == "digits"
    if (phone := _usable_phone(identity.phone, left_out, digits=digits)) is not None:
        members["user_phone"] = phone
    if (email := _usable("email", identity.email, left_out, strict=False)) is not None:
        members["user_email"] = email
    if (contact := _usable("contactId", identity.contact_id, left_out, strict=False)) is not None:
        members["user_es_contact_id"] = contact
    known = bool(members)
    name = _usable("name", identity.name, left_out, strict=False)
    if name is not None:
        members["user_name"] = name
    cookie = _usable("cookie", identity.cookie, left_out, strict=False)
    if cookie is not None:
        members["cookies"] = {"sc": cookie}
    return LegacyPerson(members, known, tuple(left_out))


def named_in_v2(identity: Identity, key_value: str | None) -> Locators:
    """Raises NoIdentifier if there is neither an identifier nor a `key_value`."""
    person = identity.in_v2
    if person is None:
        person = identity.in_v2 = locators(identity)
    if key_value is not None:
        return with_key_value(person, key_value)
    if person.key_value is None:
        raise NoIdentifier("no contact identifier")
    return person


def named_in_legacy(account: AccountContext, identity: Identity) -> LegacyPerson:
    """Raises NoIdentifier without any identifier, or without a cookie where one is asked for."""
    last = identity.in_legacy
    if last is None or last[0] != account.phones:
        last = identity.in_legacy = (account.phones, legacy_person(account, identity))
    person = last[1]
    if "cookies" not in person.members and not (person.known and account.without_cookie == "send"):
        raise NoIdentifier("no cookie")
    return person


def with_key_value(person: Locators, key_value: str) -> Locators:
    """`person` with a keyValue of the mapping's own, if it obeys the rules."""
    left_out = list(person.left_out)
    own = _usable("keyValue", key_value, left_out, strict=True)
    if own is None and person.key_value is None:
        raise NoIdentifier("no contact identifier")
    return Locators(person.params, own or person.key_value, tuple(left_out))
