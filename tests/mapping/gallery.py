"""Wrong mappings, each with the finding it must get. `docs/mapping-errors.md` is made of them.

.venv/bin/python -m tests.mapping.gallery > docs/mapping-errors.md
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consumer.documents.codes import MAPPING_CODES, OTHER_CODES
from consumer.mapping.check.checked import Account
from consumer.yespo.spec import AccountContext
from tests.mapping.evaluation import ACCOUNTS, HEAD, TWO_ACCOUNTS, check_text


@dataclass(frozen=True, slots=True)
class Wrong:
    """`text` replaces the rules of a good mapping; `shown` is the part that the page shows."""

    section: str
    code: str
    text: str
    says: str
    """Words that the finding must hold."""
    accounts: Mapping[str, Account] | None = None
    meant: str | None = None
    """The expression that its edits must leave in the place of the wrong one."""

    @property
    def title(self) -> str:
        return f"{self.code}: {self.says}"


_FOUND: list[Wrong] = []
_SECTION = ""


def condition(expression: str, code: str, says: str, meant: str | None = None) -> None:
    """A wrong condition of a rule."""
    text = f"rules:\n  - name: r\n    when: {expression}\n"
    text += "    send: [{legacy: SearchRequest, search: name}]\n"
    _FOUND.append(Wrong(_SECTION, code, HEAD + text, says, meant=meant))


def section(title: str) -> None:
    global _SECTION  # noqa: PLW0603  # a script that fills a list, top to bottom
    _SECTION = title


def value(expression: str, code: str, says: str, meant: str | None = None) -> None:
    """A wrong expression, as the text of a search."""
    send(f"legacy: SearchRequest\nsearch: {expression}", code, says, meant=meant)


def block(expression: str, code: str, says: str, meant: str | None = None) -> None:
    """The same in a `|` block."""
    value("|\n          " + expression.replace("\n", "\n          "), code, says, meant)


def rules(
    text: str,
    code: str,
    says: str,
    head: str = HEAD,
    accounts: Mapping[str, Account] | None = None,
) -> None:
    """Wrong rules, or keys beside them."""
    _FOUND.append(Wrong(_SECTION, code, head + text, says, accounts))


def send(
    text: str,
    code: str,
    says: str,
    accounts: Mapping[str, Account] | None = None,
    meant: str | None = None,
) -> None:
    """One wrong send."""
    lines = text.strip("\n").replace("\n", "\n        ")
    whole = f"{HEAD}rules:\n  - name: r\n    send:\n      - {lines}\n"
    _FOUND.append(Wrong(_SECTION, code, whole, says, accounts, meant))


GOOD = "rules: [{name: r, send: [{legacy: SearchRequest, search: name}]}]\n"
CART = "v2: cartUpdated\nrecycleStateId: name\nproducts:\n"
PRODUCT = "legacy: ProductPage\nProduct:\n  productKey: name\n  price: exact\n"

section("Names and paths")
value("nmae", "unknown-name", "did you mean `name`?")
value("user.emial", "unknown-field", "did you mean `user.email`?")
value("UAH", "unknown-name", 'if a text is meant: `"UAH"` in quotes')
value('"UAH"', "unknown-name", "or `{text: UAH}`")
value("lines.sku", "not-a-record", "[x.sku for x in ...]")
value("name.first", "not-a-record", "not a record (text)")
value("attributes.colour", "not-a-record", 'a map is read with `["colour"]`')
value("class", "bad-expression", "see docs/mapping.md")
value("record.class", "bad-expression", 'write `record["class"]`')
value("kafka.keys", "unknown-name", "did you mean `key`?")
value("kafka.headers", "kafka", 'kafka.headers["name"]')
value("lower", "unknown-name", "`lower` is a function")
value("lowr(name)", "unknown-function", "did you mean `lower`?")
value("event.cart", "union", "add `event is CartChanged` to the condition")
value("event.carrt", "unknown-field", "did you mean `cart`?")
value('"x" if event is Cart else "y"', "bad-yaml", "")
block('"x" if event is CartChange else "y"', "unknown-branch", "did you mean `CartChanged`?")
block('"x" if name is CartChanged else "y"', "not-a-union", "this is text")
block('"x" if kind == "viev" else "y"', "enum-symbol", "did you mean `view`?")
value("True", "python-word", "`True` is written `true`")
value("None", "python-word", "`None` is written `null`")

section("Types and units")
value("yes", "type", 'write `"yes" if x else "no"`')
value("at_ms", "type", "write `iso(x)`")
value("day", "type", "write `iso_date(x)`")
value("data", "type", "write `utf8(x)`, `hex(x)` or `base64(x)`")
value("tags", "type", 'write `join(x, ", ")` or `first(x)`')
value("user", "type", "choose one of its fields: email, id")
send(
    PRODUCT + '  isInStock: |\n    "1" if yes else "no"',
    "type",
    'compare it: `x == "yes"`',
)
send("v2: searchRequest\nsearch: name\nisFound: count", "type", "compare it: `x > 0`")
send(
    'both: product_viewed\nproduct:\n  id: name\n  price: money(exact, "UAH")',
    "type",
    "give the number itself",
)
send(
    "legacy: StatusCart\nGUID: name\nProducts:\n  - productKey: name\n    quantity: count\n"
    '    price: |\n      f"{price} UAH"',
    "type",
    "takes an amount alone",
)
send(
    "v2: productViewed\nproduct: {productId: name, price: price}\ncurrencyCode: price",
    "type",
    "a text that holds one",
)
value("attributes", "type", 'choose one of its values: `x["key"]`')
value("event", "type", "tell the records apart with `is`")
block('"a" if id == true else "b"', "type", "told apart with `is`")
block('"a" if id is list else "b"', "unknown-branch", "none of the types of this union")
block('"a" if count == "3" else "b"', "type", "is never true")
block('"a" if name < "b" else "c"', "type", "write `number(x)` or `time(x)`")
block('"a" if at_ms > count else "b"', "type", "a time is compared with a time")
block('"a" if count else "b"', "type", "compare it: `x > 0`")
block('"a" if name else "b"', "type", "or test it: `x != null`")
value("text(count + name)", "type", 'write an f-string: f"{a} {b}"')
value("text(name * 3)", "type", "`*` takes number, this is text")
value("text(count + maybe_yes)", "type", "`+` takes number, this is boolean")
value("coalesce(name, count)", "type", "takes values of one type, not text and integer")
value("name if yes else count", "type", "both values must be of one type")
value("coalesce(maybe or name)", "or-value", "write `coalesce(a, b)`")
value("text(round(name))", "type", "text is read with `number(x)`")
block('"a" if contains(name, "a") in name else "b"', "type", "write `contains(text, part)`")
block('"a" if name > null else "b"', "type", "use `== null`")
rules(
    "time: count\n" + GOOD,
    "type",
    "write `millis(x)`, `micros(x)`",
    HEAD.replace("time: at_ms\n", ""),
)
rules("time: name\n" + GOOD, "type", "is read with `time(x)`", HEAD.replace("time: at_ms\n", ""))
send(
    CART + "  - {productId: name, quantity: name, price: price}",
    "type",
    "takes number, this is text",
)
send(
    "legacy: StatusCart\nGUID: name\nProducts:\n  - {productKey: name, quantity: price, price: price}",
    "type",
    "write `integer(x)`",
)

section("Absent values")
value("maybe", "nullable", "add `maybe != null` to `when`, or give a default")
value("user.id", "nullable", "`user` may be absent")
value("user.email", "nullable", "coalesce(user.email, ...)")
block('f"{name} {maybe}"', "nullable", "add `maybe != null` to `when`")
value("money(maybe_price, name)", "nullable", "give a default: `coalesce(maybe_price, ...)`")
value("kafka.key", "nullable", "name it under `define`, as `x`")
value("text(count / maybe_count)", "nullable", "may be absent")
value("url_host(name)", "nullable", "may be absent, but SearchRequest.search is required")
value("lower(url_host(name))", "nullable", "coalesce(url_host(...), ...)")
value("name if yes else null", "nullable", "this value may be absent")
send(
    CART + "  for: line in maybe_lines\n  productId: line.sku\n"
    "  quantity: line.quantity\n  price: price",
    "nullable",
    "in coalesce(maybe_lines, [])",
)
send(
    "v2: searchRequest\nfor: line in lines\nby: line.block\nsearch: key",
    "nullable",
    "`by` may be absent",
)
send(
    "legacy: ProductPage\nProduct:\n  if: yes\n  productKey: name\n  price: exact",
    "nullable",
    "which is required",
)

section("Syntax of expressions")
value("count = 3", "bad-expression", "`==` compares")
value("yes && yes", "bad-expression", "write `yes and yes`")
value("maybe ?? name", "bad-expression", "coalesce(a, b)")
value("new customer", "bad-expression", "a text stands in quotes")
value("lower(name", "bad-expression", "a bracket is not closed")
value("name.lower()", "not-allowed", "values have no methods")
value("lower(x=name)", "arguments", "arguments have no names")
value("lower(name, name)", "arguments", "write `lower(text) -> text`")
value("lower()", "arguments", "is given 0 arguments")
block('phone(name, "Ukraine")', "arguments", "two-letter country code")
value("text(2 ** 100000)", "not-allowed", "the operators are")
value("text(count << 3)", "not-allowed", "the operators are")
value("text(999999999999999999999)", "too-large", "more than 18 digits")
value("name[0:2]", "not-allowed", "slices")
value("lambda: name", "bad-yaml", "")
block("lambda: name", "not-allowed", "`lambda`")
block("[x for y in lines for x in y]", "not-allowed", "one `for` in a list")
block('f"{price:.2f}"', "f-string", "numbers are shaped with `round(x, 2)`")
block("().__class__", "not-allowed", "a list stands in brackets")
block("name.__class__.__mro__", "not-a-record", "`.__class__`")
block('__import__("os").system("true")', "not-allowed", "values have no methods")
block('__import__("os")', "unknown-function", "`__import__`")
block('eval("1")', "unknown-function", "`eval`")
block("(name := name)", "not-allowed", "`:=`")
block("{name: name}", "not-allowed", "a dictionary")
block("(" * 250 + "name" + ")" * 250, "bad-expression", "")
block("not " * 70 + "yes", "too-large", "nested too deep")
block(" + ".join(["count"] * 400), "too-large", "`define`")
block('"' + "x" * 5000 + '"', "too-large", "longer than 4,000 characters")

section("Habits of other languages")
condition("yes && count > 2", "bad-expression", "`&&` is written `and`", "yes and count > 2")
condition("maybe_yes || yes", "bad-expression", "`||` is written `or`", "maybe_yes or yes")
condition("count === 3", "bad-expression", "`===` is written `==`", "count == 3")
condition('name !== "x"', "bad-expression", "`!==` is written `!=`", 'name != "x"')
condition("count <> 3", "bad-expression", "`<>` is written `!=`", "count != 3")
condition('name = "x"', "bad-expression", "`==` compares", 'name == "x"')
condition("maybe IS NOT NULL", "bad-expression", "write `maybe != null`", "maybe != null")
condition("maybe IS NULL", "bad-expression", "write `maybe == null`", "maybe == null")
condition("yes AND NOT maybe_yes", "bad-expression", "in small letters", "yes and not maybe_yes")
condition("yes == TRUE", "unknown-name", "write `true`", "yes == true")
condition("yes == NO", "unknown-name", "write `false`", "yes == false")
condition('name LIKE "a%"', "bad-expression", 'starts_with(name, "a")', 'starts_with(name, "a")')
condition("count BETWEEN 1 AND 5", "bad-expression", "a chain", "1 <= count <= 5")
condition('name contains "M"', "bad-expression", "a function", 'contains(name, "M")')
condition('user?.id == "7"', "bad-expression", "`?.` is written `.`", 'user.id == "7"')
condition("count >= 3;", "bad-expression", "not closed by `;`", "count >= 3")
condition('name eq "x"', "bad-expression", "comparisons are written", 'name == "x"')
condition("count ≥ 3", "bad-expression", "no operator here", "count >= 3")
condition("${yes}", "bad-expression", "without braces", "yes")
condition("name == “Mug”", "bad-expression", "a word processor", 'name == "Mug"')
condition("name == «Mug»", "bad-expression", "a word processor", 'name == "Mug"')
condition("yes and\u00a0count > 2", "bad-expression", "no plain space", "yes and count > 2")
condition("(yes and count > 2", "bad-expression", "a bracket is not closed", "(yes and count > 2)")
condition("count > 2)", "bad-expression", "too many", "count > 2")
condition('kind == "view', "bad-expression", "this quote is not closed", 'kind == "view"')
condition('name == "a" or "b"', "or-value", 'write `name in ["a", "b"]`', 'name in ["a", "b"]')
condition('name != "a" and "b" and "c"', "or-value", "not in", 'name not in ["a", "b", "c"]')
condition("maybe is not null", "not-a-union", "write `x != null`", "maybe != null")
condition("maybe is None", "not-a-union", "write `x == null`", "maybe == null")
condition('event is "Viewed"', "unknown-branch", "without quotes", "event is Viewed")
condition("lines != []", "type", "write `length(x) > 0`", "length(lines) > 0")
condition("tags == []", "type", "write `length(x) == 0`", "length(tags) == 0")
condition("lines", "type", "`length(x) > 0`", "length(lines) > 0")
condition('yes == "true"', "type", "write `x == true`", "yes == true")
condition('count > "2"', "type", "write `x > 2`", "count > 2")
condition("name == 7", "type", "is compared with a text", 'name == "7"')
condition("count in (1, 2)", "not-allowed", "write `[a, b]`", "count in [1, 2]")
condition("len(lines) > 1", "unknown-function", "is called `length`", "length(lines) > 1")
condition("len(name) > 1", "unknown-function", "is called `size`", "size(name) > 1")
condition("length(name) > 1", "type", "write `size(x)`", "size(name) > 1")
condition("name.length > 1", "not-a-record", "write `size(x)`", "size(name) > 1")
condition('name.startswith("M")', "not-allowed", "starts_with", 'starts_with(name, "M")')
condition("isnull(maybe)", "unknown-function", "write `x == null`", "maybe == null")
value("name | lower", "not-allowed", "write `lower(x)`", "lower(name)")
value('maybe | default("x")', "not-allowed", "`coalesce(x)`", 'coalesce(maybe, "x")')
value("name.toUpperCase()", "not-allowed", "write `upper(x)`", "upper(name)")
value("str(count)", "unknown-function", "is called `text`", "text(count)")
value("nvl(maybe, name)", "unknown-function", "is called `coalesce`", "coalesce(maybe, name)")
value("iso(time(at_ms))", "type", "this is time already", "iso(at_ms)")
value("iso(micros(at_us))", "type", "this is time already", "iso(at_us)")
value("maybe ?? name", "bad-expression", "coalesce(maybe, name)", "coalesce(maybe, name)")
block("yes ? name : kind", "bad-expression", "name if yes else kind", "name if yes else kind")
value("'{{ name }}'", "bad-expression", "without braces", "'name'")
value("if yes then name else kind", "bad-expression", "a choice", "name if yes else kind")

send(
    'v2: searchRequest\nfor: x in lines\nby: last(split(x.sku, "_"))\nsearch: key',
    "nullable",
    "give those elements a group of their own",
    meant='coalesce(last(split(x.sku, "_")), "none")',
)
send(
    "v2: searchRequest\nfor: x in lines\nby: x.sku\nsearch: x.sku",
    "unknown-name",
    "`x` means nothing here",
)

send("legacy: SearchRequest\nsearch: name\ndatetime: at_ms", "unknown-target", "`time: ...`")
send("v2: searchRequest\nsearch: name\nemail: user.email", "unknown-target", "in `identity`")
send("v2: searchRequest\nsearch: name\nisFound: on", "unknown-name", "write `true`", meant="true")
send(
    "v2: productViewed\nproduct: {productId: name, price: pricee}",
    "unknown-name",
    "did you mean `price`?",
)
send("v2: searchRequest\nsearch: name\nisFound: maybe_yess", "unknown-name", "`maybe_yes`?")
send("v2: searchRequest\nsearch: maybe_pric", "unknown-name", "`maybe_price`?")
send("v2: searchRequest\nsearch: user.mail\non_missing: skip", "unknown-field", "`user.email`?")
send("v2: searchRequest\nsearch: name\nisFound: maybe_tag", "unknown-name", "`maybe_yes`?")
value("iso(micros(time))", "unknown-name", "`time` is a function")

section("Events and their fields")
send(
    "legacy: ProductPag\nProduct: {productKey: name, price: exact}",
    "unknown-event",
    "did you mean `ProductPage`?",
)
send("v2: loyaltyLevelChanged\nlevel: name", "unknown-event", "declared under `custom_events`")
send(
    "both: product_view\nproduct: {id: name, price: exact}",
    "unknown-event",
    "did you mean `product_viewed`?",
)
send(PRODUCT.replace("productKey", "productkey"), "unknown-target", "did you mean `productKey`?")
send("legacy: ProductPage\nProduct: {productKey: name}", "missing-field", "`price` is missing")
send(
    PRODUCT + "  properties: {is_in_stock: name}", "near-miss", "would be mistaken for `isInStock`"
)
send(PRODUCT + "  properties: {tag_brand: name}", "near-miss", "write `brand`: the prefix is added")
send(
    "v2: searchRequest\nsearch: name\nparams: {Email: name}",
    "near-miss",
    "identifiers in `identity`",
)
send(
    "v2: searchRequest\nsearch: name\nparams: {ip: name}", "near-miss", "would be mistaken for `ip`"
)
send(PRODUCT + "params: {a: name}", "unknown-target", "takes no `params`")
send("v2: searchRequest\nsearch: name\ntags: {a: name}", "unknown-target", "takes no `tags`")
send(PRODUCT + "Tags: {a: name}", "unknown-target", "is written `tags:`")
send("legacy: SearchRequest\nsearch: name\nkeyValue: name", "unknown-target", "belongs to v2")
send("legacy: PurchasedItems\nOrderNumber: name", "missing-field", "needs `Products` or `GUID`")
send(
    "v2: productViewed\nproduct: {productId: name, price: price}\ncurrencyCode: {text: UHA}",
    "constant",
    "takes an ISO 4217 code",
)
send(
    "v2: productViewed\nproduct: {productId: name, price: price}\ncurrencyCode: kind",
    "constant",
    "say what each symbol is sent as",
)
rules(
    "tables: {money: {kyiv: UAH, krakow: ZLN}}\nrules:\n  - name: r\n    send:\n"
    "      - v2: productViewed\n        product: {productId: name, price: price}\n"
    "        currencyCode: money[name]\n",
    "constant",
    'this may be `"ZLN"`',
)
send(
    'legacy: ProductPage\nProduct:\n  productKey: name\n  price: {text: "12,50"}',
    "constant",
    "takes an amount, with or without an ISO 4217 code",
)
send(PRODUCT.replace("exact", 'money(exact, "UHA")'), "constant", 'this is `"UHA"`')
send(
    CART + "  - {productId: name, quantity: -1, price: price}",
    "constant",
    "may not be negative, and this is `-1`",
)
send(
    CART + "  - {productId: name, quantity: 'coalesce(maybe_count, -1)', price: price}",
    "constant",
    "this is `-1`",
)
send("v2: searchRequest\nsearch: name\nisFound: 5", "constant", "takes 0 or 1 (or a boolean)")
send("v2: searchRequest\nsearch: {text: ' '}", "constant", "may not be blank")
send(
    "v2: searchRequest\nsearch: name\nparams: {level: 1000000000000000}",
    "constant",
    "is too large a number",
)
send(
    "v2: productImpressions\nrecomVariantId: {text: r963}\nproducts:\n  - productId: name",
    "constant",
    "takes r{recomId}v{variantId}",
)
send(
    "both: product_impressions\ncontainer: {text: '1253'}\nproducts:\n  - id: name",
    "constant",
    "takes block and variant: 1253_r963v1317",
)
send("v2: searchRequest\nsearch: name\nparams: {'': name}", "bad-name", "may not be blank")
send(PRODUCT + "  properties: {' ': name}", "bad-name", "may not be blank")
send(PRODUCT + "tags: {" + "a" * 101 + ": name}", "bad-name", "may have 100 characters")
send("v2: productViewed\nproduct: name", "shape", "is an object: a block of its fields")
send("v2: cartUpdated\nrecycleStateId: name\nproducts: name", "shape", "is a list of objects")
send("v2: searchRequest\nsearch: {for: x in lines, a: x.sku}", "shape", "is one value")
send("v2: searchRequest\nfor: lines\nsearch: name", "bad-for", "write `for: item in cart.items`")
send("v2: searchRequest\nfor: name in lines\nsearch: name", "shadowing", "already a field of")
send("v2: searchRequest\nfor: x in attributes\nsearch: x", "type", "write `for: k in keys(m)`")
send(
    "v2: searchRequest\nby: name\nsearch: name",
    "by-without-for",
    "`by` groups what `for` goes over",
)
send("legacy: ProductPage\nv2: productViewed", "missing-key", "one event, not two")
send("search: name", "missing-key", "a send names one event")
send("legacy: SearchRequest\nsearch: name\naccount: mian", "account", "did you mean `main`?")
send(
    "v2: searchRequest\nsearch: name",
    "account",
    "configure yespo.accounts.main.v2",
    {"main": Account(AccountContext("main"), frozenset({"legacy"}))},
)
send(
    "legacy: SearchRequest\nsearch: name",
    "account",
    "say which",
    {**ACCOUNTS, "second": ACCOUNTS["main"]},
)
send(
    'v2: searchRequest\nsearch: name\naccount: |\n  "pl" if name == "XX" else maybe',
    "account",
    "the account `pl` has no `v2` API",
    TWO_ACCOUNTS,
)
rules(
    "tables: {shops: {kyiv: ua, krakow: po}}\n"
    + GOOD.replace("search: name", "search: name, account: 'shops[name]'"),
    "account",
    "`account` may be `po`, which is not configured",
    accounts=TWO_ACCOUNTS,
)
rules(
    "tables: {shops: {kyiv: ua, krakow: pl}}\n"
    + GOOD.replace(
        "legacy: SearchRequest, search: name", "both: searched, query: name, account: 'shops[name]'"
    ),
    "account",
    "configure yespo.accounts.pl.v2",
    accounts=TWO_ACCOUNTS,
)
send("legacy: SearchRequest\nsearch: name\nmax_age: 24", "duration", "`24h`, `30m`")
send("v2: searchRequest\nsearch: name\nwhen_older: past", "unknown-word", "past_events")
send(
    "legacy: SearchRequest\nsearch: name\nwhen_older: past_events\nmax_age: 1h",
    "when-older",
    "`past_events` belongs to v2",
)
send(
    "legacy: SearchRequest\nsearch: name\nwhen_older: drop",
    "when-older",
    "nothing says how old is too old",
)
send("legacy: SearchRequest\nsearch: name\nmax_age: 1h", "when-older", "`max_age` has no effect")
send("legacy: SearchRequest\nsearch: name\nconflate: true", "conflate", "`conflate` is for carts")
send("both: searched\nquery: name\nconflate: yes", "unknown-word", "write one of: false, true")
send(
    "legacy: SearchRequest\nsearch: name\non_missing: drop",
    "unknown-word",
    "write one of: skip, dead_letter",
)
rules(
    "custom_events: {cartUpdatd: {a: text}}\n" + GOOD,
    "custom-event",
    "looks like the vendor's cartUpdated",
)
rules("custom_events: {levelUp: {a: string}}\n" + GOOD, "unknown-word", "is no type")

section("Rules and the file")
rules(GOOD.replace("name: r", "nam: r"), "unknown-key", "did you mean `name`?")
rules(GOOD.replace("{name: r, ", "{"), "missing-key", "a rule needs a `name`")
rules("rules: [{name: r}]\n", "missing-key", "a rule needs `send`")
rules(
    "otherwise: ignore\n" + GOOD,
    "unknown-word",
    "write one of: drop, dead_letter",
    HEAD.replace("otherwise: drop\n", ""),
)
rules(GOOD, "missing-key", "`otherwise` is missing", HEAD.replace("otherwise: drop\n", ""))
rules(GOOD, "version", "version: 1", HEAD.replace("version: 1", "version: 2"))
rules(GOOD, "no-file", "relative to this mapping file", HEAD.replace("test.avsc", "tets.avsc"))
rules("define: {name: kind}\n" + GOOD, "shadowing", "`name` is already a field of `shop.Test`")
rules("define: {record: kind}\n" + GOOD, "reserved", "a name of the language")
rules("define: {a: b}\n" + GOOD, "unknown-name", "unknown name `b`")
rules("define: {a: name}\n" + GOOD, "unused", "nothing uses `a`")
rules("include: [none.yaml]\n" + GOOD, "no-file", "relative to the file that includes it")
rules(
    GOOD,
    "no-file",
    "there is no such file",
    HEAD.replace("  schema: test.avsc\n", "  schema: test.avsc\n  versions: [old/*.avsc]\n"),
)
rules("suppress: [{when: not maybe_yes}]\n" + GOOD, "missing-key", "needs `when` and `reason`")
rules("suppress: [{when: not maybe_yes, reason: no rule}]\n" + GOOD, "bad-name", "a metric label")

rules(
    "define:\n  a0: name\n"
    + "".join(f"  a{n + 1}: lower(a{n})\n" for n in range(400))
    + GOOD.replace("search: name", "search: a400"),
    "too-large",
    "too deep, or multiply",
)
rules(
    "define:\n  a0: name\n"
    + "".join(f"  a{n + 1}: join([a{n}, a{n}], a{n})\n" for n in range(40))
    + GOOD.replace("search: name", "search: a40"),
    "too-large",
    "multiply without bounds",
)

TWO = """\
rules:
  - name: first
    when: {first}
    send: [{{legacy: SearchRequest, search: name}}]
  - name: second
    when: {second}
    send: [{{legacy: SearchRequest, search: name}}]
