"""Identity of a person: the fields by the names that mappings use, and the values that keep the
order of a person's events."""

from __future__ import annotations

from consumer.contacts.phone import international_number
from consumer.yespo.blank import LONGEST, WORDS
from consumer.yespo.spec import Identity

FIELDS = {
    "externalCustomerId": "external_customer_id",
    "email": "email",
    "phone": "phone",
    "contactId": "contact_id",
    "pushToken": "push_token",
    "name": "name",
    "cookie": "cookie",
}
"""The fields of an Identity in its order, by the names that mappings give them."""


def keys(identity: Identity) -> tuple[str, ...]:
    """The values by which one person's events are recognised, in one spelling each. Programs write
    `null` or `undefined` for no person: these are left out."""
    email, phone = identity.email, identity.phone
    spelt = (
        identity.cookie,
        identity.external_customer_id,
        identity.contact_id,
        identity.push_token,
        None if email is None else email.lower(),
        None if phone is None else international_number(phone.strip()) or phone,
    )
    return tuple(
        [
            own
            for value in spelt
            if value is not None
            and (len(own := value.strip()) > LONGEST or own.casefold() not in WORDS)
        ]
    )
