"""Drafting a mapping from a schema, with and without records."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from consumer.mapping.check.avro_types import reader_schema
from consumer.mapping.unit import check_unit
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.mapping.workbench.draft.draft import Draft, Source, draft
from consumer.mapping.workbench.draft.guesses import Level
from consumer.mapping.workbench.draft.kinds import Topic, topic_of
from consumer.mapping.workbench.draft.values import Values
from consumer.mapping.workbench.draft.words import words_of
from consumer.mapping.workbench.json_form import JsonForm
from tests.mapping.drawn_avro import draw_schema

HERE = Path(__file__).parent
AVRO = HERE.parents[2] / "avro"
SIX = {
    "shop": (AVRO / "shop_click.avsc", None),
    "union": (AVRO / "union_events.avsc", "Envelope"),
    "flat": (AVRO / "flat_events.avsc", None),
    "segment": (AVRO / "segment_events.avsc", None),
    "ga4": (HERE / "ga4.avsc", None),
    "envelope": (HERE / "envelope.avsc", None),
}


def drafted(path: Path, record: str | None = None, values: Values | None = None) -> Draft:
    text = path.read_bytes()
    root = reader_schema([(path.name, text)], record)
    return draft(Source(text, str(path), root, ["a.topic"], record is not None), values)


def of_fields(*fields: dict[str, Any], records: list[dict[str, Any]] | None = None) -> Draft:
    """The draft for a record of these fields."""
    text = json.dumps({"type": "record", "name": "t.Row", "fields": fields}).encode()
    root = reader_schema([("row.avsc", text)], None)
    form = JsonForm(root)
    values = Values([form.decoded(one) for one in records or ()])
    return draft(Source(text, "row.avsc", root, ["rows"]), values)


def text_field(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"], "default": None}


def errors_of(made: Draft, folder: Path) -> list[str]:
    mapping = folder / "drafted.yaml"
    mapping.write_text(made.text, "utf-8")
    _, findings, _ = check_unit([mapping], TEST_ACCOUNTS, folder)
    return [finding.message for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize("name", SIX)
def test_the_draft_of_a_shop_s_schema_passes_the_check(name: str, tmp_path: Path) -> None:
    made = drafted(*SIX[name])
    assert errors_of(made, tmp_path) == []
    assert {"product viewed", "searched", "cart", "order"} <= set(made.events)


IDENTITIES = {
    "shop": {
        "externalCustomerId": "user.id",
        "email": "email(user.email)",
        "phone": "phone(user.phone, site.country)",
        "pushToken": "user.push_token",
        "name": 'join([user.first_name, user.last_name], " ")',
        "cookie": "visitor_id",
    },
    "union": {
        "externalCustomerId": "meta.customer.number",
        "email": "email(meta.customer.contact.email)",
        "name": 'join(meta.customer.names, " ")',
        "cookie": "meta.cookie",
    },
    "flat": {
        "externalCustomerId": "user_id",
        "email": "email(user_email)",
        "phone": "phone(user_phone, geo_country)",
        "name": "user_name",
        "cookie": "user_pseudo_id",
    },
    "segment": {
        "externalCustomerId": "userId",
        "email": 'email(traits["email"])',
        "name": 'join([traits["firstName"], traits["lastName"]], " ")',
        "cookie": "anonymousId",
    },
    "ga4": {
        "externalCustomerId": "user_id",
        "email": "email(user_email)",
        "cookie": "user_pseudo_id",
    },
    "envelope": {
        "externalCustomerId": "customer.customerId",
        "email": "email(customer.emailAddress)",
        "phone": "phone(customer.mobilePhone, customer.countryCode)",
        "name": 'join([customer.firstName, customer.lastName], " ")',
        "cookie": "visitorId",
    },
}


@pytest.mark.parametrize("name", SIX)
def test_people_are_named_by_the_right_fields_and_no_others(name: str) -> None:
    made = drafted(*SIX[name])
    assert {one: guess.expression for one, guess in made.identity.items()} == IDENTITIES[name]


STRANGERS = (
    *(
        "seller_email",
        "support_phone",
        "recipient_phone",
        "email_hash",
        "phone_model",
        "owner_email",
    ),
    *("manager_id", "seller_id", "referrer_user_id", "user_group_id", "user_session_id", "role_id"),
    *("device_id", "created_by_user_id", "shop_phone", "friend_email", "email_campaign_id"),
    *("user_agent_id", "account_id", "client_id", "contact_id", "courier_phone", "tenant_id"),
)


@pytest.mark.parametrize("name", STRANGERS)
def test_an_identifier_of_something_else_is_never_taken_for_the_visitor_s(name: str) -> None:
    assert of_fields(text_field(name)).identity == {}


@pytest.mark.parametrize("owner", ["seller", "manager", "recipient", "store", "courier", "author"])
def test_a_person_who_is_not_the_visitor_is_never_taken_for_the_visitor(owner: str) -> None:
    fields = [text_field(name) for name in ("id", "email", "phone", "user_id", "customer_id")]
    record = {"type": "record", "name": "t.Other", "fields": fields}
    assert of_fields({"name": owner, "type": record}).identity == {}


def test_values_that_are_no_addresses_make_an_email_unsure() -> None:
    rows = [{"user_email": "3f1c9a52"}, {"user_email": "8be01d77"}]
    made = of_fields(text_field("user_email"), records=rows)
    assert made.identity == {}
    assert "# email: email(user_email)" in made.text


def test_an_id_that_is_the_same_in_every_record_is_unsure() -> None:
    rows: list[dict[str, Any]] = [{"user_id": "guest"}] * 25
    assert of_fields(text_field("user_id"), records=rows).identity == {}
    assert of_fields(text_field("user_id")).identity["externalCustomerId"].level is Level.SURE


def test_international_numbers_need_no_country() -> None:
    rows = [{"user_phone": "+380671234567"}, {"user_phone": "+380501234567"}]
    made = of_fields(text_field("user_phone"), records=rows)
    assert made.identity["phone"].expression == 'phone(user_phone, "UA")'
    assert "phone" not in of_fields(text_field("user_phone")).identity


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        (1_795_165_200, "seconds(ts)"),
        (1_795_165_200_000, "millis(ts)"),
        (1_795_165_200_000_000, "micros(ts)"),
    ],
)
def test_the_unit_of_a_time_follows_from_its_values(value: int, expression: str) -> None:
    field = {"name": "ts", "type": "long"}
    assert f"\ntime: {expression} " in of_fields(field, records=[{"ts": value}]).text
    assert "\n# time: millis(ts) " in of_fields(field).text


def test_records_show_which_field_separates_the_kinds_and_what_its_values_are_called() -> None:
    fields = [text_field(name) for name in ("action", "sku", "query")]
    price = {"name": "price", "type": ["null", "double"], "default": None}
    rows: list[dict[str, Any]] = [
        {"action": "ITEM_OPENED", "sku": "100-01", "price": 5.0},
        {"action": "SEARCHED", "query": "mug"},
        {"action": "HEARTBEAT"},
    ]
    made = of_fields(*fields, price, records=rows)
    assert made.events == ("product viewed", "searched")
    assert 'when: action == "ITEM_OPENED" and sku != null and price != null' in made.text
    assert of_fields(*fields, price).events == ()


def test_a_cart_to_which_one_thing_was_added_is_not_sent_as_the_whole_cart() -> None:
    item = {
        "type": "record",
        "name": "t.Item",
        "fields": [{"name": "sku", "type": "string"}, {"name": "price", "type": "double"}],
    }
    items = {"name": "items", "type": {"type": "array", "items": item}}
    rows: list[dict[str, Any]] = [{"action": "add_to_cart", "items": [{"sku": "1", "price": 2.0}]}]
    made = of_fields(text_field("action"), items, records=rows)
    assert made.events == ()
    assert "# - name: cart" in made.text


def test_values_of_records_never_stand_in_a_draft_but_those_of_the_kind() -> None:
    rows = [{"kind": "search", "user_email": "olena@example.ua", "query": "secret"}]
    fields = [text_field(name) for name in ("kind", "user_email", "query")]
    made = of_fields(*fields, records=rows)
    assert "searched" in made.events
    assert "olena" not in made.text
    assert "secret" not in made.text


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("page_view", Topic.PAGE),
        ("view_item_list", Topic.CATEGORY),
        ("OfferSeen", Topic.PRODUCT),
        ("Product Viewed", Topic.PRODUCT),
        ("AddedToFavorites", Topic.WISHLIST),
        ("remove_from_wishlist", None),
        ("Product Added to Wishlist", Topic.WISHLIST),
        ("BasketChanged", Topic.CART),
        ("purchase", Topic.ORDER),
        ("order_cancelled", Topic.ORDER_CANCELLED),
        ("order_shipped", None),
        ("PaymentFailed", None),
        ("product_update", Topic.CATALOGUE),
        ("sign_out", None),
        ("CustomerLoggedIn", Topic.CUSTOMER),
        ("heartbeat", None),
    ],
)
def test_a_kind_is_the_event_that_its_words_say(name: str, topic: Topic | None) -> None:
    assert topic_of(name) is topic


def test_names_are_split_into_words_in_the_singular() -> None:
    assert words_of("productIds") == ("product", "id")
    assert words_of("HTTPUrl") == ("http", "url")
    assert words_of("categories_list") == ("category", "list")
    assert words_of("address") == ("address",)


VOCABULARY = """
    user customer id email phone sku price currency items product cart order query search kind event
    type time timestamp consent marketing user_id visitor_id cart_id version number url page category
    quantity properties traits block recom variant in_stock name class record key null true kafka text
    lines products amount sum payload contact_id push_token catalogue impressions event_name action
