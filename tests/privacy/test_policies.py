"""The policies mask the same things in whatever spelling, and leave readable what operators need."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.mapping.unit import load_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.masking import Masker
from consumer.privacy.detector import replaced
from consumer.privacy.documents import DocumentMask
from consumer.privacy.log_lines import masked
from consumer.privacy.names import is_telling
from consumer.privacy.spelt_out import RecordMask
from tests.content.make_fixtures import ROOT

MAPPING = load_unit([ROOT / "mappings" / "shop.yaml"], TEST_ACCOUNTS).mappings[0]

POLICIES: dict[str, Callable[[Any], Any]] = {
    "log": masked,
    "workbench": lambda document: Masker(MAPPING).body(document),
    "page": lambda document: DocumentMask(b"key").masked(document),
    "dead letters": lambda document: RecordMask(["note", "value"]).masked(document),
}


def percent(text: str) -> str:
    """Every character percent-encoded."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def arabic(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))


def wide(text: str) -> str:
    return text.translate(str.maketrans("0123456789@", "０１２３４５６７８９＠"))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "every character encoded": percent,
    "lower-case escapes": lambda text: quote(text, safe="").lower(),
    "JSON escapes": lambda text: text.replace("@", "\\u0040").replace("+", "\\u002b"),
    "Python escapes": lambda text: text.replace("@", "\\x40").replace("+", "\\x2b"),
    "HTML entities": lambda text: text.replace("@", "&#64;").replace("+", "&#x2B;"),
    "other digits": arabic,
    "wide characters": wide,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}