"""
rules(TWO.format(first="yes", second="yes and count > 2"), "unreachable", "rule `first`")
rules(
    TWO.format(first='kind in ["view", "cart"]', second="kind != null").replace(
        'kind in ["view", "cart"]', '|\n      kind in ["view", "cart"]'
    ),
    "unreachable",
    "never reached",
)
rules(
    TWO.format(first="count > 2", second='|\n      kind == "view" and kind == "cart"'),
    "never-true",
    "contradict",
)
rules(
    "suppress: [{when: not yes, reason: no}]\n" + TWO.format(first="count > 1", second="not yes"),
    "unreachable",
    "suppress (no)",
)
rules(TWO.format(first="true", second="count > 2"), "unreachable", "rule `first`")
rules(TWO.format(first="count > 2", second="false"), "never-true", "contradict")
rules(
    TWO.format(first="maybe == null or maybe != null", second="count > 2"), "unreachable", "`first`"
)
condition("maybe == null or maybe != null", "always-true", "holds for every record")
condition('name != "a" or name != "b"', "always-true", "`and` in place of `or`?")
rules(
    TWO.format(first='starts_with(name, "view_item")', second='name == "view_item_list"'),
    "unreachable",
    "rule `first`",
)
rules(
    TWO.format(
        first='starts_with(name, "view_item")', second='starts_with(name, "view_item_list")'
    ),
    "unreachable",
    "rule `first`",
)
rules(TWO.format(first="count > 2", second="count == 5"), "unreachable", "rule `first`")
rules(TWO.format(first="count > 2", second="count >= 3 and yes"), "unreachable", "rule `first`")
rules(
    "suppress: [{when: yes or not yes, reason: no}]\n" + GOOD,
    "always-true",
    "nothing is ever sent",
)
rules("suppress: [{when: true, reason: paused}]\n" + GOOD, "always-true", "nothing is ever sent")
rules(
    'suppress: [{when: \'name == "a" and name == "b"\', reason: no}]\n' + GOOD,
    "never-true",
    "holds for no record",
)
send(
    'v2: searchRequest\nif: name == "a" and name == "b"\nsearch: name',
    "never-true",
    "this `if` is never true",
)
rules(
    TWO.format(first="yes", second="count > 2").replace("second", "first"),
    "duplicate-rule",
    "two rules are called",
)

section("Formats")
send(
    "v2: orderCreated\nexternalOrderId: name\ntotalCost: price\nstatus: '\"DELIVERED\"'\n"
    "date: iso(at_ms)",
    "format",
    'write `format_time(x, "%Y-%m-%dT%H:%M:%S", "Europe/Kyiv")`',
)
send(
    "v2: orderCreated\nexternalOrderId: name\ntotalCost: price\nstatus: '\"DELIVERED\"'\n"
    "date: at_ms",
    "type",
    'write `format_time(x, "%Y-%m-%dT%H:%M:%S", "Europe/Kyiv")`',
)
send(
    "v2: productViewed\nproduct: {productId: name, price: email(name)}",
    "format",
    "",
)

section("Probably not meant")
send(
    "v2: searchRequest\nsearch: coalesce(user.email, name)",
    "personal-data",
    "people are named in `identity`",
)
rules(
    """\
