"""The rules of values that name a person, as they may stand in a body."""

import re

from pydantic_core import CoreSchema
from pydantic_core import core_schema as core

from consumer.yespo.blank import not_blank
from consumer.yespo.rules import FORBIDDEN, MAX_IDENTIFIER, Rule, function, pattern, refused_as
from consumer.yespo.spec import Kind


def identifier(*checks: CoreSchema) -> Rule:
    """A value that names a person: words that programs write for nothing are refused."""
    wire = core.chain_schema(
        [
            core.str_schema(strict=True, max_length=MAX_IDENTIFIER),
            function(not_blank),
            *checks,
        ]
    )
    json = {"type": "string", "minLength": 1, "maxLength": MAX_IDENTIFIER}
    return Rule(Kind.TEXT, wire, wire, json, MAX_IDENTIFIER, may_be_empty=False)


PHONE_SPELLING = r"(?:\+|00)?(?:[ ().\-]*[0-9]){7,15}"
"""An international number in any of the usual spellings; E.164 has at most 15 digits."""
NO_FORBIDDEN = refused_as(
    "forbidden_character",
    f"may not hold any of {FORBIDDEN}",
    core.str_schema(pattern="^[^" + re.escape(FORBIDDEN) + "]*$"),
)
PHONE_FORM = refused_as(
    "format",
    "takes an international phone number: 380501234567",
    core.str_schema(pattern=f"^{PHONE_SPELLING}$"),
)
_PART = r"[^\s@.,:;<>()\[\]]+"
_ADDRESS = rf"^{_PART}(?:\.{_PART})*@{_PART}(?:\.{_PART})+$"
"""Looser than what is sent (`contacts.email`): no empty part, nothing of a list or a URL."""
EMAIL_FORM = refused_as("format", "takes an e-mail address", core.str_schema(pattern=_ADDRESS))
CONTACT_FORM = refused_as(
    "format", "takes the number of a contact", core.str_schema(pattern=r"^[0-9]{1,20}$")
)
CONTACT_OR_EMPTY = pattern(
    Kind.TEXT, "^[0-9]{0,20}$", "format", "takes the number of a contact", str
)
"""The vendor's own SearchRequest example has an empty one (K17); it is never sent."""
