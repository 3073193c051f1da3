"""Functions on people and keys: phone, e-mail, hashes, stable ids, sampling."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import uuid
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import phonenumbers

from consumer.contacts.email import is_address
from consumer.contacts.phone import phone_number
from consumer.mapping.language import runtime
from consumer.mapping.language.functions import Library

# Fixed for ever: a replayed record must give the id it gave the first time.
_NAMESPACE = uuid.UUID("8f1e9c3a-5a0e-5c55-9a4b-2a1b7d6f0c11").bytes
SECRETS = "YESPO_BRIDGE_SECRET_"
"""Begins the environment variables that mappings may name as secrets: no other can be read."""
_SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,60}")
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def _email(address: str) -> str | None:
    cleaned = address.strip().lower() if len(address) <= 400 else ""
    return cleaned if is_address(cleaned) else None


def _digest(kind: str) -> Any:
    def digest(text: str) -> str:
        return hashlib.new(kind, _bytes(text), usedforsecurity=False).hexdigest()

    return digest


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _uuid(*parts: str) -> str:
    # Each part is preceded by its length: ("ab", "c") and ("a", "bc") must differ.
    name = "".join([f"{len(part)}:{part}" for part in parts])
    h = hashlib.sha1(_NAMESPACE + _bytes(name), usedforsecurity=False).hexdigest()
    # A version 5 UUID, written out: `uuid.UUID` would cost as much again as the hash.
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:32]}"


def _sample(value: str, share: runtime.Numeric) -> bool:
    bucket = int.from_bytes(hashlib.sha256(_bytes(value)).digest()[:8], "big")
    return runtime.less(bucket, runtime.multiply(share, 2**64))


def _hmac(text: str, name: str) -> str | None:
    key = _secret(name) if _SECRET_NAME.fullmatch(name) else None
    return None if key is None else hmac.digest(key, _bytes(text), "sha256").hex()


@lru_cache(maxsize=100)  # of the names in mappings: only constants are names
def _secret(name: str) -> bytes | None:
    """The value is shown by nothing: a mapping holds its name alone."""
    value = os.environ.get(SECRETS + name)
    return value.encode("utf-8", "surrogateescape") if value else None


def _some_secret(arguments: Sequence[Any]) -> str | None:
    name = arguments[1]
    if name is None or not _SECRET_NAME.fullmatch(name):
        return f"the secret is the constant name of an environment variable without `{SECRETS}`"
    if not os.environ.get(SECRETS + name):
        return f"the environment variable `{SECRETS}{name}` is not set"
    return None


def _region(arguments: Sequence[Any]) -> str | None:
    region = arguments[1]
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        return "the region is a two-letter country code in capitals, like `UA`"
    return None


def _share(arguments: Sequence[Any]) -> str | None:
    share = arguments[1]
    return "the share is between 0 and 1" if share is not None and not 0 <= share <= 1 else None


def add_to(library: Library) -> None:
    def add(signature: str, doc: str, example: str, value: Any, call: Any, **more: Any) -> None:
        library.add("People and keys", signature, doc, [(example, value)], call, **more)

    add(
        "phone(text, text) -> text?",
        "International digits, as Yespo takes them. The second "
        "argument is the country of numbers written without one. Absent unless it is certainly a "
        "person's number of that plan: no extension, no free line, no row of zeros.",
        'phone("050 123-45-67", "UA")',
        "380501234567",
        phone_number,
        check=_region,
        like=("380501234567", "15417543010"),
    )
    add(
        "email(text) -> text?",
        "Trimmed and in lower case; absent if it is no address as mail systems understand it.",
        'email(" Ann@Shop.ua ")',
        "ann@shop.ua",
        _email,
        like=("ann@shop.ua",),
    )
    add(
        "uuid(text...) -> text",
        "A UUID made of the arguments: the same arguments give the same one, for ever.",
        'uuid("cart-1", 7)',
        "da9564ab-600a-5428-9048-c42c936c80c3",
        _uuid,
        like=("da9564ab-600a-5428-9048-c42c936c80c3",),
    )
    add(
        "sha256(text) -> text",
        "In hexadecimal.",
        'truncate(sha256("a"), 8)',
        "ca978112",
        _digest("sha256"),
        like=("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",),
    )
    add(
        "md5(text) -> text",
        "In hexadecimal.",
        'truncate(md5("a"), 8)',
        "0cc175b9",
        _digest("md5"),
        like=("0cc175b9c0f1b6a831c399e269772661",),
    )
    add(
        "hmac_sha256(text, text) -> text?",
        "In hexadecimal, keyed by a secret: `CRM` is the environment variable "
        f"`{SECRETS}CRM`, which has to be set wherever the mapping is loaded. Costs 3 µs.",
        'truncate(hmac_sha256("a", "EXAMPLE"), 8)',
        "780c3db4",
        _hmac,
        check=_some_secret,
        like=("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",),
    )
    add(
        "sample(text, number) -> boolean",
        "True for that share of values, always the same ones.",
        'sample("visitor-1", 1)',
        True,
        _sample,
        check=_share,
    )