""".split()  # noqa: SIM905  # a list of quoted words reads worse


def renamed(schema: Any, chance: Random) -> Any:
    """The schema with fields, symbols and records called as in shops, keywords among them."""

    def rename(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "record":
                names = chance.sample(VOCABULARY, len(node["fields"]))
                for field, name in zip(node["fields"], names, strict=True):
                    field["name"] = name
            for value in node.values():
                rename(value)
        elif isinstance(node, list):
            for value in node:
                rename(value)

    rename(schema)
    root = chance.choice(["Searched", "SignedIn", "OrderCancelled", "PageViewed", "Row", "Row"])
    text = json.dumps(schema).replace("t.Root", f"t.{root}")
    for old, new in (
        ("Record1", "OrderPlaced"),
        ("Record2", "CartChanged"),
        ("Record3", "ItemViewed"),
    ):
        text = text.replace(f'"t.{old}"', f'"t.{new}"')
    for old, new in (("view", "view_item"), ("cart", "cart_changed"), ("order", "purchase")):
        text = text.replace(f'"{old}"', f'"{new}"')
    return json.loads(text)


def drawn() -> Iterator[tuple[int, bytes]]:
    for seed in range(120):
        chance = Random(seed)
        yield seed, json.dumps(renamed(draw_schema(chance).json(), chance)).encode()


def test_the_draft_of_any_schema_passes_the_check(tmp_path: Path) -> None:
    rules = 0
    for seed, text in drawn():
        (tmp_path / "any.avsc").write_bytes(text)
        root = reader_schema([("any.avsc", text)], None)
        made = draft(Source(text, "any.avsc", root, ["any"]))
        assert errors_of(made, tmp_path) == [], seed
        rules += len(made.events)
    assert rules > 10  # the vocabulary does make rules
