"""Describes mistakes of a configuration in words, at their place in the file, without secrets."""

import re
from collections.abc import Iterable, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from consumer.config.draft import NO_VALUE, Draft, dotted
from consumer.config.secrets import CREDENTIALS
from consumer.config.shape import Path, annotation_at, is_secret, keys_at, section_of
from consumer.documents.findings import Place, did_you_mean, nearest

_NAME = "write small letters, digits, `-` and `_`, at most 32"


def complain(error: ValidationError, draft: Draft) -> None:
    """Add a finding to the draft for each error; one for each place."""
    for detail in error.errors(include_url=False):
        path = _path_in(draft, detail)
        if detail["loc"][-1:] == ("[key]",):
            message = f"`{path[-1]}` is no name: {_NAME}"
            draft.fault(path, "bad-name", message, with_key=True)
        elif detail["type"] == "missing":
            _missing(draft, path)
        elif detail["type"] == "extra_forbidden":
            _unknown(draft, path)
        else:
            _wrong(draft, path, detail)


def _path_in(draft: Draft, detail: ErrorDetails) -> Path:
    """The error's location without pydantic's own parts (branches of a union, `[key]`)."""
    path: Path = ()
    for part in detail["loc"]:
        if (*path, part) not in draft.origins:
            missing = detail["type"] == "missing" and part == detail["loc"][-1]
            return (*path, part) if missing else path
        path = (*path, part)
    return path


def _missing(draft: Draft, path: Path) -> None:
    section = section_of(annotation_at(path[:-1]))
    field = section.model_fields.get(str(path[-1])) if section else None
    remedy = (field.description or "") if field else ""
    draft.fault(path, "missing", f"`{dotted(path)}` is required and missing", remedy)


def _unknown(draft: Draft, path: Path) -> None:
    known = keys_at(path[:-1])
    remedy = did_you_mean(str(path[-1]), known)
    draft.fault(path, "unknown-key", f"unknown key `{dotted(path)}`", remedy, with_key=True)
    meant = nearest(str(path[-1]), known)
    if meant is None or is_secret(annotation_at((*path[:-1], meant))):
        draft.hide(path)  # what a misspelt `api_key` holds is a key all the same


def _wrong(draft: Draft, path: Path, detail: ErrorDetails) -> None:
    origin = draft.origins.get(path)
    shown = origin.shown if origin else "nothing"
    found = shown if shown in NO_VALUE else f"`{shown}`"
    kind, context = detail["type"], detail.get("ctx", {})
    choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    if kind == "value_error":
        prefix = "" if found == "a table" else f"found {found}: "
        message = f"`{dotted(path)}`: {prefix}{context['error']}"
    else:
        expected = _EXPECTED.get(kind)
        wanted = expected.format(**{**context, "choices": ", ".join(choices)}) if expected else None
        message = f"`{dotted(path)}`: found {found}, expected {wanted or detail['msg']}"
    remedy = ""
    if near := nearest(shown, choices):
        remedy = f"did you mean `{near}`?"
    elif kind == "string_type" and isinstance(detail["input"], int | float):
        remedy = "write it in quotes, so that it stays the text that it is"
    draft.fault(path, "wrong-value", message, remedy, with_key=shown == "a table")


# By pydantic's error type; the names in braces are of the error's context.
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a table of keys",
    "model_type": "a table of keys",
    "literal_error": "one of {choices}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
    "string_too_short": "some text",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least one entry",
    "string_pattern_mismatch": "letters, digits, `.`, `-` and `_`",
}


# For files that cannot be parsed, where only the looks of a line tell what it holds.
_LOOKS_SECRET = re.compile(
    r"""(?<![\w.])(?P<key>[\w.]*(?:api_key|password|passphrase|secret|token|key\.pem)["']?\s*:\s+)"""
    r"""(?!\$\{|["']\$\{)(?P<value>[^\s#,}*|>][^,}\n]*)"""
)


def masked_lines(lines: Sequence[str], secrets: Iterable[Place]) -> list[str]:
    """The lines with what begins at these places as asterisks, to its end or that of the line. So
    are user and password of any URL. Columns stay what they were."""
    shown = list(lines)
    for place in secrets:
        line, column = shown[place.line - 1], place.column - 1
        end = place.end - 1 if place.end > place.column else len(line)
        shown[place.line - 1] = line[:column] + "*" * (end - column) + line[end:]
    return [CREDENTIALS.sub(lambda found: "*" * len(found[0]), line) for line in shown]


def masked_text(text: str) -> str:
    """The text with everything that looks like a secret as asterisks."""
    return _LOOKS_SECRET.sub(lambda match: match["key"] + "*" * len(match["value"]), text)
