"""The conversion of values that are as they should be, as one generated function.

    productKey   text                          taken as it is
    brand        a list of one text            taken as it is, once the name was found good
    price        whatever its rule takes       asked of the rule, alone

It yields what `fields.conversion` does, for all that this takes, in a third of the time; whatever is
wrong raises, and `conversion` is asked to say what and where. Two things it does not look at, because
the encoded body shows them: how long a text is, and whether it is valid Unicode.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import SchemaValidator, ValidationError

from consumer.codegen import Lines
from consumer.yespo.fields import (
    FREE_KEY,
    Field,
    Form,
    conversion,
    free_names,
    free_prefix,
    free_rule,
)
from consumer.yespo.kinds import ID, TEXT
from consumer.yespo.rules import Rule, taking
from consumer.yespo.spec import Free, Kind

Values = Mapping[str, Any]

KNOWN_NAMES = 4_096
"""Free names that are remembered as good. Mappings may make them of values."""


class Unfit(Exception):
    """Not what a mapping should give."""


FAULTS = (Unfit, KeyError, ValidationError)
"""What a converter raises."""


class Converter:
    """From a mapping's values to the wire's. `exactly` takes the same, and raises what pydantic has
    to say about the rest."""

    __slots__ = ("exactly", "usually")

    def __init__(self, form: Form) -> None:
        self.exactly: Callable[[Values], dict[str, Any]] = SchemaValidator(
            conversion(form)
        ).validate_python
        self.usually = _generated(form)


def _generated(form: Form) -> Callable[[Values], dict[str, Any]]:
    code = Lines()
    code.constants |= {"Unfit": Unfit}
    with code.function("def convert(values):"):
        out = _object(code, form, "values")
        code.line(f"return {out}")
    names = dict(code.constants)
    # Generated from the declarations: no text of theirs reaches it except through `repr`.
    exec(compile("\n".join(code.lines), "<converter>", "exec"), names)  # noqa: S102
    made: Callable[[Values], dict[str, Any]] = names["convert"]  # type: ignore[assignment]  # just defined
    return made


def _object(code: Lines, form: Form, given: str) -> str:
    """Lines that read the object `given`; the name of what they make of it."""
    out, count = code.temporary(), code.temporary()
    required = sum(field.spec.required for field in form.fields)
    code.line(f"if type({given}) is not dict: raise Unfit")
    code.line(f"{out} = {{}}")
    code.line(f"{count} = {required}")
    for field in form.fields:
        if field.spec.required:
            _field(code, field, given, out)
            continue
        with code.block(f"if {field.spec.name!r} in {given}:"):
            code.line(f"{count} += 1")
            _field(code, field, given, out)
    if form.free is not Free.NONE:
        with code.block(f"if {FREE_KEY!r} in {given}:"):
            code.line(f"{count} += 1")
            _free(code, form, f"{given}[{FREE_KEY!r}]", out)
    code.line(f"if len({given}) != {count}: raise Unfit")
    return out


def _field(code: Lines, field: Field, given: str, out: str) -> None:
    value = code.temporary()
    code.line(f"{value} = {given}[{field.spec.name!r}]")
    if field.inside is None:
        _value(code, field.rule, value)
    elif field.spec.kind is Kind.OBJECT:
        value = _object(code, field.inside, value)
    else:
        value = _list(code, field, field.inside, value)
    code.line(f"{out}[{field.spec.name!r}] = {value}")


def _list(code: Lines, field: Field, inside: Form, given: str) -> str:
    found, item = code.temporary(), code.temporary()
    empty = "" if field.spec.may_be_empty else f" or not {given}"
    code.line(f"if type({given}) is not list{empty}: raise Unfit")
    code.line(f"{found} = []")
    with code.block(f"for {item} in {given}:"):
        code.line(f"{found}.append({_object(code, inside, item)})")
    return found


def _value(code: Lines, rule: Rule, value: str) -> None:
    """Make `value` what its rule makes of it."""
    check = code.constant("check", taking(rule).validate_python)
    checked = f"{value} = {check}({value})"
    if rule is TEXT:
        code.line(f"if type({value}) is not str: {checked}")
    elif rule is ID:
        code.line(f"if type({value}) is not str or not {value} or {value}.isspace(): {checked}")
    else:
        code.line(checked)


def _free(code: Lines, form: Form, given: str, out: str) -> None:
    """Free properties, each under the name that it has on the wire."""
    own, name, value = code.temporary(), code.temporary(), code.temporary()
    good: set[str] = set()
    known = code.constant("good", good)
    check_name = code.constant("check_name", _name_checker(form, good))
    check = code.constant("check_free", taking(free_rule(form)).validate_python)
    usual = f"type({value}) is str"
    if form.free is not Free.PARAM:
        usual = f"type({value}) is list and len({value}) == 1 and type({value}[0]) is str"
    code.line(f"{own} = {given}")
    code.line(f"if type({own}) is not dict: raise Unfit")
    with code.block(f"for {name}, {value} in {own}.items():"):
        code.line(f"if {name} not in {known}: {check_name}({name})")
        prefix = free_prefix(form)
        key = f"{prefix!r} + {name}" if prefix else name
        code.line(f"{out}[{key}] = {value} if {usual} else {check}({value})")


def _name_checker(form: Form, good: set[str]) -> Callable[[Any], None]:
    """Raises ValidationError for a bad name; remembers a good one."""
    validate = SchemaValidator(free_names(form)).validate_python

    def check(name: Any) -> None:
        validate(name)
        if len(good) < KNOWN_NAMES:
            good.add(name)

    return check
