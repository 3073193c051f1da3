"""Judges a request's body as the receiving side: the documented rules that it breaks.

The sandbox and the tests ask it. It is the second opinion on what `converter` made: pydantic's own
validation of the wire models.

Strict where the vendor is silent: its APIs accept a wrong name and lose the data, so here it is an
error. Everything `build` makes passes; so does every example on the vendor's pages.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from pydantic_core import SchemaValidator, ValidationError

from consumer.memory import remembered
from consumer.model import Api
from consumer.yespo.catalogue import LEGACY_EVENTS, V2_EVENTS
from consumer.yespo.declaration import Declared
from consumer.yespo.fields import nested_of, specs_of
from consumer.yespo.general import general_of
from consumer.yespo.names import LOCATORS, event_type_fault, locator, near_known, near_miss
from consumer.yespo.person import CONTACT_FORM, EMAIL_FORM, NO_FORBIDDEN, PHONE_FORM, identifier
from consumer.yespo.rules import MAX_BODY, MAX_NAME
from consumer.yespo.shape import TAG_PREFIX, Shape
from consumer.yespo.spec import ContractViolation, Free
from consumer.yespo.violations import violations
from consumer.yespo.wire import flaw, read

MAX_PAST_EVENTS = 500

Violations = list[ContractViolation]


def judge(api: Api, body: bytes) -> Violations:
    """Every documented rule that `body` breaks; empty when it is fine."""
    limit = MAX_BODY if api != "past_events" else MAX_BODY * MAX_PAST_EVENTS
    if len(body) > limit:
        return [ContractViolation("", "body_size", f"the event has more than {limit} bytes")]
    try:
        document = read(body.decode(), "")
    except UnicodeDecodeError:
        return [ContractViolation("", "encoding", "the body is not UTF-8")]
    except ContractViolation as found:
        return [found]
    if type(document) is not dict:
        return [ContractViolation("", "type", "the body takes an object")]
    return _JUDGES[api](document)


# -- legacy


def _legacy(document: dict[str, Any]) -> Violations:
    general = document.get("GeneralInfo")
    if type(general) is not dict:
        return [_missing_or_type("GeneralInfo", document, "an object")]
    name = general.get("eventName")
    if type(name) is not str:
        return [_missing_or_type("GeneralInfo.eventName", general, "text")]
    event = LEGACY_EVENTS.get(name)
    if event is None:
        return [ContractViolation("GeneralInfo.eventName", "value", "is no event of the tracker")]
    key = event.body_key
    found = [
        ContractViolation(other, "unknown", f"is no part of {name}")
        for other in document
        if other not in {"GeneralInfo", key}
    ]
    _check(_GENERAL[name], general, "GeneralInfo", found)
    if event.traits.names_person:
        _named(general, found)
    if not key:
        return found
    if key not in document:
        found.append(ContractViolation(key, "required", "is required"))
    elif event.whole:
        _check(event.model, {key: document[key]}, "", found)
    else:
        _check(event.model, document[key], key, found)
        _alternatives(event, document[key], found)
    return found


def _alternatives(event: Declared, content: Any, found: Violations) -> None:
    """One of the groups of fields that are enough must be there, in any account's dialect."""
    groups = [one.fields for one in event.traits.alternatives]
    if groups and type(content) is dict and not any(content.keys() >= set(one) for one in groups):
        usual, *others = (" and ".join(group) for group in groups)
        path = f"{event.body_key}.{usual}"
        message = f"is required, unless there is a {' or '.join(others)}"
        found.append(ContractViolation(path, "alternatives", message))


_GENERAL = {name: general_of(event) for name, event in LEGACY_EVENTS.items()}
_PERSON = {"externalCustomerId", "user_phone", "user_email", "user_es_contact_id", "cookies"}


def _named(general: Mapping[str, Any], found: Violations) -> None:
    """The cookie is required, except where an identifier names the person (K9)."""
    if not any(general.get(name) for name in _PERSON):
        found.append(
            ContractViolation(
                "GeneralInfo.cookies",
                "required",
                "is required where no identifier names the person",
            )
        )


# -- v2


def _v2(document: dict[str, Any]) -> Violations:
    return _event(document, "", ("eventTypeKey", "keyValue", "params"))


