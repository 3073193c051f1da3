"""Which identifiers are sent, in which form, and which one names the contact."""

import json
from dataclasses import replace
from typing import Any

import pytest

from consumer.contacts.phone import international_number
from consumer.yespo.catalogue import EVENTS
from consumer.yespo.identifiers import LEFT_OUT, user_agent
from consumer.yespo.judge import judge
from consumer.yespo.spec import AccountContext, Built, Identity, NoIdentifier

ACCOUNT = AccountContext("main", "8A412DC")
EVERYBODY = Identity(
    contact_id="255830499",
    external_customer_id="1234509876",
    email="user@mail.com",
    phone="380501234567",
    push_token="token-1",
    name="Gregori",
    cookie="c1",
)
RANKED = ("contact_id", "external_customer_id", "email", "phone", "push_token")


def but(who: Identity, name: str, value: str | None) -> Identity:
    """The same person with another value in one field."""
    changed: dict[str, Any] = {name: value}
    return replace(who, **changed)


def v2(who: Identity, key_value: str | None = None) -> Built:
    built = EVENTS["v2", "searchRequest"].build(ACCOUNT, who, None, {"search": "x"}, key_value)
    assert judge("v2", built.body) == []
    return built


def legacy(who: Identity, account: AccountContext = ACCOUNT) -> tuple[Any, Built]:
    built = EVENTS["legacy", "CustomerData"].build(account, who, None, {})
    assert judge("legacy", built.body) == []
    return json.loads(built.body)["GeneralInfo"], built


def test_all_identifiers_are_sent_and_the_first_in_rank_is_the_key() -> None:
    document = json.loads(v2(EVERYBODY).body)
    assert document["keyValue"] == "255830499"
    assert document["params"] == [
        {"name": "phone", "value": "380501234567"},
        {"name": "email", "value": "user@mail.com"},
        {"name": "externalCustomerId", "value": "1234509876"},
        {"name": "contactId", "value": "255830499"},
        {"name": "pushToken", "value": "token-1"},
        {"name": "search", "value": "x"},
    ]


def test_each_identifier_is_the_key_when_those_above_it_are_missing() -> None:
    who = EVERYBODY
    for name in RANKED:
        assert json.loads(v2(who).body)["keyValue"] == getattr(EVERYBODY, name)
        who = but(who, name, None)
    with pytest.raises(NoIdentifier):
        v2(who)


@pytest.mark.parametrize(
    "blank", ["", " ", "\t\n", "null", "NULL", "None", "undefined", "NaN", " null ", "nil"]
)
@pytest.mark.parametrize("name", RANKED)
def test_a_blank_identifier_is_left_out_and_the_next_is_used(name: str, blank: str) -> None:
    who = but(EVERYBODY, name, blank)
    built = v2(who)
    spelt = {
        "contact_id": "contactId",
        "external_customer_id": "externalCustomerId",
        "push_token": "pushToken",
    }.get(name, name)
    assert built.left_out == ((spelt, "blank"),)
    document = json.loads(built.body)
    assert spelt not in {param["name"] for param in document["params"]}
    rest = [one for one in RANKED if one != name]
    assert document["keyValue"] == getattr(EVERYBODY, rest[0])


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("email", "o'brien@mail.com", "forbidden_character"),
        ("email", "a|b@mail.com", "forbidden_character"),
        ("email", "a!b@mail.com", "forbidden_character"),
        ("email", "nobody", "format"),
        ("email", "@mail.com", "format"),
        ("email", "a b@mail.com", "format"),
        ("email", "a@b@mail.com", "format"),
        ("email", "ann@shop..ua", "format"),
        ("email", "ann@shop.ua.", "format"),
        ("email", "mailto:ann@shop.ua", "format"),
        ("email", "a" * 295 + "@bb.com", "too_long"),
        ("external_customer_id", "123/2017", "forbidden_character"),
        ("external_customer_id", "what’s", "forbidden_character"),
        ("external_customer_id", "x" * 301, "too_long"),
        ("external_customer_id", "a\ud800", "encoding"),
        ("contact_id", "C-17", "format"),
        ("contact_id", "1" * 21, "format"),
        ("phone", "050 CALL ME", "format"),
        ("phone", "123456", "format"),
        ("phone", "123-45-67", "format"),
        ("phone", "000 000 00 00", "format"),
        ("phone", "1234567890123456", "format"),
        ("phone", "٣٨٠٥٠١٢٣٤٥٦٧", "format"),
        ("push_token", "a<b", "forbidden_character"),
    ],
)
def test_an_identifier_that_breaks_a_rule_is_left_out_of_v2_and_named(
    field: str, value: str, reason: str
) -> None:
    who = but(Identity(email="user@mail.com", phone="380501234567"), field, value)
    built = v2(who)
    assert [why for _, why in built.left_out] == [reason]
    assert value.encode("utf-8", "replace") not in built.body


