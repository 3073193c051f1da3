"""Complaints of the YAML parser, in words for the person who wrote the file, with their remedies."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from consumer.documents.edit_lines import as_block, closers, edits_between, quoted, value_span
from consumer.documents.findings import Edit, Finding, Place

# `key: "text" more`: what stands before the value, then the character the value begins with.
_VALUE = re.compile(r"""^\s*(?:-\s+)*(?:[^\s"'\[{#][^:]*:\s+)?(?P<opens>["'\[{])""")
_ITEM = re.compile(r"^(?P<indent> *)- +(?P<key>[^\s:\"'\[{#]+:(?= |$))?")
_KEY = re.compile(r"^\s*(?:-\s+)*[^\s:]+\s*:\s*")
_TIGHT = re.compile(r"^(?P<before>\s*(?:- +)*[\w-]+)(?P<gap>:|\s*=\s+)(?P<value>[^\s:/=].*)$")
_WORD = re.compile(r"^\s*(?:- +)*[\w-]+\s*$")
_NO_COLON = re.compile(r"^(?P<before>\s*(?:- +)*[\w-]+)\s*(?:=\s*|\s+)(?P<value>\S.*)$")


@dataclass(frozen=True, slots=True)
class _Complaint:
    """Lines and columns count from 0. `opened` is where the construct in question began."""

    problem: str
    file: str
    lines: Sequence[str]
    line: int
    column: int
    opened: tuple[int, int]
    flow: bool
    """True within `[...]` or `{...}`."""

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""

    def edit(self, line: int, begin: int, end: int, text: str) -> Edit:
        return Edit(Place(self.file, line + 1, begin + 1, end + 1), text)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way out. `inline` are edits to the same effect that leave the number of lines as it is."""

    remedy: str
    edits: tuple[Edit, ...] = ()
    inline: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class _Advice:
    """`ways` are tried in turn: the first that mends the file, or gets further in it, is the remedy."""

    message: str
    ways: tuple[_Way, ...] = ()
    at: tuple[int, int] | None = None
    """Line and column, where it is not the parser's own place that matters."""


def explain(
    error: yaml.MarkedYAMLError, file: str, lines: Sequence[str]
) -> tuple[Finding, tuple[Edit, ...]]:
    """The finding for a text that cannot be parsed, and edits with which the rest can be read.

    `lines` are the file's, without line ends. The second part leaves their number as it is.
    """
    complaint = _complaint(error, file, lines)
    advice = next(filter(None, (rule(complaint) for rule in _RULES)), None)
    advice = advice or _Advice(f"YAML cannot read this: {complaint.problem}")
    line, column = advice.at or (complaint.line, complaint.column)
    way = next((way for way in advice.ways if _helps(way, complaint)), None)
    remedy = way or next(iter(advice.ways), _Way(""))
    edits = way.edits if way else ()
    place = Place(file, line + 1, column + 1)
    finding = Finding(place, "bad-yaml", advice.message, remedy.remedy, edits=edits)
    return finding, (way.inline or way.edits) if way else ()


def _complaint(error: yaml.MarkedYAMLError, file: str, lines: Sequence[str]) -> _Complaint:
    mark, context = error.problem_mark, error.context_mark or error.problem_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    opened = (context.line, context.column) if context else (line, column)
    problem, flow = error.problem or "no reason given", "flow" in (error.context or "")
    padded = [*lines, *("" for _ in range(len(lines), max(line, opened[0]) + 1))]
    return _Complaint(problem, file, padded, line, column, opened, flow)


def _helps(way: _Way, it: _Complaint) -> bool:
    """True if YAML gets further in the file with these edits."""
    if not way.edits:
        return False
    lines = edits_between(it.lines, way.inline or way.edits)
    try:
        for _ in yaml.parse("\n".join(lines) + "\n", Loader=yaml.CSafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        mark, last = error.problem_mark, (way.inline or way.edits)[-1]
        beyond = last.place.column + len(last.text) if last.place.line == it.line + 1 else it.column
        return mark is not None and (mark.line, mark.column) > (it.line, max(it.column, beyond))
    except yaml.YAMLError:
        return False
    return True


def _tab(it: _Complaint) -> _Advice | None:
    if "\t" not in it.text[: it.column + 1]:
        return None
    edits = tuple(
        it.edit(it.line, index, index + 1, "  ")
        for index, character in enumerate(it.text)
        if character == "\t"
    )
    way = _Way("YAML is indented with spaces, not tabs", edits)
    return _Advice("a tab where YAML expects spaces", (way,))


def _open_quote(it: _Complaint) -> _Advice | None:
    if "unexpected end of stream" in it.problem:
        return _Advice("this quote is never closed", tuple(_closing(it, it.opened)), at=it.opened)
    begun = _crossing(it)
    if begun is None:
        return None
    message = f"this quote is not closed on its line, but by the next one, on line {it.line + 1}"
    return _Advice(message, tuple(_closing(it, begun)), at=begun)


def _closing(it: _Complaint, begun: tuple[int, int]) -> Iterator[_Way]:
    """A quote closed at the end of its line; within braces before the next `,` or bracket."""
    number, column = begun
    line = it.lines[number]
    ends = [len(line.rstrip())]
    if closers(line[:column]):
        found = re.search(r"[,}\]]", line[column:])
        ends = [column + found.start()] if found else ends
    for end in ends:
        yield _Way("close it on the same line", (it.edit(number, end, end, line[column]),))


def _crossing(it: _Complaint) -> tuple[int, int] | None:
    """Line and column of the quote that is closed, lines below, in the line that cannot be read."""
    try:
        for token in yaml.scan("\n".join(it.lines), Loader=yaml.CSafeLoader):
            begun, end = token.start_mark, token.end_mark
            quoted_ = isinstance(token, yaml.ScalarToken) and token.style in {'"', "'"}
            if quoted_ and begun.line < end.line == it.line:
                return begun.line, begun.column
    except yaml.YAMLError:
        return None
    return None


def _escape(it: _Complaint) -> _Advice | None:
    if "unknown escape" not in it.problem:
        return None
    remedy = 'write `\\\\` for a backslash within "...", or put the value in a `|` block'
    edit = it.edit(it.line, it.column, it.column, "\\")
    return _Advice("YAML does not know this escape", (_Way(remedy, (edit,)),))


def _open_bracket(it: _Complaint) -> _Advice | None:
    if not re.search(r"expected ',' or '[\]}]'", it.problem):
        return None
    line, column = it.opened
    if it.line > line:
        text = it.lines[line]
        end = len(text.rstrip())
        message = f"this `{text[column]}` is never closed"
        edit = it.edit(line, end, end, closers(text))
        return _Advice(message, (_Way("close it", (edit,)),), at=it.opened)
    missing = closers(it.text[: it.column])
    if it.text[it.column : it.column + 1] in missing[1:]:
        # Another bracket is closed first.
        needed = missing[: missing.index(it.text[it.column])]
        edit = it.edit(it.line, it.column, it.column, needed)
        return _Advice(f"a `{needed}` is missing before this", (_Way("close it", (edit,)),))
    message = "something follows a value within brackets"
    ways = [_quotes(it, it.line, it.column)]
    if not closers(it.lines[line][:column]):
        # The brackets may be those of an expression, which YAML takes for its own.
        ways.insert(0 if it.text[column] == "[" else 1, _block(it, it.line, column))
    return _Advice(message, tuple(way for way in ways if way))


def _goes_on(it: _Complaint) -> _Advice | None:
    """An expression that begins with a quote or bracket, the classic: `a: "x" + b`."""
    value = _VALUE.match(it.text)
    if value is None or it.column < value.end():
        return None
    begins = "a quote" if value["opens"] in "\"'" else f"`{value['opens']}`"
    message = f"this value begins with {begins}, so for YAML it ends where that closes"
    return _Advice(message, (_block(it, it.line, value.end() - 1),))


def _bad_beginning(it: _Complaint) -> _Advice | None:
    if "cannot start any token" not in it.problem and "expected node content" not in it.problem:
        return None
    shown = it.text[it.column : it.column + 1]
    message = f"in YAML a value cannot begin with {shown}"
    way = _quotes(it, it.line, it.column) if closers(it.text[: it.column]) else None
    return _Advice(message, (way or _block(it, it.line, it.column),))


def _colon(it: _Complaint) -> _Advice | None:
    if "mapping values are not allowed" not in it.problem:
        return None
    key = _KEY.match(it.text)
    if key is not None and key.end() <= it.column:
        return _Advice("a second `: ` within one value", (_block(it, it.line, key.end()),))
    message = "a key, where the value of the line above still goes on"
    remedy = "check that the line above has its `:`, and that this one is not indented deeper"
    above = next((n for n in range(it.line - 1, -1, -1) if it.lines[n].strip()), None)
    if above is None:
        return _Advice(message, (_Way(remedy),))
    if advice := _tight(it, above):
        return advice
    end, column = len(it.lines[above].rstrip()), _key_column(it.lines[above])
    ways = [_Way(remedy, _reindented(it, it.line, column))]
    if _WORD.match(it.lines[above]):
        ways.insert(0, _Way(remedy, (it.edit(above, end, end, ":"),)))
    return _Advice(message, tuple(ways))


def _tight(it: _Complaint, number: int) -> _Advice | None:
    """`key:value`, which YAML takes for one text."""
    tight = _TIGHT.match(it.lines[number])
    if tight is None:
        return None
    remedy = f"write `{tight['before'].strip('- ')}: {tight['value']}`"
    way = _Way(remedy, (it.edit(number, tight.end("before"), tight.start("value"), ": "),))
    at = (number, _key_column(it.lines[number]))
    message = "a space is missing after the `:`"
    message = message if tight["gap"] == ":" else "a key and its value stand with `: ` between them"
    return _Advice(message, (way,), at=at)


def _no_colon(it: _Complaint) -> _Advice | None:
    if "could not find expected ':'" not in it.problem:
        return None
    line, text = it.opened[0], it.lines[it.opened[0]]
    if advice := _tight(it, line):
        return advice
    message, end = "a line without `:` where `key: value` is expected", len(text.rstrip())
    ways = []
    if _WORD.match(text):
        ways.append(_Way("", (it.edit(line, end, end, ":"),)))
    elif found := _NO_COLON.match(text):
        gap = it.edit(line, found.end("before"), found.start("value"), ": ")
        ways.append(_Way(f"write `{found['before'].strip('- ')}: {found['value']}`", (gap,)))
    return _Advice(message, tuple(ways), at=it.opened)


def _indentation(it: _Complaint) -> _Advice | None:
    if "did not find expected" not in it.problem:
        return None
    line, column = it.opened
    key = _key_of_item(it) if "'-'" in it.problem else None
    if key is not None:
        remedy = f"begin it at column {key[1] + 1}, like the key on line {key[0] + 1}"
        remedy += "\nif it is an item of its own, begin it with `- `"
        way = _Way(remedy, _reindented(it, it.line, key[1]))
        return _Advice("this key stands outside of the list item above", (way,))
    if it.column == column:
        return _Advice("a list item is expected here", (_Way("begin the line with `- `"),))
    choices = [(number, at) for number, at in _columns(it) if at != it.column]
    nearest = sorted(choices, key=lambda one: (abs(one[1] - it.column), -one[1]))
    ways = []
    for number, at in nearest or [(line, column)]:
        remedy = f"begin it at column {at + 1}, like line {number + 1}"
        others = [
            f"at column {other + 1}, like line {n + 1}" for n, other in nearest if other != at
        ]
        remedy = "\nor ".join((remedy, *others[:1]))
        ways.append(_Way(remedy, _reindented(it, it.line, at)))
    return _Advice("the indentation of this line fits no line above", tuple(ways))


def _columns(it: _Complaint) -> Iterator[tuple[int, int]]:
    """Lines above that this one may stand beside, as (line, column), the nearest first."""
    least = 1_000_000
    for number in range(it.line - 1, -1, -1):
        line = it.lines[number]
        indent = len(line) - len(line.lstrip())
        if line.strip() and not line.lstrip().startswith("#") and indent < least:
            least = indent
            item = _ITEM.match(line)
            if item is not None and item["key"]:
                yield number, item.start("key")
            yield number, indent


def _reindented(it: _Complaint, number: int, column: int) -> tuple[Edit, ...]:
    """Edits that let the line, with all that is indented deeper below it, begin at a column."""
    text = it.lines[number]
    before = len(text) - len(text.lstrip())
    edits = [it.edit(number, 0, before, " " * column)]
    for below in range(number + 1, len(it.lines)):
        line = it.lines[below]
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent <= before:
            break
        if line.strip():
            edits.append(it.edit(below, 0, indent, " " * max(0, indent + column - before)))
    return tuple(edits)


def _key_column(text: str) -> int:
    """Column of a line's key, behind the dashes of list items."""
    return len(text) - len(text.lstrip(" -"))


def _key_of_item(it: _Complaint) -> tuple[int, int] | None:
    """The first key of the last item of this list, if it has keys and a key is what cannot be read."""
    if ":" not in it.text:
        return None
    first, column = it.opened
    for number in range(it.line - 1, first - 1, -1):
        item = _ITEM.match(it.lines[number])
        if item is not None and len(item["indent"]) == column:
            return (number, item.start("key")) if item["key"] else None
    return None


def _block(it: _Complaint, number: int, begin: int) -> _Way:
    """The value that begins at index `begin` of the line, in a `|` block."""
    text = it.lines[number]
    remedy, block = as_block(text, begin)
    value = text[begin:].rstrip()
    inline = it.edit(number, begin, begin + len(value), quoted(value))
    if block is None:
        return _Way(remedy, (inline,))
    return _Way(remedy, (it.edit(number, begin, begin + len(value), block),), (inline,))


def _quotes(it: _Complaint, number: int, index: int) -> _Way | None:
    """The value at an index within braces, in quotes: there are no `|` blocks between braces."""
    text = it.lines[number]
    span = value_span(text, index)
    if span is None:
        return None
    begin, end = span
    shown = quoted(text[begin:end])
    remedy = f"between brackets the whole value stands in quotes:\n  {shown}"
    return _Way(remedy, (it.edit(number, begin, end, shown),))


_RULES = (
    _tab,
    _open_quote,
    _escape,
    _open_bracket,
    _goes_on,
    _bad_beginning,
    _colon,
    _no_colon,
    _indentation,
)
