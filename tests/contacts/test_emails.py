"""E-mail addresses as mail systems understand them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.contacts.email import is_address
from tests.mapping.evaluation import evaluate


@pytest.mark.parametrize(
    "text",
    [
        "ann@shop.ua",
        "ann.lee+news@mail.shop.com.ua",
        "o'brien@mail.com",
        "ann@xn--80ak6aa92e.com",
        "анна@пошта.укр",
        "1@1.travel",
        "a" * 64 + "@shop.ua",
    ],
)
def test_an_address_is_one(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "ann@shop..ua",
        "ann@shop.ua.",
        "ann@.shop.ua",
        ".ann@shop.ua",
        "ann.@shop.ua",
        "an..n@shop.ua",
        "mailto:ann@shop.ua",
        "Ann <ann@shop.ua>",
        "ann@shop.ua, lee@shop.ua",
        "ann@shop.ua;lee@shop.ua",
        "ann@lee@shop.ua",
        "ann@shop",
        "ann@shop.u",
        "ann@10.0.0.1",
        "ann@[10.0.0.1]",
        "ann@-shop.ua",
        "ann@shop-.ua",
        "ann@sh_op.ua",
        "ann@shop.ua/x",
        "ann@shop.ua\n",
        "an n@shop.ua",
        "ann\u200b@shop.ua",
        "ann\u00a0@shop.ua",
        "ann@\u2068shop.ua",
        '"ann"@shop.ua',
        "a" * 65 + "@shop.ua",
        "ann@" + "a" * 64 + ".ua",
        "ann@" + "a." * 130 + "ua",
        "@shop.ua",
        "ann@",
        "",
        "ann\ud800@shop.ua",
    ],
)
def test_what_mail_systems_do_not_take_is_none(text: str) -> None:
    assert not is_address(text)


@given(st.text(st.sampled_from("a.@-_ :<>,1ю\u200b"), max_size=14))
def test_an_address_has_one_at_sign_and_no_empty_part(text: str) -> None:
    if is_address(text):
        local, host = text.split("@")
        assert all(local.split("."))
        assert all(host.split("."))
        assert not set(text) & set(" :<>,\u200b")


def test_email_cleans_the_ends_and_the_case() -> None:
    assert evaluate("email(name)", name=" Ann@Shop.UA ") == "ann@shop.ua"
    assert evaluate("email(name)", name="mailto:ann@shop.ua") is None
    assert evaluate("email(name)", name="ann@shop..ua") is None
