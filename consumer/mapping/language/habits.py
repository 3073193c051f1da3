"""Habits of other languages (SQL, JavaScript, Jinja, Python) and of word processors: what is meant here.

Only for texts that cannot be read as they stand. A repair is offered where the result can be read.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from dataclasses import dataclass

_STRING = re.compile(r"""[fF]?"(?:\\.|[^"\\\n])*"|[fF]?'(?:\\.|[^'\\\n])*'""")
_PART = r"[\w.]+(?:\[[^\]]*\]|\([^()]*\))*"
"""A path or a simple call."""


@dataclass(frozen=True, slots=True)
class Repair:
    """`text` is what to write; `at` is (line, column) of the first difference, both from 0.

    `width` counts the characters that differ there. With `edits` a program may write it.
    """

    text: str
    message: str
    at: tuple[int, int]
    width: int
    hint: str = "see docs/mapping.md, Expressions"
    edits: bool = True


@dataclass(frozen=True, slots=True)
class _Habit:
    pattern: re.Pattern[str]
    meant: str | Callable[[re.Match[str]], str]
    message: str
    strings: bool = False
    """True if the pattern counts within texts in quotes as well."""


def _habit(
    pattern: str,
    meant: str | Callable[[re.Match[str]], str],
    message: str,
    *,
    strings: bool = False,
) -> _Habit:
    return _Habit(re.compile(pattern, re.IGNORECASE), meant, message, strings)


def _like(match: re.Match[str]) -> str:
    """`x LIKE 'a%'` as a function; as it stands where the pattern has a place-holder within."""
    pattern = match["pattern"]
    inner = pattern.strip("%")
    if "%" in inner or "_" in inner:
        return match[0]
    ends = pattern.startswith("%"), pattern.endswith("%")
    negation = "not " if match["not"] else ""
    if not any(ends):
        return f'{match["x"]} {"!=" if negation else "=="} "{inner}"'
    name = {(True, True): "contains", (True, False): "ends_with"}.get(ends, "starts_with")
    return f'{negation}{name}({match["x"]}, "{inner}")'


