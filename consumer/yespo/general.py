"""Models GeneralInfo of legacy events: the site, the time, the person.

It is filled from `identity`, `time` and the account, so mappings do not write it. The judge holds it
against these models.
"""
# ruff: noqa: N815 - the names are the vendor's

from typing import Annotated

from consumer.yespo.declaration import Declared
from consumer.yespo.kinds import MILLIS
from consumer.yespo.legacy import Id
from consumer.yespo.person import CONTACT_OR_EMPTY, EMAIL_FORM, PHONE_FORM, identifier
from consumer.yespo.rules import says
from consumer.yespo.shape import Shape

Person = Annotated[str, identifier()]
Phone = Annotated[str, identifier(PHONE_FORM)]
Email = Annotated[str, identifier(EMAIL_FORM)]
Cookie = Annotated[str, identifier()]
Contact = Annotated[str, CONTACT_OR_EMPTY]


class Site(Shape):
    """The event and the site."""

    eventName: Id = says("The event's name.", "S0:85")
    siteId: Id = says("Site ID, from the account's settings.", "S0:93")


class Cookies(Shape):
    """The visitor's cookies."""

    sc: Cookie = says("Cookie `sc` of the vendor's script, or an ID of your own.", "S0:139")


class GeneralInfo(Site):
    """The event, the site, the time and the person."""

    datetime: Annotated[int, MILLIS] = says("Epoch milliseconds.", "S0:147", optional=True)
    externalCustomerId: Person = says("Customer ID in your system.", "S0:102", optional=True)
    user_phone: Phone = says("International phone number.", "S0:107", optional=True)
    user_email: Email = says("E-mail address.", "S0:115", optional=True)
    user_name: Person = says("Name and surname.", "S0:123", optional=True)
    user_es_contact_id: Contact = says("Contact ID inside Yespo.", "S0:131", optional=True)
    cookies: Cookies = says("The visitor's cookies.", "S0:139", optional=True)


def general_of(event: Declared) -> type[Site]:
    """The model of GeneralInfo in a body of this event."""
    if not event.traits.names_person:
        return Site
    if event.general is None:
        return GeneralInfo
    about = {"__doc__": GeneralInfo.__doc__}
    return type(f"{event.name}GeneralInfo", (GeneralInfo, event.general), about)
