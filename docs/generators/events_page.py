"""Writes docs/events.md: every event and field, from the same models that validate them.

python -m docs.generators.events_page > docs/events.md
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from consumer.model import Api
from consumer.yespo.catalogue import EVENTS, LEGACY_EVENTS, V2_EVENTS
from consumer.yespo.declaration import Declared
from consumer.yespo.fields import specs_of
from consumer.yespo.general import GeneralInfo
from consumer.yespo.shared import SHARED, SharedEvent
from consumer.yespo.spec import AccountContext, EventSpec, FieldSpec, Free, Identity, Kind
from consumer.yespo.v2 import Params

SAMPLE_TIME = 1579622183208
SAMPLE_PERSON = Identity(
    email="user@mail.com", phone="380501234567", cookie="CDA68358-94FB-4D83-9655-3FEB3C4114A3"
)
"""The person and the time of the example requests."""

_INTRO = """\
# Events

<!-- Written by `make docs` from consumer/yespo. -->

What can be sent to Yespo, field by field. A mapping writes the fields below under `legacy:` or `v2:`;
those of `both:` are at the end. `source` is the vendor's page and line; docs/contract.md lists the
pages. Who, when and which site are filled in from `identity`, `time` and the account.

| type | what a mapping gives |
|---|---|
| text | text; a whole number is written out |
| number, integer | a number; at most 5 decimals are sent, never an exponent |
| money | a number, or text such as `201.95` (`754 USD` where the field says so) |
| flag | true or false; the constants 0 and 1 |
| millis | epoch milliseconds |
| currency | an ISO 4217 code |
| texts | a list of texts, or one text |
| object, objects | fields of its own; a list of such |
| any | any JSON value |
"""

_FREE = {
    Free.TAG: "Free properties go out as `tag_<name>`, each one text or several.",
    Free.PLAIN: "Free properties go out under their own names, each one text or several.",
    Free.TAGS: "Free fields: any names, each one text or several.",
    Free.PARAM: "Free params: any names, any JSON values.",
}


def reference() -> str:
    """The whole page."""
    return "\n".join(_page()) + "\n"


def json_schema(api: Api, name: str) -> dict[str, Any]:
    """JSON Schema of the body object (legacy) or of the params by name (v2)."""
    return _declared(api)[name].model.model_json_schema()


def _declared(api: Api) -> Mapping[str, Declared]:
    return LEGACY_EVENTS if api == "legacy" else V2_EVENTS


def _page() -> Iterator[str]:
    yield _INTRO
    yield "## Legacy tracker\n"
    yield "Every body has `GeneralInfo`, which a mapping does not write:\n"
    yield from _table(specs_of(GeneralInfo))
    yield from _events("legacy")
    yield "## Generate event v2\n"
    yield (
        "`keyValue` is the first of contactId, externalCustomerId, email, phone and pushToken unless a "
        "mapping gives one. Any event can have these params too; each does more than being stored, so "
        "they have to be written as fields and are refused as free params:\n"
    )
    yield from _table(specs_of(Params))
    yield from _events("v2")
    yield (
        "`past_events` takes the same events with the minute they occurred. It starts no workflow.\n"
    )
    yield "## both\n"
    yield "One description, sent to both APIs:\n"
    for shared in SHARED.values():
        yield from _shared(shared)


def _events(api: Api) -> Iterator[str]:
    for (known, _), event in EVENTS.items():
        if known == api:
            yield from _event(event)


def _event(event: EventSpec) -> Iterator[str]:
    common = {spec.name for spec in specs_of(Params)}
    own = [spec for spec in event.fields if not spec.side_effect or spec.name not in common]
    yield f"\n### {event.name}\n"
    yield f"{event.doc} ({event.source})\n"
    if event.traits.alternatives:
        groups = " or ".join(
            " + ".join(f"`{name}`" for name in one.fields) for one in event.traits.alternatives
        )
        yield f"Needs {groups}.\n"
    yield from _table(own)
    yield from _example(event)


def _shared(shared: SharedEvent) -> Iterator[str]:
    yield f"\n### {shared.name}\n"
    yield f"{shared.doc} Legacy `{shared.legacy}`, v2 `{shared.v2}`.\n"
    yield from _table(shared.fields, sources=False)


def _table(specs: Sequence[FieldSpec], *, sources: bool = True) -> Iterator[str]:
    rows = list(_rows(specs, ""))
    if not rows:
        yield "No fields of its own.\n"
        return
    yield "| field | type | | what it is |" + (" source |" if sources else "")
    yield "|---|---|---|---|" + ("---|" if sources else "")
    for name, spec in rows:
        need = "required" if spec.required else ""
        cells = [f"`{name}`", _type(spec), need, _doc(spec)]
        yield "| " + " | ".join(cells + ([spec.source] if sources else [])) + " |"
    yield ""


def _rows(specs: Sequence[FieldSpec], outer: str) -> Iterator[tuple[str, FieldSpec]]:
    for spec in specs:
        name = outer + spec.name + ("[]" if spec.kind is Kind.OBJECTS else "")
        yield name, spec
        yield from _rows(spec.fields, name + ".")


def _type(spec: FieldSpec) -> str:
    return f"{spec.kind.value}, ≤ {spec.max_length}" if spec.max_length else spec.kind.value


def _doc(spec: FieldSpec) -> str:
    parts = [spec.doc]
    if spec.side_effect:
        parts.append(f"The vendor {spec.side_effect}.")
    if spec.free is not Free.NONE:
        parts.append(_FREE[spec.free])
    return " ".join(parts)


def _example(event: EventSpec) -> Iterator[str]:
    account = AccountContext("main", "8A412DC", dialect="reteno")
    built = event.build(
        account, SAMPLE_PERSON, SAMPLE_TIME, _declared(event.api)[event.name].sample
    )
    yield "```json"
    yield json.dumps(json.loads(built.body), indent=2, ensure_ascii=False)
    yield "```\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