rules:
  - name: cart
    when: yes
    send: [{legacy: StatusCart, GUID: "uuid(name, count)", Products: []}]
  - name: order
    send: [{legacy: PurchasedItems, GUID: uuid(name), OrderNumber: name, Products: []}]
""",
    "guid",
    "the two will never match",
)

send("v2: searchRequest\nsearch: {text: name}", "constant-path", "without quotes", meant="name")
send(
    "v2: searchRequest\nsearch: '\"name\"'", "constant-path", "a value of that name", meant="'name'"
)
send("v2: searchRequest\nsearch: '\"{name}\"'", "constant-path", "write `name`", meant="'name'")
send("v2: searchRequest\nsearch: '\"a {name}\"'", "constant-path", "", meant="'f\"a {name}\"'")
rules(
    "rules: [{name: r, send: [{v2: searchRequest, search: name}]}]\n",
    "no-identity",
    "names nobody",
    HEAD.replace("identity:\n  email: user.email\n  cookie: maybe\n", ""),
)
rules(
    "rules: [{name: r, send: [{v2: searchRequest, search: name}]}]\n",
    "no-identity",
    "v2 events are skipped",
    HEAD.replace("  email: user.email\n", ""),
)
send(
    """\
both: product_impressions
for: x in lines
by: f"1253_r{x.quantity}v1"
container: key
products:
  for: y in lines
  id: y.sku""",
    "whole-array",
    "write `items`",
    meant="y in items",
)
rules(
    """\