ADDRESSES = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"[a-z][a-z0-9]{4,11}([._+-][a-z0-9]{3,8})?", fullmatch=True),
    st.from_regex(r"[a-z]{3,10}", fullmatch=True),
    st.sampled_from(["ua", "com", "com.ua", "example", "укр"]),
)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A phone number as people group it."""
    operator = draw(st.sampled_from(["50", "63", "67", "95", "98"]))
    rest = draw(st.from_regex(r"[0-9]{7}", fullmatch=True))
    groups = [rest[:3], rest[3:5], rest[5:]]
    between = draw(st.sampled_from(["", " ", "-", ".", "/", "\u00a0", "\u2013", "\u2009"]))
    first = draw(st.sampled_from(["+380{}", "380{}", "0{}", "(0{})", "+38 (0{})", "00380{}"]))
    return first.format(operator) + between + between.join(groups)


AROUND = st.sampled_from(
    [
        *("{}", "write to {} now", "https://shop.ua/?to={}&x=1", "who={};", "тел. {}", "<{}>"),
        *("KeyError('{}')", '{{"note": "{}"}}', "a=1&b={}", "[{}]", "tel:{}", "cannot read {}: no"),
        *("https://shop.ua/to/{}/now", "https://shop.ua/{}"),
    ]
)


def core_of(personal: str) -> str:
    """What must not be seen: the local part of an address, the digits of a number."""
    return personal.partition("@")[0] if "@" in personal else personal


def leaks(shown: Any, written: str, personal: str) -> bool:
    text = json.dumps(shown, ensure_ascii=False)
    return any(form in text for form in (written, core_of(personal)))


@settings(max_examples=400, deadline=None)
@given(st.one_of(ADDRESSES, numbers()), st.sampled_from(sorted(SPELLINGS)), AROUND)
def test_every_policy_masks_what_any_of_them_masks(
    personal: str, spelling: str, around: str
) -> None:
    written = SPELLINGS[spelling](personal)
    text = around.format(written)
    documents: list[Any] = [
        {"note": text},
        {"note": ["x", {"value": text}]},
        {text: "1"},
        {"note": {text: {"value": 1}}},
    ]
    seen = {
        f"{name}: {document}"
        for name, policy in POLICIES.items()
        for document in documents
        if leaks(policy(document), written, personal)
    }
    assert seen == set()


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [
            *("email", "User_Email", "billing-email", "customerPhone", "firstName", "last_name"),
            *("user_es_contact_id", "externalCustomerId", "pushToken", "cookies", "webId", "ip"),
            *("contactJson", "birthday", "search", "search_query", "e-mail", "deviceId"),
        ]
    ),
    st.text(st.characters(categories=["L"]), min_size=5, max_size=12).filter(
        lambda text: not text.startswith("x")
    ),
)
def test_a_telling_name_is_telling_to_every_policy(name: str, value: str) -> None:
    assert is_telling(name)
    for policy in POLICIES.values():
        shown = policy({"note": {name: value}})
        assert value not in json.dumps(shown, ensure_ascii=False).replace(name, "")


@pytest.mark.parametrize(
    "text",
    [
        "shop.clicks/3@380671234567",
        "shop.clicks/3@1842 is not in the log, moving on",
        "at __consumer_offsets/49@9223372036854775807",
        "2026-11-20T10:00:00.123456+00:00 200 503",
        "2026-11-20 09:03:00,250",
        "from 20.11.2026 to 21.11.2026",
        "1795165380250",
        "0190a1b2-0000-7000-8000-000000000003",
        "12345678-1234-1234-1234-123456789012",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "schema 1207 of shop.Click by version 3",
        "100000 of 250000 records, 20 in flight",
        "12.345678 s, then 0.0000012 s",
        "754.50 USD",
        "connect to 10.0.12.134:9092 failed",
        "http://192.168.100.200/schemas/ids/17",
        "librdkafka 2.12.1, Python 3.11.9",
        "ip-10-0-12-134.ec2.internal:9092: Connect to ipv4#10.0.12.134:9092 failed",
        "pod yespo-bridge-7d9f8b6c5d-x2x4z, job backfill-29012345-x7k2p",
        "group shop-2026-11-20, index clicks.2026.11.20, 2026/11/20",
        "b-1.shop.abc123.c2.kafka.eu-west-1.amazonaws.com:9096/bootstrap",
        "offsets 17 to 4711 of 12 partitions, 1.5 2.7 30",
        "https://shop.ua/2026/11/20/mug-350ml",
        "KeyError at consumer/model.py:55 (size) < consumer/pipeline/pipeline.py:199 (_take)",
        "main/v2/cartUpdated/cart / add/12",
    ],
)
def test_what_operators_need_stays_readable(text: str) -> None:
    assert masked(text) == text


def test_whole_numbers_of_a_line_stay_and_so_do_the_names_of_its_fields() -> None:
    line = {"offset": 380671234567, "waiting": 12, "since_ms": 1_795_165_380_250, "schema": 1207}
    assert masked(line) == line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no user olena.k+shop@example.com.ua", "no user [e-mail]"),
        ("call +380671234567 now", "call [digits] now"),
        ("?mail=ann%40shop.ua&x=1", "?mail=[e-mail]&x=1"),
        ("+380 67 123 45 67", "[digits]"),
        ("067/123/45/67", "[digits]"),
        ("2026-11-20 0671234567", "2026-11-20 [digits]"),
        ("tel380671234567", "tel[digits]"),
        ("tel-067-123-45-67", "tel-[digits]"),
        ("067-2011-12-30", "[digits]"),
        ("4111 1111 1111 1111", "[digits]"),
        ("Basic YW5uQHNob3AudWE6c2VjcmV0", "Basic [e-mail]"),
        ('"ann lee"@shop.ua', "[e-mail]"),
        ("o'neil@shop.ua", "[e-mail]"),
        ("ann\u00ad@shop.ua", "[e-mail]"),
    ],
)
def test_the_log_says_where_something_was_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_texts_within_lists_and_tables_are_masked_and_their_names_too() -> None:
    assert masked({"who": ("x", "c@d.ua"), "a@b.ua": 1, "by": {"firstName": "Olena"}}) == {
        "who": ["x", "[e-mail]"],
        "[e-mail]": 1,
        "by": {"firstName": "[personal]"},
    }


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["a", "1", "12 ", "a@b.ua ", "a.1@", "%40", "(0", "@.", "1.1.", "٣"]
)
def test_the_time_to_mask_grows_with_the_length_alone(piece: str) -> None:
    """A quadratic search would take minutes."""
    assert replaced(piece * (400_000 // len(piece)), lambda _: "") is not None


def test_a_masked_record_shows_only_what_the_mapping_and_the_schema_spell_out() -> None:
    mask = RecordMask(["kind", "product_view", "channel", "WEB", "name", "phone", "price", "tags"])
    value = {
        "kind": "product_view",
        "channel": "WEB",
        "name": "Olena",
        "phone": 380671234567,
        "price": 1499.5,
        "tags": ["Olena", None, True, b"\x01\x02"],
        "Olena": 1,
        "Maria": 2,
    }
    assert mask.masked(value) == {
        "kind": "product_view",
        "channel": "WEB",
        "name": "(text, 5 characters)",
        "phone": "(number, 12 digits)",
        "price": 1499.5,
        "tags": ["(text, 5 characters)", None, True, "(2 bytes)"],
        "(text, 5 characters)": 1,
        "(text, 5 characters) no. 8": 2,
    }
    assert (mask.header("traceparent"), mask.header("Olena")) == (
        "traceparent",
        "(text, 5 characters)",
    )
