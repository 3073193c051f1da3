"""What is worked out about a person."""

from consumer.mapping.run.identity_keys import keys
from consumer.yespo.catalogue import EVENTS
from consumer.yespo.spec import AccountContext, Identity

OLENA = Identity("C-1", "Olena@shop.ua", "+380 67 123-45-67", "17", "token", "Olena", "c-1")


def test_keys_come_in_one_spelling_and_without_words_for_nobody() -> None:
    expected = ("c-1", "C-1", "17", "token", "olena@shop.ua", "380671234567")
    assert keys(OLENA) == expected
    assert keys(Identity(cookie=" c-1 ", email="null", phone="no number")) == ("c-1", "no number")


def test_what_each_api_is_told_is_worked_out_once_and_stays_apart() -> None:
    legacy, v2 = EVENTS["legacy", "CustomerData"], EVENTS["v2", "searchRequest"]
    digits, as_given = (AccountContext("main", phones=word) for word in ("digits", "as_given"))
    for _ in range(2):
        assert b'"user_phone":"380671234567"' in legacy.build(digits, OLENA, None, {}).body
        assert b'"user_phone":"+380 67 123-45-67"' in legacy.build(as_given, OLENA, None, {}).body
        body = v2.build(digits, OLENA, None, {"search": "mug"}).body
        assert b'"keyValue":"17"' in body