def _event(document: dict[str, Any], root: str, known: Sequence[str]) -> Violations:
    found = [
        ContractViolation(root + name, "unknown", "is no part of an event")
        for name in document
        if name not in known
    ]
    name = document.get("eventTypeKey")
    if type(name) is not str:
        found.append(_missing_or_type(root + "eventTypeKey", document, "text"))
        name = ""
    elif (fault := event_type_fault(name)) is not None:
        found.append(ContractViolation(root + "eventTypeKey", *fault))
    elif (meant := _event_meant(name)) is not None:
        found.append(ContractViolation(root + "eventTypeKey", "near_miss", f"looks like {meant}"))
    if "keyValue" in document:
        _value(_KEY_VALUE, document["keyValue"], root + "keyValue", found)
    params = document.get("params")
    if type(params) is not list:
        found.append(_missing_or_type(root + "params", document, "a list"))
        return found
    _params(name, params, root + "params", "keyValue" in document, found)
    return found


@remembered(1024)
def _event_meant(name: str) -> str | None:
    return near_known(V2_EVENTS, name)


def _params(event: str, params: Sequence[Any], root: str, named: bool, found: Violations) -> None:
    values: dict[str, Any] = {}
    persons: set[str] = set()
    declared = V2_EVENTS.get(event)
    nested = _NESTED.get(event, frozenset())
    for index, param in enumerate(params):
        name = _param_name(param, f"{root}[{index}]", found)
        if name is None:
            continue
        path = f"{root}.{name}"
        owner = locator(name)
        if name in values or owner in persons:
            found.append(ContractViolation(path, "duplicate", "stands twice in params"))
        value = param["value"]
        if owner is not None and owner in _PERSON_RULES:
            persons.add(owner)
            _value(_PERSON_RULES[owner], value, path, found)
        elif name in nested:
            values[name] = _nested(value, path, found)
        else:
            values[name] = value
    if not named and not persons:
        found.append(
            ContractViolation(
                root, "required", f"needs one of {', '.join(LOCATORS)}, or a keyValue"
            )
        )
    _free_values(values, nested, root, found)
    if declared is not None:
        _check(declared.model, values, root, found)


def _param_name(param: Any, path: str, found: Violations) -> str | None:
    """The name of a well-formed param, else None and a violation."""
    if type(param) is not dict:
        found.append(ContractViolation(path, "type", "takes an object of name and value"))
        return None
    name = param.get("name")
    before = len(found)
    if type(name) is not str:
        found.append(_missing_or_type(f"{path}.name", param, "text"))
    elif not name.strip():
        found.append(ContractViolation(f"{path}.name", "blank", "may not be blank"))
    elif len(name) > MAX_NAME:
        found.append(
            ContractViolation(f"{path}.name", "too_long", f"may have {MAX_NAME} characters")
        )
    if "value" not in param:
        found.append(ContractViolation(f"{path}.value", "required", "is required"))
    found.extend(
        ContractViolation(f"{path}.{other}", "unknown", "is no part of a param")
        for other in param
        if other not in {"name", "value"}
    )
    return name if len(found) == before else None


def _nested(value: Any, path: str, found: Violations) -> Any:
    """JSON text as the vendor's page has it, or the object itself (K44)."""
    if type(value) is not str:
        return value
    try:
        return read(value, path)
    except ContractViolation as broken:
        found.append(broken)
        return _BROKEN


class _Broken:
    """A nested value already reported: nothing more is said about it."""


_BROKEN = _Broken()


def _free_values(
    values: Mapping[str, Any], nested: Collection[str], root: str, found: Violations
) -> None:
    """The rules of every value; those in `nested` are objects with rules of their own."""
    for name, value in values.items():
        if value is None:
            found.append(ContractViolation(f"{root}.{name}", "type", "may not be null"))
        elif name not in nested and (broken := flaw(value)) is not None:
            found.append(ContractViolation(f"{root}.{name}", *broken))


# -- past events


def _past_events(document: dict[str, Any]) -> Violations:
    found = [
        ContractViolation(name, "unknown", "is no part of the request")
        for name in document
        if name != "events"
    ]
    events = document.get("events")
    if type(events) is not list:
        return [*found, _missing_or_type("events", document, "a list")]
    if not 0 < len(events) <= MAX_PAST_EVENTS:
        found.append(ContractViolation("events", "range", f"takes 1 to {MAX_PAST_EVENTS} events"))
    for index, event in enumerate(events):
        found += _past_event(event, f"events[{index}]")
    return found


