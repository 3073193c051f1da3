"""Names of fields that hold personal data in whatever document they stand."""

import re

_TELLING = frozenset(
    """
    email emailaddress mail phone phonenumber mobile tel telephone sms cell msisdn
    firstname lastname middlename givenname familyname fullname surname patronymic
    username login nickname password token pushtoken cookie cookies sc webid
    visitorid clientid userid customerid contactid contactkey userescontactid
    externalcustomerid externaluserid deviceid sessionid keyvalue contact contactjson
    ip ipaddress useragent birthday birthdate dateofbirth address street passport
    search query searchquery searchterm searchtext
    """.split()  # noqa: SIM905  # a list of sixty quoted words reads worse
)
"""In lower case, without what separates words."""

_LAST_WORDS = (
    *("email", "emailaddress", "phone", "phonenumber", "telephone", "firstname", "lastname"),
    *("surname", "fullname", "birthday", "birthdate", "passport", "useragent"),
)
"""A longer name that closes with one of these is telling too: `billing_email`, `customerPhone`."""

_SEARCHED = frozenset({"search", "query"})
"""Search words where the value is a text; a table of that name holds filters and counts beside."""

_SEPARATOR = re.compile(r"[\s_.-]+")


def is_telling(name: str, value: object = "") -> bool:
    """True if a field of this name holds personal data; `value` is what stands in it."""
    plain = _SEPARATOR.sub("", name).lower()
    if plain in _SEARCHED:
        return not isinstance(value, dict | list)
    return plain in _TELLING or plain.endswith(_LAST_WORDS)
