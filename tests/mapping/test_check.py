"""What a check says beside the gallery: a mistake once, remedies that hold, and what is but doubted."""

from pathlib import Path

import pytest

from consumer.mapping.check.checked import Account
from consumer.mapping.check.lints import notes
from consumer.yespo.spec import AccountContext
from tests.mapping.evaluation import HEAD, TWO_ACCOUNTS, check_text, run, unit_of

BROKEN = """\
SUPPRESS
rules:
  - name: first
    when: FIRST
    send: [{v2: searchRequest, search: user.id}]
  - name: second
    when: yes
    send: [{legacy: SearchRequest, search: name}]
"""


@pytest.mark.parametrize(
    ("suppress", "first", "found"),
    [
        ("", "user != null and coutn > 2", ["test.yaml:13:28  unknown name `coutn`"]),
        (
            "suppress: [{when: usr == null, reason: nobody}]",
            "count > 2",
            ["test.yaml:10:19  unknown name `usr`"],
        ),
    ],
)
def test_a_condition_that_is_wrong_is_one_mistake_and_not_the_cause_of_others(
    tmp_path: Path, suppress: str, first: str, found: list[str]
) -> None:
    text = BROKEN.replace("SUPPRESS", suppress).replace("FIRST", first)
    _, findings, _ = check_text(tmp_path, HEAD + text)
    assert [f"{finding.place}  {finding.message}" for finding in findings] == found


def test_beside_a_condition_that_is_wrong_other_mistakes_are_still_named(tmp_path: Path) -> None:
    text = BROKEN.replace("SUPPRESS", "").replace("FIRST", "coutn > 2")
    text = text.replace("user.id", "user.ident").replace("search: name", "search: event.cart")
    _, findings, _ = check_text(tmp_path, HEAD + text)
    assert [finding.code for finding in findings] == ["unknown-name", "unknown-field", "union"]


@pytest.mark.parametrize(
    ("search", "define", "when"),
    [
        ('f"{name} {maybe}"', "y: name", "maybe != null and y != null"),
        ("x", "x: kafka.key", "x != null"),
        ("x", "x: lower(url_host(name))", "x != null"),
        ('coalesce(user.id, "nobody")', "y: name", "y != null"),
        ("maybe_tags[0]", "y: name", "maybe_tags[0] != null and y != null"),
        ('coalesce(kafka.headers["a"], "none")', "y: name", "y != null"),
    ],
)
def test_the_remedies_for_what_may_be_absent_are_accepted(
    tmp_path: Path, search: str, define: str, when: str
) -> None:
    text = f"""\
define: {{{define}}}
rules:
  - name: search
    when: {when}
    send:
      - legacy: SearchRequest
        search: |
          {search}
"""
    unit_of(tmp_path, HEAD + text)


TABLES = (
    "tables: {shops: {Mug: ua, x: pl}, codes: {a: UAH, Mug: '', x: usd}}\nrules:\n  - name: r\n"
)


CHOSEN = """\
    when: 'shops[name] == "ua"'
    send: [{v2: searchRequest, search: name, keyValue: name, account: 'shops[name]'}]
"""
CODED = """\
    send:
      - v2: productViewed
        keyValue: name
        account: ua
        product: {productId: name, price: price}
        currencyCode: |
          codes[name] if codes[name] != "" else null
"""


@pytest.mark.parametrize(
    ("rule", "doubt"),
    [(CHOSEN, "the account `pl` has no `v2` API"), (CODED, "takes an ISO 4217 code")],
)
def test_what_a_table_gives_only_if_conditions_let_it_is_a_warning(
    tmp_path: Path, rule: str, doubt: str
) -> None:
    """Which of its values come here, conditions may say: it must not keep the mapping from running."""
    unit, findings, shown = check_text(tmp_path, HEAD + TABLES + rule, TWO_ACCOUNTS)
    assert unit is not None, shown
    assert [finding.severity for finding in findings] == ["warning"]
    assert doubt in findings[0].message
    assert len(run(unit, name="Mug", maybe="cookie-1").events) == 1


def test_a_table_that_has_nothing_but_wrong_values_is_a_mistake(tmp_path: Path) -> None:
    rule = "    send: [{v2: searchRequest, search: name, account: 'shops[name]'}]\n"
    text = (HEAD + TABLES + rule).replace("Mug: ua", "Mug: pl")
    unit, findings, _ = check_text(tmp_path, text, TWO_ACCOUNTS)
    assert unit is None
    assert {finding.message for finding in findings} == {"the account `pl` has no `v2` API"}


@pytest.mark.parametrize(
    ("identity", "setting", "said"),
    [
        ("  email: user.email\n", "send", "sent without a cookie"),
        ("  email: user.email\n", "skip", "left out"),
        ("  email: user.email\n  cookie: maybe\n", "send", "where it is absent"),
        ("  email: user.email\n  cookie: name\n", "send", None),
    ],
)
def test_a_note_says_what_becomes_of_legacy_events_without_a_cookie(
    tmp_path: Path, identity: str, setting: str, said: str | None
) -> None:
    rules = "rules: [{name: r, send: [{legacy: SearchRequest, search: name}]}]\n"
    head = HEAD.replace("  email: user.email\n  cookie: maybe\n", identity)
    context = AccountContext("main", site_id="8A412DC", without_cookie=setting)
    accounts = {"main": Account(context, frozenset({"legacy", "v2"}))}
    unit, findings, _ = check_text(tmp_path, head + rules, accounts)
    assert unit is not None
    assert not findings
    found = notes(unit.mappings[0])
    assert [note.code for note in found] == (["no-cookie"] if said else [])
    assert all(said in note.message for note in found if said)
    assert all("legacy.without_cookie" in note.remedy for note in found)
