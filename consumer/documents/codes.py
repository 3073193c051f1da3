"""Codes of findings: stable names, each with what it stands for.

A code is the anchor of its section in `docs/mapping-errors.md`. Codes are part of the interface: tools
match on them, so they may be added but keep their meaning.
"""

PAGE = "docs/mapping-errors.md"

MAPPING_CODES = {
    "account": "An account that is not configured, lacks the API, or is not named among several.",
    "always-true": "A condition that holds for every record.",
    "anchor": "A YAML anchor or alias.",
    "arguments": "A function with arguments that do not fit its signature.",
    "bad-expression": "A text that cannot be read as an expression.",
    "bad-for": "A `for` without name and array.",
    "bad-key": "A YAML key that is no plain name.",
    "bad-name": "A name with characters or a length that its use does not allow.",
    "bad-schema": "An Avro schema that cannot be used.",
    "bad-topic": "A topic name or pattern that no topic of Kafka can fit.",
    "bad-yaml": "A file that YAML cannot read.",
    "by-without-for": "A `by` without the `for` whose elements it groups.",
    "conflate": "`conflate` on an event that is no cart.",
    "constant": "A value known before any record, which the vendor refuses.",
    "constant-path": "A constant text that has the name of a field.",
    "custom-event": "A custom event that the vendor's contract does not allow.",
    "dialect": "A form of an event that only another dialect of the account takes.",
    "duplicate-key": "A YAML key that stands twice in one table.",
    "duplicate-rule": "Two rules of one name.",
    "duration": "A duration without a unit.",
    "empty": "A file or an expression with nothing in it.",
    "enum-symbol": "A comparison with a text that is no symbol of the enum.",
    "f-string": "A format in an f-string.",
    "format": "A text with a format of which the vendor's field refuses every value.",
    "guid": "A purchase and a cart whose GUIDs will never match.",
    "kafka": "`kafka` or `kafka.headers` used as a value.",
    "merge": "A YAML merge key.",
    "missing-field": "A required field of an event that nothing fills.",
    "missing-key": "A required key of the mapping file that is not there.",
    "near-miss": "A free name that would be mistaken for a documented one.",
    "never-true": "A condition that holds for no record.",
    "no-cookie": "A legacy event that may go without a cookie.",
    "no-file": "A file that cannot be read.",
    "no-identity": "A file that names nobody: its events belong to no person.",
    "not-a-record": "A member of a value that is no record.",
    "not-a-union": "An `is` on a value that is no union of records.",
    "not-allowed": "Syntax of another language.",
    "not-utf8": "A file that is not UTF-8.",
    "nullable": "A value that may be absent where one is required.",
    "or-value": "`or` between values that are not booleans.",
    "personal-data": "Personal data in a field that is no identifier.",
    "price-text": "A price that takes any text, of which only amounts are sent.",
    "python-word": "`True`, `False` or `None`.",
    "reserved": "A name that belongs to the language.",
    "several-documents": "A second YAML document in the file.",
    "shadowing": "A new name that is taken already.",
    "shape": "A value of another shape: a block, a list, a single value.",
    "table": "A look-up table used as a value.",
    "tag": "A YAML tag.",
    "too-large": "A file, expression or unit beyond its limits.",
    "two-takers": "Two files that take the same records.",
    "type": "A value of another type than is taken there.",
    "union": "A field of a union of which several records are possible.",
    "unknown-branch": "An `is` with a name that is no record of the union.",
    "unknown-event": "An event that the API does not have.",
    "unknown-field": "A field that the record does not have.",
    "unknown-function": "A function that the library does not have.",
    "unknown-key": "A key that means nothing where it stands.",
    "unknown-name": "A name that nothing in scope has.",
    "unknown-target": "A field that the event does not have.",
    "unknown-word": "A word that is none of those allowed there.",
    "unreachable": "A rule whose records are all taken before it.",
    "unused": "A definition that nothing uses.",
    "version": "A mapping file or schema of a version that does not fit.",
    "when-older": "`max_age` or `when_older` without effect, or on the wrong API.",
    "whole-array": "A loop over the whole array inside a group made by `by`.",
}
"""Of mapping files; each has a section with examples on the page."""

OTHER_CODES = {
    "bad-json": "A fixture that is no JSON.",
    "bad-shape": "A file of test cases with a value of another shape.",
    "case-end": "A test case whose end is written in a way that cannot be.",
    "case-failed": "A test case whose record ends otherwise than expected.",
    "case-record": "A test case without a record, or with two.",
    "env-table": "An environment variable that names a table of the configuration.",
    "env-unknown": "An environment variable that sets nothing.",
    "missing": "A required setting that is not there.",
    "not-a-table": "A configuration that is no table of keys.",
    "plain-secret": "A secret that stands in the configuration file.",
    "reference": "A `${env:...}` or `${file:...}` that cannot be read.",
    "setting": "A setting with a value that it cannot have.",
    "wrong-value": "A setting with a value of another type or out of its bounds.",
    "setup": "A file that cannot be read, or a start that is refused for another reason.",
}
"""Of configuration, environment and test cases."""

CODES = MAPPING_CODES | OTHER_CODES


def anchor(code: str) -> str:
    """The place in the documentation that explains the code."""
    return f"{PAGE}#{code}"
