"""Functions on text and bytes."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from pydantic_core import SchemaError, SchemaValidator, core_schema

from consumer.mapping.language import runtime
from consumer.mapping.language.functions import Library

_WORDS = re.compile(r"[^\W_]+")


def _join(parts: Sequence[str | None] | None, separator: str | None) -> str | None:
    found = [part for part in parts or () if part]
    return runtime.bounded((separator or "").join(found)) if found else None


def _split(text: str, separator: str) -> list[str]:
    parts = text.split(separator) if separator else [text]
    return [part.strip() for part in parts if part.strip()]


def _filled(text: str) -> str | None:
    return text.strip() or None


def _truncate(text: str, length: int) -> str:
    return text[: max(0, length)]


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _path(url: str) -> str | None:
    try:
        return urlsplit(url).path
    except ValueError:
        return None


def _parameter(url: str, name: str) -> str | None:
    try:
        values = parse_qs(urlsplit(url).query, max_num_fields=200).get(name)
    except ValueError:
        return None
    return values[0] if values else None


def _some_separator(arguments: Sequence[Any]) -> str | None:
    return "the separator must not be empty" if arguments[1] == "" else None


def _at_least_one(arguments: Sequence[Any]) -> str | None:
    length = arguments[1]
    return "the length must be 1 or more" if length is not None and length < 1 else None


def _slug(text: str) -> str | None:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "-".join(_WORDS.findall(plain)) or None


@lru_cache(maxsize=1_000)  # of the patterns in mappings: only constants are patterns
def _pattern(regex: str) -> SchemaValidator:
    """Raises SchemaError. Rust's engine never goes back: its time grows with the text alone."""
    return SchemaValidator(core_schema.str_schema(pattern=regex))


def _matches(text: str, regex: str) -> bool:
    try:
        return _pattern(regex).isinstance_python(text)
    except SchemaError:
        return False


def _some_pattern(arguments: Sequence[Any]) -> str | None:
    regex = arguments[1]
    if regex is None:
        return "the pattern is a constant text"
    try:
        _pattern(regex)
    except SchemaError:
        return "this is no regular expression without references back or around (RE2's syntax)"
    return None


def add_to(library: Library) -> None:
    def text(signature: str, doc: str, example: str, value: Any, call: Any, **more: Any) -> None:
        library.add("Text", signature, doc, [(example, value)], call, **more)

    text(
        "text(any) -> text?",
        "A number, id or text as text, in plain digits. Absent for a "
        "boolean or bytes of a mixed union.",
        "text(12.50)",
        "12.50",
        runtime.mixed_text,
    )
    text("lower(text) -> text", "In lower case.", 'lower("Kyiv")', "kyiv", str.lower)
    text("upper(text) -> text", "In upper case.", 'upper("uah")', "UAH", str.upper)
    text("trim(text) -> text", "Without white space at both ends.", 'trim(" a ")', "a", str.strip)
    text(
        "filled(text) -> text?",
        "Trimmed; absent if nothing is left.",
        'filled("  ")',
        None,
        _filled,
    )
    text(
        "truncate(text, integer) -> text",
        "The first characters.",
        'truncate("Mugs", 2)',
        "Mu",
        _truncate,
        check=_at_least_one,
    )
    text(
        "replace(text, text, text) -> text",
        "Every occurrence replaced.",
        'replace("a-b", "-", "_")',
        "a_b",
        _replace,
    )
    text(
        "remove_prefix(text, text) -> text",
        "Without that beginning, if it has it.",
        'remove_prefix("1253_r96v13", "1253_")',
        "r96v13",
        str.removeprefix,
    )
    text(
        "starts_with(text, text) -> boolean",
        "Whether it begins so.",
        'starts_with("r96v13", "r")',
        True,
        str.startswith,
    )
    text(
        "ends_with(text, text) -> boolean",
        "Whether it ends so.",
        'ends_with("a.png", ".png")',
        True,
        str.endswith,
    )
    text(
        "contains(text, text) -> boolean",
        "Whether it holds that text.",
        'contains("mug, blue", "blue")',
        True,
        str.__contains__,
    )
    text(
        "matches(text, text) -> boolean",
        "Whether a regular expression is found in it; `^` and `$` tie it to the ends. RE2's syntax: "
        "time grows with the text alone. Costs 1 µs.",
        'matches("r963v1317", "^r[0-9]+v[0-9]+$")',
        True,
        _matches,
        check=_some_pattern,
    )
    text(
        "slug(text) -> text?",
        "Letters and digits in lower case with a `-` between words; absent if there are none.",
        'slug("Mugs & Cups, 0.5 l")',
        "mugs-cups-0-5-l",
        _slug,
    )
    text(
        "split(text, text) -> [text]",
        "The parts between separators, trimmed, without empty ones. An empty separator of a record "
        "separates nothing.",
        'split("a > b > ", ">")',
        ["a", "b"],
        _split,
        check=_some_separator,
    )
    text(
        "join([text], text) -> text?",
        "The parts that are present and not empty, with the "
        "separator between; absent if there are none.",
        'join(["Ann", null, "Lee"], " ")',
        "Ann Lee",
        _join,
        takes_absent=True,
    )
    text(
        "url_host(text) -> text?",
        "The host of a URL, in lower case.",
        'url_host("https://Shop.ua/a?b=1")',
        "shop.ua",
        _host,
    )
    text(
        "url_path(text) -> text?",
        "The path of a URL.",
        'url_path("https://shop.ua/a?b=1")',
        "/a",
        _path,
    )
    text(
        "url_parameter(text, text) -> text?",
        "A query parameter of a URL, decoded.",
        'url_parameter("https://shop.ua/?utm_source=a%20b", "utm_source")',
        "a b",
        _parameter,
    )
    text(
        "url_encode(text) -> text", "Percent-encoded.", 'url_encode("a b&c")', "a%20b%26c", _encode
    )
    text(
        "utf8(bytes) -> text?",
        "Bytes as UTF-8 text; absent if they are not.",
        "utf8(kafka_bytes)",
        "key",
        runtime.utf8,
    )
    text("hex(bytes) -> text", "Bytes in hexadecimal.", "hex(kafka_bytes)", "6b6579", bytes.hex)
    text("base64(bytes) -> text", "Bytes in base64.", "base64(kafka_bytes)", "a2V5", _base64)


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        return text
    if len(text) * len(new) > runtime.MAX_TEXT * len(old):  # before it is made, not after
        runtime.bounded(text.replace(old, "") + new * text.count(old))
    return text.replace(old, new)


def _encode(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
