"""Names faults for a reader: the field's path, the rule, a short sentence, made of pydantic's errors."""

from collections.abc import Iterable

from pydantic_core import ValidationError

from consumer.yespo.spec import ContractViolation


class UnwritableNumber:
    """Stands for a number in a body with an exponent or too many digits. It fails every rule for
    numbers, with a reason of its own."""


_RULES = {
    "missing": ("required", "is required"),
    "extra_forbidden": ("unknown", "is no field of this event"),
    "invalid_key": ("type", "has a name that is not text"),
    "string_type": ("type", "takes text"),
    "string_unicode": ("encoding", "holds text that is not valid Unicode"),
    "string_too_long": ("too_long", "is too long"),
    "string_too_short": ("blank", "may not be blank"),
    # Only names are held against a bare pattern; values have rules of their own.
    "string_pattern_mismatch": ("unknown", "is no field of this event"),
    "int_type": ("type", "takes a whole number"),
    "float_type": ("type", "takes a number"),
    "bool_type": ("type", "takes true or false"),
    "list_type": ("type", "takes a list"),
    "dict_type": ("type", "takes an object"),
    "model_type": ("type", "takes an object"),
    "too_short": ("empty", "may not be empty"),
    "finite_number": ("number", "is not a finite number"),
    "greater_than_equal": ("range", "is too small a number"),
    "less_than": ("range", "is too large a number"),
}
"""Own rules (`number`, `currency`, `millis`, ...) carry their own sentence."""

RULES = frozenset(rule for rule, _ in _RULES.values()) | {
    "alternatives",
    "currency",
    "dialect",
    "format",
    "duplicate",
    "forbidden_character",
    "json",
    "millis",
    "near_miss",
    "side_effect",
    "body_size",
    "value",
}
"""Every rule that a violation can name: a closed set (metric label)."""


def breaks(kind: str, path: str) -> ContractViolation:
    """The violation at `path` that pydantic calls `kind` (a key of the table above)."""
    return ContractViolation(path, *_RULES[kind])


def violations(error: ValidationError, root: str) -> list[ContractViolation]:
    """All of pydantic's errors, below `root`. Neither paths nor messages hold a value."""
    found = []
    for one in error.errors(include_url=False, include_context=False):
        rule, message = _RULES.get(one["type"], (one["type"], one["msg"]))
        if isinstance(one["input"], UnwritableNumber):
            rule, message = "number", "has an exponent, or more digits than a price can"
        found.append(ContractViolation(path_of(one["loc"], root), rule, message))
    return found


def path_of(location: Iterable[int | str], root: str) -> str:
    """`("Products", 0, "price")` below `StatusCart` is `StatusCart.Products[0].price`."""
    path = root
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part in {"*", "[key]"}:
            # `*` is how a mapping's values hold free properties; on the wire it does not exist.
            continue
        else:
            path += f".{part}" if path else part
    return path