rules:
  - name: cart
    when: yes
    send: [{both: cart_updated, state: uuid(name), products: []}]
  - name: order
    send: [{legacy: PurchasedItems, GUID: uuid(kind), OrderNumber: name, Products: []}]
""",
    "guid",
    "made of other fields",
)
rules(
    """\
rules:
  - name: cart
    when: yes
    send: [{both: cart_updated, state: name, products: [], legacy: {GUID: uuid(name)}}]
  - name: order
    send: [{legacy: PurchasedItems, GUID: name, OrderNumber: kind, Products: []}]
""",
    "guid",
    "the two sides of this `both`",
)
rules(GOOD, "bad-topic", "no topic of Kafka", HEAD.replace("[shop.test]", '["shop test"]'))
rules(GOOD, "bad-topic", "`^shop\\..*$`", HEAD.replace("[shop.test]", "[shop.*]"))
rules(GOOD, "bad-topic", "not a regular expression", HEAD.replace("[shop.test]", '["^shop.("]'))
rules(GOOD, "bad-topic", "no topic fits this", HEAD.replace("[shop.test]", '["^shop/.*"]'))
send("legacy: PurchasedItems\nGUID: name\nOrderNumber: name", "dialect", "`reteno` accounts")
send(
    "v2: productViewed\nproduct: {productId: name, price: name}",
    "price-text",
    "`number(x)`, or `amount(x)`",
)

section("YAML")
send("v2: searchRequest\nsearch: {{ name }}", "bad-yaml", "without braces", meant="name")
rules(
    'rules: [{name: r, send: [{v2: searchRequest, search: "M" if yes else name}]}]\n',
    "bad-yaml",
    "between brackets the whole value stands in quotes",
)
rules(
    "rules: [{name: r, send: [{v2: searchRequest, search:name}]}]\n",
    "bad-yaml",
    "a space is missing after the `:`",
)
send("v2: searchRequest\nsearch:name", "bad-yaml", "write `search: name`", meant="name")
send("v2: searchRequest\nsearch name", "bad-yaml", "write `search: name`", meant="name")
send("v2: searchRequest\nsearch:\u00a0name", "bad-yaml", "no plain space", meant="name")
send("v2: searchRequest\n\u00a0search: name", "bad-yaml", "")
send(
    "v2: productViewed\nproduct:\n  productId: name\n price: price",
    "bad-yaml",
    "begin it at column 11, like line 15\n   or at column 9",
)
send(
    "v2: productViewed\nproduct:\n  productId: name\n   price: price",
    "bad-yaml",
    "not indented deeper",
)
rules("rules\n  - name: r\n    send: [{v2: searchRequest, search: name}]\n", "bad-yaml", "")
rules("rules: [{name: r, send: [{v2: searchRequest, search: name]}]\n", "bad-yaml", "")
block("`name`", "bad-expression", "plain quotes")
send("v2: searchRequest\nsearch: `name`", "bad-yaml", "cannot begin with `")
rules("rules:\n\t- name: r\n\t  send: [{legacy: SearchRequest, search: name}]\n", "bad-yaml", "tab")
send(
    'both: searched\nquery: name\nfound: "count > 0\nif: kind == "view"',
    "bad-yaml",
    "this quote is not closed on its line",
)
rules(
    "rules:\n  - name: r\n    send:\n      - v2: pageViewed\n      page:\n        location: name\n",
    "bad-yaml",
    "like the key on line 13",
)
rules(GOOD + GOOD, "duplicate-key", "stands here twice")
rules("define: &a {}\n" + GOOD, "anchor", "share it with `define`")
rules("tables: {t: {a: &x y, b: *x}}\n" + GOOD, "anchor", "aliases are not allowed")
rules("tables: {t: {<<: {a: b}}}\n" + GOOD, "merge", "merge keys")
rules("tables: {t: {a: !!python/object x}}\n" + GOOD, "tag", "tags are not allowed")
rules(GOOD + "---\n" + GOOD, "several-documents", "second YAML document")
rules("tables: {t: " + "[" * 60 + "]" * 60 + "}\n" + GOOD, "too-large", "nested deeper")
send("v2: searchRequest\nsearch: yes ? name : kind", "bad-yaml", "a second `: `")

GALLERY = tuple(_FOUND)


def shown(wrong: Wrong, folder: Path) -> tuple[list[str], str]:
    """The codes that the mapping gets, and what a person sees."""
    _, findings, text = check_text(folder, wrong.text, wrong.accounts or ACCOUNTS)
    return [finding.code for finding in findings], text


def page() -> str:
    """The documentation page."""
    lines = ["# Mistakes in mappings, and what to write instead", ""]
    lines += [
        "Every mistake below is a test; what you see is what the program prints. Each finding",
        "",
    ]
    lines[-2] += " ends with its code in brackets: codes are stable, and each has its section here."
    sections: dict[str, str] = {}
    for wrong in GALLERY:
        sections.setdefault(wrong.code, wrong.section)
    with tempfile.TemporaryDirectory() as folder:
        for title in dict.fromkeys(sections.values()):
            lines += [f"## {title}", ""]
            for code in (code for code, of in sections.items() if of == title):
                lines += [f"### {code}", "", MAPPING_CODES[code], ""]
                for wrong in GALLERY:
                    if wrong.code == code:
                        text = shown(wrong, Path(folder))[1]
                        cut = "\n".join(line[:160].rstrip() for line in text.splitlines())
                        lines += ["```", cut, "```", ""]
    lines += ["## Without an example", ""]
    for code in (code for code in MAPPING_CODES if code not in sections):
        lines += [f"### {code}", "", MAPPING_CODES[code], ""]
    lines += ["## Configuration, environment and test cases", ""]
    for code, meaning in OTHER_CODES.items():
        lines += [f"### {code}", "", meaning, ""]
    return "\n".join(lines).rstrip()


if __name__ == "__main__":
    print(page())  # a script that prints a page