_WORDS = {"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MATH = {"≠": "!=", "≤": "<=", "≥": ">=", "×": "*", "÷": "/", "−": "-", "–": "-", "—": "-"}
_HABITS = (
    _habit("[\u00a0\u2000-\u200a\u202f\u205f\u3000]", " ", "a space that is no plain space"),
    _habit("[\u200b\u200c\u200d\u2060\ufeff]", "", "an invisible character"),
    _habit("[“”„‟«»]", '"', "quotes of a word processor: a text stands in plain quotes"),
    _habit("[‘’‚‛`´]", "'", "quotes of a word processor: a text stands in plain quotes"),
    _habit(f"[{''.join(_MATH)}]", lambda found: _MATH[found[0]], "a sign that is no operator here"),
    _habit(r"\s*;\s*$", "", "an expression is not closed by `;`"),
    _habit(r"^\s*return\s+", "", "an expression has no `return`"),
    _habit(
        rf"(?P<x>{_PART})\s+(?P<not>not\s+)?i?like\s+(?P<q>['\"])(?P<pattern>[^'\"]*)(?P=q)",
        _like,
        "`LIKE` is a function here: `starts_with`, `ends_with`, `contains`",
        strings=True,
    ),
    _habit(
        rf"(?P<x>{_PART})\s+between\s+(?P<a>{_PART})\s+and\s+(?P<b>{_PART})",
        r"\g<a> <= \g<x> <= \g<b>",
        "`BETWEEN` is written as a chain",
    ),
    _habit(
        r"\bcase\s+when\s+(.+?)\s+then\s+(.+?)\s+else\s+(.+?)\s+end\b",
        r"\2 if \1 else \3",
        "`CASE` is written `a if condition else b`",
        strings=True,
    ),
    _habit(
        r"^\s*if\s+(.+?)(?:\s+then\s+|\s*:\s*)(.+?)\s+else\s*:?\s*(.+?)\s*$",
        r"\2 if \1 else \3",
        "a choice is written `a if condition else b`",
        strings=True,
    ),
    _habit(r"\bis\s+not\s+null\b", "!= null", "an absent value is asked for with `!= null`"),
    _habit(r"\bis\s+null\b", "== null", "an absent value is asked for with `== null`"),
    _habit(r"===", "==", "`===` is written `==`"),
    _habit(r"!==", "!=", "`!==` is written `!=`"),
    _habit(r"<>", "!=", "`<>` is written `!=`"),
    _habit(r"=<", "<=", "`=<` is written `<=`"),
    _habit(r"=>", ">=", "`=>` is written `>=`"),
    _habit(r"\s*&&\s*", " and ", "`&&` is written `and`"),
    _habit(r"\s*\|\|\s*", " or ", "`||` is written `or`"),
    _habit(r"!(?![=\s])\s*", "not ", "`!` is written `not`"),
    _habit(r"\?\.(?=\w)", ".", "`?.` is written `.`: a path through an absent part is absent"),
    _habit(r"\?\.\[", "[", "`?.` is not needed: a path through an absent part is absent"),
    _habit(
        r"^\s*(.+?)\s*\?\?\s*(.+?)\s*$",
        r"coalesce(\1, \2)",
        "`??` is written `coalesce(a, b)`",
        strings=True,
    ),
    _habit(
        r"^\s*(.+?)\s*\?:\s*(.+?)\s*$",
        r"coalesce(\1, \2)",
        "`?:` is written `coalesce(a, b)`",
        strings=True,
    ),
    _habit(
        r"^\s*(.+?)\s*\?\s*(.+?)\s*:\s*(.+?)\s*$",
        r"\2 if \1 else \3",
        "`a ? b : c` is written `b if a else c`",
        strings=True,
    ),
    _habit(r"\belse\s+if\b", "else", "a further choice is written `a if x else b if y else c`"),
    _habit(
        r"\b(and|or|not|in|is|if|else|for)\b",
        lambda found: found[0].lower(),
        "words of the language are written in small letters",
    ),
    _habit(r"\bnull\b", "null", "words of the language are written in small letters"),
    _habit(
        r"(?<=\s)(eq|ne|gt|ge|lt|le)(?=\s)",
        lambda found: _WORDS[found[0].lower()],
        "comparisons are written `== != < <= > >=`",
    ),
    _habit(
        rf"(?P<x>{_PART})\s+(?P<f>starts\s?_?with|ends\s?_?with|contains)\s+(?P<y>(['\"]).*?\4|{_PART})",
        lambda found: f"{_function(found['f'])}({found['x']}, {found['y']})",
        "this is a function: `starts_with(text, start)`, `ends_with`, `contains`",
        strings=True,
    ),
    _habit(r"(?<![=!<>])=(?!=)", "==", "`==` compares; a single `=` has no meaning here"),
    _habit(
        r"\.(" + "|".join(word for word in keyword.kwlist if word.islower()) + r")\b",
        r'["\1"]',
        "a field whose name is a word of the language stands in brackets",
    ),
    _habit(
        r"^\s*(.+?\s+if\s+(?:(?!\belse\b).)+?)\s*$",
        r"\1 else null",
        "a choice has an `else`",
        strings=True,
    ),
)
_BRACES = re.compile(r"^\s*(?:\{\{\s*(.+?)\s*\}\}|[$#]\{\s*(.+?)\s*\}|\{%-?\s*(.+?)\s*-?%\})\s*$")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_BARE = re.compile(r"[\w-]+(?:[ ,.]+[\w-]+)+[.!]?", re.UNICODE)


def _function(word: str) -> str:
    bare = re.sub(r"[\s_]", "", word.lower())
    return {"startswith": "starts_with", "endswith": "ends_with"}.get(bare, bare)


def without_braces(text: str) -> Repair | None:
    """`{{ x }}` and `${x}`, which are no expressions here, as `x`."""
    found = _BRACES.match(text)
    if found is None or "}" in (inner := next(filter(None, found.groups()))):
        return None
    width = len(text.strip())
    return Repair(inner, "an expression stands without braces", (0, 0), width)


def repaired(text: str, readable: Callable[[str], bool]) -> Repair | None:
    """The probable meaning of a text that cannot be read; None if no repair makes it readable."""
    made, messages = text, []
    for habit in _HABITS:
        changed = _substituted(habit, made)
        if changed != made:
            made = changed
            messages.append(habit.message)
            if readable(made):
                return _difference(text, made, messages[0])
    for closed, message in _closed(made, readable):
        messages.append(message)
        return _difference(text, closed, messages[0])
    if _BARE.fullmatch(text.strip()) and not keyword.iskeyword(text.split(maxsplit=1)[0]):
        quoted = f'"{text.strip()}"'
        message = "a text stands in quotes within the expression"
        hint = f"write `{{text: {text.strip()}}}`"
        return Repair(quoted, message, (0, 0), len(text.strip()), hint)
    return None


def _substituted(habit: _Habit, text: str) -> str:
    if habit.strings:
        return habit.pattern.sub(habit.meant, text)
    parts, last = [], 0
    for string in _STRING.finditer(text):
        parts += [habit.pattern.sub(habit.meant, text[last : string.start()]), string[0]]
        last = string.end()
    return "".join((*parts, habit.pattern.sub(habit.meant, text[last:])))


def _closed(text: str, readable: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The text with a quote or brackets closed, or a bracket too many taken away, if it can be read."""
    bare = _STRING.sub(lambda found: "_" * len(found[0]), text)
    found: list[tuple[str, str]] = []
    quote = re.search(r"[\"']", bare)
    if quote is not None:
        # It is closed after its first word, where more of an expression follows it.
        rest = text[quote.end() :]
        word = re.match(r"[\w-]+(?=\s+(?:and|or|in|not|if|else|[=!<>]))|[\w-]+(?=\s*[\])])", rest)
        at = quote.end() + (word.end() if word else len(rest.rstrip()))
        found.append((text[:at] + quote[0] + text[at:], "this quote is not closed"))
    opened: list[str] = []
    for index, character in enumerate(bare):
        if character in "([{":
            opened.append(_CLOSING[character])
        elif character in ")]}":
            if opened and opened[-1] == character:
                opened.pop()
            else:
                found.append((text[:index] + text[index + 1 :], f"a `{character}` too many"))
                break
    if opened:
        end = text.rstrip()
        closing = "".join(reversed(opened))
        found.append((end + closing + text[len(end) :], "a bracket is not closed"))
    return [(one, message) for one, message in found if readable(one)]


def _difference(text: str, made: str, message: str) -> Repair:
    """The repair, with the place of its first difference."""
    index = next(
        (at for at, (old, new) in enumerate(zip(text, made, strict=False)) if old != new),
        min(len(text), len(made)),
    )
    before = text[:index]
    line, column = before.count("\n"), index - (before.rfind("\n") + 1)
    return Repair(made, message, (line, column), 1)
