"""The policy of the sandbox's page and of a dry run: identifiers as short keyed hashes.

The hash key is random per process: one person stays recognisable within a run, and a phone number
cannot be found by trying them all.
"""

import re
import secrets
from hashlib import blake2s
from typing import Any

import orjson

from consumer.model import Api
from consumer.privacy.detector import Part, is_long, replaced
from consumer.privacy.names import is_telling
from consumer.privacy.stand_ins import StandIns

# What has long numbers of its own: products, orders, times.
_NUMBERED = frozenset(
    """
    id sku productKey productId product_id externalOrderId orderId order_id barcode gtin ean
    externalItemId productCategoryId categoryKey cartId datetime eventTime
    """.lower().split()
)

_SHOWN_BYTES = 32_768
_SHOWN_DEPTH = 20

_NUMBER = re.compile(r"\d+")
_AMOUNT = re.compile(r"\d{1,10}\.\d{1,2}")

# In the order in which the vendor resolves a contact (then the visitor's cookie).
_LEGACY_IDS = ("user_es_contact_id", "externalCustomerId", "user_email", "user_phone")
_V2_IDS = ("contactId", "externalCustomerId", "email", "phone", "pushToken")


class DocumentMask:
    """Masks bodies of requests. `key` is for tests; left out, it is random."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key if key is not None else secrets.token_bytes(16)

    def hashed(self, value: object) -> str:
        """A short stand-in: equal values have equal ones within a run."""
        text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
        return (
            "#" + blake2s(text.encode(errors="replace"), key=self._key, digest_size=4).hexdigest()
        )

    def person(self, api: Api, document: object) -> str:
        """The person it is about: the strongest identifier's name and hash, or empty."""
        if api == "legacy":
            return self._visitor(document)
        params = document.get("params") if isinstance(document, dict) else None
        if isinstance(params, list):
            named = {p.get("name"): p.get("value") for p in params if _has_text_name(p)}
            for name in _V2_IDS:
                if named.get(name):
                    return f"{name} {self.hashed(named[name])}"
        if isinstance(document, dict) and document.get("keyValue"):
            return f"keyValue {self.hashed(document['keyValue'])}"
        return ""

    def _visitor(self, document: object) -> str:
        general = document.get("GeneralInfo") if isinstance(document, dict) else None
        if not isinstance(general, dict):
            return ""
        for name in _LEGACY_IDS:
            if general.get(name):
                return f"{name} {self.hashed(general[name])}"
        cookies = general.get("cookies")
        if isinstance(cookies, dict) and cookies.get("sc"):
            return f"cookie {self.hashed(cookies['sc'])}"
        return ""

    def person_in(self, api: Api, raw: bytes) -> str:
        """The person a body is about, empty where it cannot be said."""
        if len(raw) > _SHOWN_BYTES:
            return ""
        try:
            return self.person(api, orjson.loads(raw))
        except orjson.JSONDecodeError:
            return ""

    def shown(self, api: Api, raw: bytes) -> tuple[str, str]:
        """(person, body): the body as indented JSON. What is not JSON is not shown at all, nor is
        what would take the load's time to show."""
        if len(raw) > _SHOWN_BYTES:
            return "", f"({len(raw)} bytes, too many to show)"
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return "", f"({len(raw)} bytes that are not JSON)"
        body = orjson.dumps(self.masked(document), option=orjson.OPT_INDENT_2).decode()
        return self.person(api, document), body

    def masked(self, value: Any, personal: bool = False, depth: int = 0) -> Any:
        """`value` with identifiers replaced, also in JSON that is carried as text."""
        if depth > _SHOWN_DEPTH:
            return "(nested too deeply to show)"
        if isinstance(value, dict):
            return self._members(value, personal, depth + 1)
        if isinstance(value, list):
            return [self.masked(member, personal, depth + 1) for member in value]
        if personal:
            return value if value in (None, "", True, False) else self.stand_in(value)
        return self._scalar(value, depth + 1)

    def _members(self, value: dict[str, Any], personal: bool, depth: int) -> dict[str, Any]:
        # A v2 parameter names itself: {"name": "email", "value": "..."}.
        own = value.get("name")
        called = own.lower() if isinstance(own, str) else ""

        def member_of(key: str, member: Any) -> Any:
            names = {key.lower(), called if key == "value" else ""}
            inner = personal or any(is_telling(name, member) for name in names)
            if not inner and not names.isdisjoint(_NUMBERED) and _is_number(member):
                return member
            return self.masked(member, inner, depth)

        return {self.text(key): member_of(key, member) for key, member in value.items()}

    def _scalar(self, value: Any, depth: int) -> Any:
        if isinstance(value, int) and is_long(value):
            return self.stand_in(value)
        if not isinstance(value, str) or _AMOUNT.fullmatch(value):
            return value
        if value[:1] in ("{", "["):
            try:
                inner = orjson.loads(value)
            except orjson.JSONDecodeError:
                return self.text(value)
            return orjson.dumps(self.masked(inner, False, depth)).decode()
        return self.text(value)

    def text(self, text: str) -> str:
        """Free text with e-mail addresses and phone numbers masked, also those within a URL."""
        return replaced(text, self._part)

    def stand_in(self, value: object) -> object:
        """The replacement of a personal value."""
        return self.hashed(value)

    def _part(self, part: Part) -> str:
        return self.hashed(part.meant)


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and bool(_NUMBER.fullmatch(value)))


def _has_text_name(param: object) -> bool:
    return isinstance(param, dict) and isinstance(param.get("name"), str)


class ShapeMask(DocumentMask):
    """Masks bodies so that they can be sent: identifiers become others of the same form."""

    def __init__(self) -> None:
        super().__init__()
        self._stand_ins = StandIns()

    def stand_in(self, value: object) -> object:
        text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
        found = self._stand_ins.of(text)
        return int(found) if isinstance(value, int) else found

    def _part(self, part: Part) -> str:
        return self._stand_ins.of_part(part)

    def sendable(self, raw: bytes) -> str | None:
        """The body in one line; None for one that is not JSON, or too large to be worth it."""
        if len(raw) > _SHOWN_BYTES:
            return None
        try:
            return orjson.dumps(self.masked(orjson.loads(raw))).decode()
        except orjson.JSONDecodeError:
            return None
