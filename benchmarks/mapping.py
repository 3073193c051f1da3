"""What mapping one record costs: the generated function beside a hand-written one doing the same.

    python benchmarks/mapping.py

The record is the product view of the shipped schema (avro/fixtures/product_view.json), the mapping
makes one legacy event of it, with identity, order and tags. "Without building" leaves out the
validation and encoding of the body (`EventSpec.build`), on both sides. Microseconds of CPU, the best
of several rounds; the four take turns in each round, so that a busy machine hinders all of them alike.

Then what checking a mapping of 50 rules costs: the shipped shop mapping with its rules repeated.
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from consumer.contacts.phone import international_number, phone_number
from consumer.mapping.check.checked import Account
from consumer.mapping.run.output import Plan
from consumer.mapping.unit import MappingUnit, load_unit
from consumer.mapping.workbench.json_form import JsonForm
from consumer.model import Decoded, Endpoint, Event, Mapped, Partition, Record
from consumer.yespo import catalogue
from consumer.yespo.blank import is_blank
from consumer.yespo.identifiers import user_agent
from consumer.yespo.spec import AccountContext, Built, Identity

ROOT = Path(__file__).parents[1]
ACCOUNT = AccountContext("main", site_id="8A412DC")
MAPPING = f"""
version: 1
from: {{topics: [shop.clicks], schema: {ROOT}/avro/shop_click.avsc}}
identity:
  externalCustomerId: user.id
  email: user.email
  phone: phone(user.phone, "UA")
  name: join([user.first_name, user.last_name], " ")
  cookie: visitor_id
time: event_time
user_agent: device.user_agent
suppress:
  - when: not consent.marketing
    reason: no consent
otherwise: drop
rules:
  - name: category viewed
    when: kind == "category_view" and category != null
    send: [{{legacy: CategoryPage, Category: {{categoryKey: category.id}}}}]
  - name: product viewed
    when: kind == "product_view" and product != null
    send:
      - legacy: ProductPage
        Product:
          productKey: product.sku
          price: money(product.price, product.currency)
          isInStock: product.stock > 0
          properties: {{brand: product.brand, category: product.category}}
        tags: {{platform: lower(device.platform), language: site.language}}
"""
ENDPOINT = Endpoint("main", "legacy")
SPEC = catalogue.event("legacy", "ProductPage")
assert SPEC is not None
Build = Callable[..., Built]
NO_BODY = Built(b"{}")


def no_build(*_: Any) -> Built:
    return NO_BODY


def by_hand(build: Build) -> Callable[[Record, Decoded], Mapped]:
    """What a careful person would write for this one mapping."""

    def convert(_: Record, decoded: Decoded) -> Mapped:
        value = decoded.value
        if not value["consent"]["marketing"]:
            return Mapped((), "no_consent")
        product = value["product"]
        if value["kind"] != "product_view" or product is None:
            return Mapped((), "no_rule")
        user = value["user"] or {}
        phone = user.get("phone")
        names = [name for name in (user.get("first_name"), user.get("last_name")) if name]
        person = Identity(
            external_customer_id=user.get("id"),
            email=user.get("email"),
            phone=phone_number(phone, "UA") if phone is not None else None,
            name=" ".join(names) or None,
            cookie=value["visitor_id"],
        )
        ids = (person.cookie, person.external_customer_id)
        keys = [key for key in ids if key is not None and not is_blank(key)]
        if person.email is not None and not is_blank(person.email):
            keys.append(person.email.strip().lower())
        if person.phone is not None and not is_blank(person.phone):
            keys.append(international_number(person.phone) or person.phone)
        device = value["device"]
        free = {}
        for name in ("brand", "category"):
            if product[name] is not None:
                free[name] = [product[name]]
        values = {
            "Product": {
                "productKey": product["sku"],
                "price": f"{product['price']} {product['currency']}",
                "isInStock": product["stock"] > 0,
                "*": free,
            }
        }
        tags = {"language": [value["site"]["language"]]} if value["site"] is not None else {}
        if device is not None:
            tags["platform"] = [device["platform"].lower()]
        if tags:
            values["Tags"] = {"*": tags}
        occurred = value["event_time"]
        built = build(ACCOUNT, person, occurred, values, None)
        agent = user_agent(device["user_agent"]) if device is not None else None
        event = Event(
            ENDPOINT, "ProductPage", "product viewed", 0, built.body, tuple(keys), occurred, agent
        )
        return Mapped((event,), None, {}, dict.fromkeys(built.left_out, 1))

    return convert


def unit() -> MappingUnit:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(MAPPING)
        file.flush()
        account = Account(ACCOUNT, frozenset({"legacy"}))
        return load_unit([Path(file.name)], {"main": account})


Convert = Callable[[Record, Decoded], Mapped]


def microseconds(calls: Mapping[str, Convert], record: Record, value: Any) -> dict[str, float]:
    """The best of several rounds, by name."""
    decoded = Decoded(value, "shop.Click", "1")
    rounds, count = 25, 2000
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            for _ in range(count):
                call(record, decoded)
            best[name] = min(best[name], (time.process_time() - start) / count * 1e6)
    return best


def seconds_to_check(rules: int) -> float:
    """CPU seconds for reading, proving and compiling the shop mapping with so many rules."""
    head, _, body = (ROOT / "mappings" / "shop.yaml").read_text().partition("rules:\n")
    head = head.replace("../avro", str(ROOT / "avro"))
    entries = body.split("  - name: ")[1:]
    repeated = [
        f"  - name: {number} {entries[number % len(entries)]}".replace(
            "when: ", f"when: seq != {number} and ", 1
        )
        for number in range(rules)
    ]
    accounts = {"main": Account(ACCOUNT, frozenset({"legacy", "v2"}))}
    best = float("inf")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(head + "rules:\n" + "".join(repeated))
        file.flush()
        for _ in range(5):
            start = time.process_time()
            assert len(load_unit([Path(file.name)], accounts).mappings[0].rules) == rules
            best = min(best, time.process_time() - start)
    return best


def main() -> None:
    whole, bare = unit(), unit()
    schema = whole.reader_schemas("shop.clicks")["shop.Click"]
    fixture = json.loads((ROOT / "avro" / "fixtures" / "product_view.json").read_text())
    value = JsonForm(schema).decoded(fixture)
    record = Record(Partition("shop.clicks", 0, 1), 7, b"key", b"", [], value["event_time"])
    for compiled in bare._compiled:  # noqa: SLF001  # there is no other way to leave it out
        for thing in compiled.function.__globals__.values():
            if isinstance(thing, Plan):
                setattr(thing, "build", no_build)  # noqa: B010  # a stub of another type
    assert SPEC is not None
    mine = whole.map(record, Decoded(value, "shop.Click", "1")).events[0]
    theirs = by_hand(SPEC.build)(record, Decoded(value, "shop.Click", "1")).events[0]
    assert json.loads(mine.body) == json.loads(theirs.body)
    assert mine.order_by == theirs.order_by
    calls = {
        "generated, without building": bare.map,
        "by hand, without building": by_hand(no_build),
        "generated, whole": whole.map,
        "by hand, whole": by_hand(SPEC.build),
    }
    figures = microseconds(calls, record, value)
    for name, figure in figures.items():
        print(f"{name:30} {figure:6.2f} µs")
    ratio = figures["generated, without building"] / figures["by hand, without building"]
    print(f"{'ratio without building':30} {ratio:6.2f}")
    print(f"{'checking 50 rules':30} {seconds_to_check(50):6.2f} s")


if __name__ == "__main__":
    main()