def _past_event(event: Any, path: str) -> Violations:
    if type(event) is not dict:
        return [ContractViolation(path, "type", "takes an object")]
    found = _event(event, f"{path}.", ("eventTypeKey", "keyValue", "params", "occurred"))
    if "keyValue" not in event:
        found.append(ContractViolation(f"{path}.keyValue", "required", "is required"))
    occurred = event.get("occurred")
    if type(occurred) is not str:
        found.append(_missing_or_type(f"{path}.occurred", event, "text"))
    elif not _is_minute(occurred):
        found.append(ContractViolation(f"{path}.occurred", "format", "takes 2026-11-20T10:00"))
    if _size(event) > MAX_BODY:
        found.append(ContractViolation(path, "body_size", f"has more than {MAX_BODY} bytes"))
    return found


def _size(event: Mapping[str, Any]) -> int:
    """Bytes of an event as compact JSON."""
    try:
        return len(orjson.dumps(event, default=str))
    except TypeError:  # lone surrogates and large integers, which it refuses
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=str)
        return len(text.encode(errors="surrogatepass"))


def _is_minute(value: str) -> bool:
    try:
        parsed = datetime.strptime(value, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the format has no zone
    except ValueError:
        return False
    return parsed.strftime("%Y-%m-%dT%H:%M") == value


# -- what all of them use


def _missing_or_type(path: str, holder: Mapping[str, Any], wanted: str) -> ContractViolation:
    if path.rpartition(".")[2] in holder:
        return ContractViolation(path, "type", f"takes {wanted}")
    return ContractViolation(path, "required", "is required")


def _check(model: type[Shape], value: Any, root: str, found: Violations) -> None:
    try:
        shape = model.__pydantic_validator__.validate_python(value)
    except ValidationError as error:
        found += [one for one in violations(error, root) if not _is_reported(one, found)]
        return
    _free_names(shape, root, found)


def _is_reported(one: ContractViolation, found: Sequence[ContractViolation]) -> bool:
    return any(other.path == one.path for other in found)


def _free_names(shape: Shape, path: str, found: Violations) -> None:
    """Free names that a documented one is mistaken for, here and below."""
    for name in shape.model_extra or ():
        known = _meant(type(shape), name)
        if known is not None:
            found.append(ContractViolation(f"{path}.{name}", "near_miss", f"looks like {known}"))
    for name in _INNER[type(shape)]:
        value = getattr(shape, name)
        if isinstance(value, list):
            for index, item in enumerate(value):
                _free_names(item, f"{path}.{name}[{index}]", found)
        elif value is not None:
            _free_names(value, f"{path}.{name}", found)


def _meant(model: type[Shape], name: str) -> str | None:
    return _meaning_in(model)(name)


@cache
def _meaning_in(model: type[Shape]) -> Callable[[str], str | None]:
    """Says which documented name a free name of the model is mistaken for."""
    specs, free = specs_of(model), model.FREE

    @remembered(1024)
    def meant(name: str) -> str | None:
        return near_miss(specs, name.removeprefix(TAG_PREFIX) if free is Free.TAG else name, free)

    return meant


def _value(validator: SchemaValidator, value: Any, path: str, found: Violations) -> None:
    try:
        validator.validate_python(value)
    except ValidationError as error:
        found += violations(error, path)


_KEY_VALUE = SchemaValidator(identifier(NO_FORBIDDEN).wire)
_PERSON_RULES: Mapping[str, SchemaValidator] = {
    "contactId": SchemaValidator(identifier(CONTACT_FORM).wire),
    "externalCustomerId": _KEY_VALUE,
    "email": SchemaValidator(identifier(NO_FORBIDDEN, EMAIL_FORM).wire),
    "phone": SchemaValidator(identifier(PHONE_FORM).wire),
    "pushToken": _KEY_VALUE,
}


def _inner(model: type[Shape], into: dict[type[Shape], tuple[str, ...]]) -> None:
    """For each model below `model`: its fields that hold objects."""
    nested = {name: nested_of(info) for name, info in model.model_fields.items()}
    into[model] = tuple(name for name, shape in nested.items() if shape is not None)
    for shape in nested.values():
        if shape is not None:
            _inner(shape, into)


def _all_inner() -> dict[type[Shape], tuple[str, ...]]:
    into: dict[type[Shape], tuple[str, ...]] = {}
    for declared in (*LEGACY_EVENTS.values(), *V2_EVENTS.values()):
        _inner(declared.model, into)
    for general in _GENERAL.values():
        _inner(general, into)
    return into


_INNER = _all_inner()
_NESTED = {name: frozenset(_INNER[event.model]) for name, event in V2_EVENTS.items()}
_JUDGES: Mapping[Api, Callable[[dict[str, Any]], Violations]] = {
    "legacy": _legacy,
    "v2": _v2,
    "past_events": _past_events,
}