def test_what_only_v2_forbids_is_sent_to_the_tracker() -> None:
    info, built = legacy(Identity(email="o'brien@mail.com", external_customer_id="123/2017"))
    assert info["user_email"] == "o'brien@mail.com"
    assert info["externalCustomerId"] == "123/2017"
    assert built.left_out == ()


def test_the_tracker_gets_no_blank_and_no_null() -> None:
    who = Identity(
        contact_id="", external_customer_id="null", email="None", phone=" ", name="", cookie="c"
    )
    info, built = legacy(who)
    assert info == {
        "eventName": "CustomerData",
        "siteId": "8A412DC",
        "cookies": {"sc": "c"},
    }
    assert sorted(built.left_out) == [
        ("contactId", "blank"),
        ("email", "blank"),
        ("externalCustomerId", "blank"),
        ("name", "blank"),
        ("phone", "blank"),
    ]


@pytest.mark.parametrize(
    ("given", "digits"),
    [
        ("380501234567", "380501234567"),
        ("+380501234567", "380501234567"),
        ("+1-541-754-3010", "15417543010"),
        ("1-541-754-3010", "15417543010"),
        ("+38 (050) 123-45-67", "380501234567"),
        ("00380501234567", "380501234567"),
        ("+380.50.123.45.67", "380501234567"),
        ("73456712", "73456712"),  # in the vendor's examples
        ("1234567", None),
        ("0501234567", None),
        ("380500000000", None),
        ("3801111111111", "3801111111111"),  # in the vendor's examples
        ("050 CALL ME", None),
        ("380501234567 ext 5", None),
        ("++380501234567", None),
        ("123456", None),
        ("1234567890123456", None),
        ("00 12 34 5", None),
        ("0000000", None),
        ("+00380501234567", None),
        ("00 123 45 67", None),
        ("00380501234567890", "380501234567890"),
        ("", None),
    ],
)
def test_a_phone_becomes_international_digits(given: str, digits: str | None) -> None:
    assert international_number(given) == digits


def test_a_legacy_phone_keeps_its_dashes_when_the_account_asks_for_it() -> None:
    who = Identity(phone=" 1-541-754-3010 ", cookie="c")
    assert legacy(who)[0]["user_phone"] == "15417543010"
    dashed = AccountContext("main", "8A412DC", phones="as_given")
    assert legacy(who, dashed)[0]["user_phone"] == "1-541-754-3010"


def test_a_phone_with_two_zeros_passes_the_judge_as_digits_and_as_given() -> None:
    who = Identity(phone="00 380501234567", cookie="c")
    assert legacy(who)[0]["user_phone"] == "380501234567"
    dashed = AccountContext("main", "8A412DC", phones="as_given")
    assert legacy(who, dashed)[0]["user_phone"] == "00 380501234567"


def test_a_key_value_of_the_mappings_own_comes_first_and_is_enough() -> None:
    assert json.loads(v2(EVERYBODY, "order-1").body)["keyValue"] == "order-1"
    alone = json.loads(v2(Identity(), "order-1").body)
    assert alone["keyValue"] == "order-1"
    assert alone["params"] == [{"name": "search", "value": "x"}]


def test_a_key_value_that_breaks_a_rule_is_left_out() -> None:
    built = v2(EVERYBODY, "123/2017")
    assert json.loads(built.body)["keyValue"] == "255830499"
    assert built.left_out == (("keyValue", "forbidden_character"),)
    with pytest.raises(NoIdentifier):
        v2(Identity(), "null")


def test_one_person_after_another_is_never_mixed_up() -> None:
    other = Identity(email="other@mail.com", cookie="c2")
    for who, mail in ((EVERYBODY, "user@mail.com"), (other, "other@mail.com")) * 2:
        assert legacy(who)[0]["user_email"] == mail
        assert f'"value":"{mail}"'.encode() in v2(who).body
        assert legacy(who, AccountContext("second", "S2"))[0]["siteId"] == "S2"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (X11; Linux)"),
        (" Mozilla/5.0 ", "Mozilla/5.0"),
        ("Mozilla\r\nX-Evil: 1", None),
        ("Mozilla\nX-Evil: 1", None),
        ("Mozilla\x00", None),
        ("Браузер", None),
        ("  ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_user_agent_that_no_header_can_hold_is_not_sent(
    given: str | None, sent: str | None
) -> None:
    assert user_agent(given) == sent


def test_the_reasons_for_leaving_an_identifier_out_are_a_closed_set() -> None:
    """They are metric labels, exported from zero: no other may appear, and none for nothing."""
    texts = ("null", "x" * 5000, "a/b<c", "no form", "\ud800", "\ud800@b.c")
    found = {why for text in texts for why in v2(EVERYBODY, text).left_out}
    for field in (*RANKED, "name", "cookie"):
        for text in texts:
            who = Identity(email="user@mail.com", phone="380501234567")
            who = but(who, field, text)
            found |= {*v2(who).left_out, *legacy(who)[1].left_out}
    assert found == set(LEFT_OUT)
