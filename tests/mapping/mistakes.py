"""Mistakes made of right mappings: each a change of one line, as people make them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

Change = Callable[[str, Random], str | None]
"""A line with the mistake; None where it cannot be made there."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` counts from 1. `certain`: the check must find it, on that line."""

    kind: str
    line: int
    text: str
    certain: bool


def _of(pattern: str, made: Callable[[re.Match[str], Random], str]) -> Change:
    def change(line: str, random: Random) -> str | None:
        found = [*re.finditer(pattern, line)]
        if not found:
            return None
        match = random.choice(found)
        return line[: match.start()] + made(match, random) + line[match.end() :]

    return change


def _misspelt(match: re.Match[str], random: Random) -> str:
    word = match[0]
    at = random.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _curly(match: re.Match[str], random: Random) -> str:
    opened, closed = random.choice(("“”", "«»", "„“"))
    return f"{opened}{match[1] or match[2]}{closed}"


CERTAIN: dict[str, Change] = {
    "curly quotes": _of(r'(?<=[=\[(,] )"([^"]*)"|(?<=\[)"([^"]*)"', _curly),
    "a single =": _of(r"(?<= )==(?= )", lambda _m, _r: "="),
    "===": _of(r"(?<= )==(?= )", lambda _m, _r: "==="),
    "&&": _of(r"(?<= )and(?= )", lambda _m, _r: "&&"),
    "AND": _of(r"(?<= )and(?= )", lambda _m, _r: "AND"),
    "is not null": _of(r"!= null", lambda _m, _r: "is not null"),
    "IS NULL": _of(r"== null", lambda _m, _r: "IS NULL"),
    "a method": _of(r"\blower\(([\w.]+)\)", lambda m, _r: f"{m[1]}.lower()"),
    "SQL's lists": _of(r"\bin \[([^\]]*)\]", lambda m, _r: f"in ({m[1]})"),
    "a missing space": _of(r"^(\s+(?:- )?\w+): (?=\w)", lambda m, _r: f"{m[1]}:"),
    "a misspelt path": _of(r"(?<=: )[a-z]+\.[a-z_]{4,}(?=$|[ ,)])", _misspelt),
    "template braces": _of(r"(?<=: )([a-z]+\.[a-z_]+)$", lambda m, _r: f"{{{{ {m[1]} }}}}"),
    "a dollar": _of(r"(?<=: )([a-z]+\.[a-z_]+)$", lambda m, _r: f"${{{m[1]}}}"),
    "a bracket too few": _of(r"\)$", lambda _m, _r: ""),
    "an assignment": _of(r"^(\s+\w+): (?=[a-z]+\.)", lambda m, _r: f"{m[1]} = "),
}
POSSIBLE: dict[str, Change] = {
    "a dropped quote": _of(r'"', lambda _m, _r: ""),
    "a no-break space": _of(r"(?<=\S) (?=\S)", lambda _m, _r: "\u00a0"),
    "a no-break indentation": _of(r"^ {2,}", lambda m, _r: "\u00a0" * len(m[0])),
    "odd indentation": _of(r"^ {2,}", lambda m, r: m[0] + " " * r.choice((-1, 1, 1, 2))),
    "one space less": _of(r"^ {2}", lambda _m, _r: " "),
    "a tab": _of(r"^ {2}", lambda _m, _r: "\t"),
    "another operator": _of(
        r"==|!=|>=|<=|(?<= )[<>](?= )", lambda _m, r: r.choice(("==", ">", "in"))
    ),
    "a dropped colon": _of(r":(?= |$)", lambda _m, _r: ""),
    "a dropped character": _of(r"\S", lambda _m, _r: ""),
    "a doubled character": _of(r"\S", lambda m, _r: m[0] * 2),
    "a dropped dash": _of(r"(?<= )- ", lambda _m, _r: ""),
    "another letter case": _of(r"[a-z]{3,}", lambda m, _r: m[0].capitalize()),
    "a stray bracket": _of(r"(?<=\S)$", lambda _m, r: r.choice("()[]{}'\"`;,")),
}


def mistakes(text: str, random: Random, share: float = 1.0) -> Iterator[Mistake]:
    """Mistakes of all kinds, in a share of the places where each can be made."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        code = line.split(" #")[0].rstrip() if not line.lstrip().startswith("#") else ""
        if not code.strip():
            continue
        for certain, changes in ((True, CERTAIN), (False, POSSIBLE)):
            for kind, change in changes.items():
                if random.random() >= share:
                    continue
                if certain and code.lstrip().startswith("schema:"):
                    continue  # a file that is not there has no remedy
                made = change(code, random)
                if made is not None and made != code:
                    changed = [*lines[:number], made, *lines[number + 1 :]]
                    yield Mistake(kind, number + 1, "\n".join(changed) + "\n", certain)
        if random.random() < share and number + 1 < len(lines):
            swapped = [*lines[:number], lines[number + 1], line, *lines[number + 2 :]]
            yield Mistake("a moved line", number + 1, "\n".join(swapped) + "\n", certain=False)
