"""Converts the values of a mapping into those of the wire: one generated function per event.

    productKey   text                          taken as it is
    brand        a list of one text            taken as it is, once the name was found good
    price        anything its rule takes       converted by the rule, alone

The function raises `ContractViolation` with the path and the rule of the first fault. Paths are made
only then: a good value pays for none. The length of a text and its Unicode are left to the encoded
body, which shows both (`text_fault`).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic_core import ValidationError

from consumer.codegen import Lines
from consumer.yespo.blank import LONGEST, is_blank
from consumer.yespo.fields import FREE_KEY, Field, Form, free_prefix, free_rule
from consumer.yespo.kinds import ID, TEXT
from consumer.yespo.names import name_fault, near_miss
from consumer.yespo.numbers import is_unicode
from consumer.yespo.rules import MAX_BODY, Rule, taking
from consumer.yespo.spec import ContractViolation, Free, Kind
from consumer.yespo.violations import breaks, path_of, violations

Values = Mapping[str, Any]
Convert = Callable[[Values], dict[str, Any]]

KNOWN_NAMES = 4_096
"""Free names that are remembered as good. Mappings may make them of values."""


def converter(form: Form, root: str) -> Convert:
    """The conversion of an event whose values have this form. `root` begins the paths of faults.

    Raises (the function): ContractViolation.
    """
    code = Lines()
    code.constants |= {
        "ValidationError": ValidationError,
        "breaks": breaks,
        "refused": _refused,
        "unknown": _unknown,
    }
    with code.function("def convert(values):"):
        out = _object(code, form, "values", _Path(root))
        code.line(f"return {out}")
    names = dict(code.constants)
    # Generated from the declarations: no text of theirs reaches it except through `repr`.
    exec(compile("\n".join(code.lines), "<converter>", "exec"), names)  # noqa: S102
    made: Convert = names["convert"]  # type: ignore[assignment]  # just defined
    return made


class _Path:
    """The path of a value, as an expression that generated code evaluates when it is refused."""

    def __init__(self, literal: str, before: str = "") -> None:
        self._before = before
        self._literal = literal

    def __str__(self) -> str:
        return f"{self._before}{self._literal!r}"

    def member(self, name: str) -> "_Path":
        joined = f"{self._literal}.{name}" if self._literal or self._before else name
        return _Path(joined, self._before)

    def item(self, found: str) -> "_Path":
        """The next item of a list, of which `found` holds those that are converted."""
        return _Path("]", f"{self._before}{self._literal + '['!r} + str(len({found})) + ")


def _object(code: Lines, form: Form, given: str, path: _Path) -> str:
    """Writes lines that read the object `given`; returns the name of the object they make."""
    out, count = code.temporary(), code.temporary()
    required = sum(field.spec.required for field in form.fields)
    code.line(f"if type({given}) is not dict: raise breaks('dict_type', {path})")
    code.line(f"{out} = {{}}")
    code.line(f"{count} = {required}")
    for field in form.fields:
        if field.spec.required:
            _field(code, field, given, out, path)
            continue
        with code.block(f"if {field.spec.name!r} in {given}:"):
            code.line(f"{count} += 1")
            _field(code, field, given, out, path)
    known = {field.spec.name for field in form.fields}
    if form.free is not Free.NONE:
        known.add(FREE_KEY)
        with code.block(f"if {FREE_KEY!r} in {given}:"):
            code.line(f"{count} += 1")
            _free(code, form, f"{given}[{FREE_KEY!r}]", out, path)
    names = code.constant("known", frozenset(known))
    code.line(f"if len({given}) != {count}: raise unknown({given}, {names}, {path})")
    return out


def _field(code: Lines, field: Field, given: str, out: str, above: _Path) -> None:
    value, path = code.temporary(), above.member(field.spec.name)
    if field.spec.required:
        with code.block("try:"):
            code.line(f"{value} = {given}[{field.spec.name!r}]")
        with code.block("except KeyError:"):
            code.line(f"raise breaks('missing', {path}) from None")
    else:
        code.line(f"{value} = {given}[{field.spec.name!r}]")
    if field.inside is None:
        _value(code, field.rule, value, path)
    elif field.spec.kind is Kind.OBJECT:
        value = _object(code, field.inside, value, path)
    else:
        value = _list(code, field, field.inside, value, path)
    code.line(f"{out}[{field.spec.name!r}] = {value}")


def _list(code: Lines, field: Field, inside: Form, given: str, path: _Path) -> str:
    found, item = code.temporary(), code.temporary()
    code.line(f"if type({given}) is not list: raise breaks('list_type', {path})")
    if not field.spec.may_be_empty:
        code.line(f"if not {given}: raise breaks('too_short', {path})")
    code.line(f"{found} = []")
    with code.block(f"for {item} in {given}:"):
        code.line(f"{found}.append({_object(code, inside, item, path.item(found))})")
    return found


def _value(code: Lines, rule: Rule, value: str, path: _Path) -> None:
    """Writes the conversion of `value` by its rule, in place."""
    if rule is TEXT:
        with code.block(f"if type({value}) is not str:"):
            _by_rule(code, rule, value, value, str(path))
    elif rule is ID:
        blank = code.constant("is_blank", is_blank)
        ends = f"not {value}[0].isspace() and not {value}[-1].isspace()"
        usual = (
            f"type({value}) is str and "
            f"({ends} if len({value}) > {LONGEST} else not {blank}({value}))"
        )
        with code.block(f"if not ({usual}):"):
            _by_rule(code, rule, value, value, str(path))
    else:
        _by_rule(code, rule, value, value, str(path))


def _by_rule(code: Lines, rule: Rule, out: str, value: str, path: str) -> None:
    check = code.constant("check", taking(rule).validate_python)
    with code.block("try:"):
        code.line(f"{out} = {check}({value})")
    with code.block("except ValidationError as error:"):
        code.line(f"raise refused(error, {path}) from None")


def _free(code: Lines, form: Form, given: str, out: str, path: _Path) -> None:
    """Writes the conversion of free properties, each to the name that it has on the wire."""
    own, name, value = code.temporary(), code.temporary(), code.temporary()
    good: set[str] = set()
    known = code.constant("good", good)
    check_name = code.constant("check_name", name_checker(form, good))
    usual = f"type({value}) is str"
    if form.free is not Free.PARAM:
        usual = f"type({value}) is list and len({value}) == 1 and type({value}[0]) is str"
    prefix = free_prefix(form)
    key = f"{prefix!r} + {name}" if prefix else name
    code.line(f"{own} = {given}")
    code.line(f"if type({own}) is not dict: raise breaks('dict_type', {path})")
    with code.block(f"for {name}, {value} in {own}.items():"):
        code.line(f"if {name} not in {known}: {check_name}({name}, {path})")
        code.line(f"if {usual}: {out}[{key}] = {value}")
        with code.block("else:"):
            _by_rule(code, free_rule(form), f"{out}[{key}]", value, f"{path} + '.' + {name}")


def name_checker(form: Form, good: set[str]) -> Callable[[Any, str], None]:
    """Refuses a bad free name; remembers a good one in `good`."""
    specs = tuple(field.spec for field in form.fields)

    def check(name: Any, path: str) -> None:
        """Raises ContractViolation."""
        if type(name) is not str:
            raise breaks("string_type", path)
        if not is_unicode(name):
            raise breaks("string_unicode", path)
        where = path_of((name,), path)
        if (fault := name_fault(name)) is not None:
            raise ContractViolation(where, *fault)
        if (meant := near_miss(specs, name, form.free)) is not None:
            message = f"a free property may not be called so: it looks like {meant}"
            raise ContractViolation(where, "near_miss", message)
        if len(good) < KNOWN_NAMES:
            good.add(name)

    return check


def text_fault(values: Any, root: str) -> ContractViolation | None:
    """The first text that no body can hold: longer than a body, or not valid Unicode."""
    for path, text in _texts(values, root):
        if len(text) > MAX_BODY:
            return breaks("string_too_long", path)
        if not is_unicode(text):
            return breaks("string_unicode", path)
    return None


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if type(value) is str:
        yield path, value
    elif type(value) is dict:
        for name, inner in value.items():
            yield from _texts(inner, path_of((name,), path))
    elif type(value) is list:
        for index, inner in enumerate(value):
            yield from _texts(inner, path_of((index,), path))


def _refused(error: ValidationError, path: str) -> ContractViolation:
    return violations(error, path)[0]


def _unknown(given: Mapping[Any, Any], known: frozenset[str], path: str) -> ContractViolation:
    name = next(name for name in given if name not in known)
    if type(name) is not str:
        return breaks("invalid_key", path)
    return breaks("extra_forbidden", path_of((name,), path))
