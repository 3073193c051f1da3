"""Guesses what holds for a whole mapping: when it happened, who sees it (User-Agent), and consent."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from consumer.mapping.language.types import Boolean, Integer, MapOf, Text, Time
from consumer.mapping.workbench.draft.fields import Leaf
from consumer.mapping.workbench.draft.guesses import Guess, Level
from consumer.mapping.workbench.draft.values import Values

_TIMES = (
    *(("event", "time"), ("event", "timestamp"), ("occurred", "at"), ("happened", "at")),
    *(("timestamp",), ("event", "at"), ("event", "ts"), ("at",), ("time",), ("ts",), ("datetime",)),
    *(("event", "date", "time"), ("created", "at"), ("client", "time"), ("server", "time")),
    *(("sent", "at"), ("received", "at"), ("created",)),
)
"""The best first."""
_UNITS = {
    **dict.fromkeys(("ms", "milli", "millis", "millisecond", "epochms"), "millis"),
    **dict.fromkeys(("us", "micro", "micros", "microsecond"), "micros"),
    **dict.fromkeys(("s", "sec", "second"), "seconds"),
}
_BY_DIGITS = {10: "seconds", 13: "millis", 16: "micros"}
"""The unit of an epoch time of our days, by the digits of its number."""
_ABOUT_OTHERS = frozenset(
    "consent user customer product cart order item expire expiry update birth".split()  # noqa: SIM905
)
_AGREED = frozenset(
    "granted accepted agreed agree yes true allowed allow opted_in optin opt_in 1".split()  # noqa: SIM905
)


def moments(leaves: Sequence[Leaf], values: Values) -> list[Guess]:
    """The candidates for the time of the event: the best first."""
    found = []
    for leaf in leaves:
        unit = next((_UNITS[word] for word in leaf.words if word in _UNITS), None)
        words = tuple(word for word in leaf.words if word not in _UNITS)
        if words not in _TIMES or leaf.within() & _ABOUT_OTHERS:
            continue
        rank = _TIMES.index(words) + 3 * len(leaf.names)
        guess = _moment(leaf, unit, values)
        if guess is not None:
            found.append((-guess.level, rank, guess))
    return [guess for *_, guess in sorted(found, key=lambda one: one[:2])]


def _moment(leaf: Leaf, unit: str | None, values: Values) -> Guess | None:
    match leaf.type:
        case Time():
            return Guess(leaf.path, Level.SURE, "a time by its type, named as that of the event")
        case Integer():
            digits = {len(str(value)) for value in values.of(leaf) if isinstance(value, int)}
            by_values = _BY_DIGITS.get(digits.pop()) if len(digits) == 1 else None
            if by_values is not None:
                why = f"named so, and its values are {by_values} since 1970"
                return Guess(f"{by_values}({leaf.path})", Level.SURE, why)
            if unit is not None:
                return Guess(f"{unit}({leaf.path})", Level.SURE, "its name says time and unit")
            if leaf.words == ("event", "timestamp"):
                why = "microseconds, as analytics exports have them; else `millis` or `seconds`"
                return Guess(f"micros({leaf.path})", Level.LIKELY, why)
            why = "a plain integer has no unit: `seconds`, `millis` or `micros`"
            return Guess(f"millis({leaf.path})", Level.UNSURE, why)
        case Text(symbols=None):
            share = values.share(leaf, _is_iso)
            if share is not None and share > 0.99:
                return Guess(f"time({leaf.path})", Level.SURE, "named so, its values are ISO 8601")
            return Guess(f"time({leaf.path})", Level.LIKELY, "named so, if its text is ISO 8601")
    return None


def _is_iso(value: object) -> bool:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def agents(leaves: Sequence[Leaf]) -> list[Guess]:
    """The visitor's User-Agent header."""
    names = {("user", "agent"), ("useragent",), ("ua",)}
    return [
        Guess(leaf.path, Level.SURE if leaf.words != ("ua",) else Level.UNSURE, "named so")
        for leaf in leaves
        if isinstance(leaf.type, Text) and leaf.words in names
    ]


def refusals(leaves: Sequence[Leaf], values: Values) -> list[Guess]:
    """Conditions under which the visitor has not agreed to marketing: the best first.

    A condition that is wrong suppresses too much, never too little: absent counts as no.
    """
    found = list(_refusals(leaves, values))
    return sorted(found, key=lambda guess: -guess.level)


def _refusals(leaves: Sequence[Leaf], values: Values) -> Iterator[Guess]:
    for leaf in leaves:
        words = {*leaf.words, *leaf.within()}
        consent = bool(words & {"consent", "gdpr"}) or "opt" in words or "agreed" in words
        marketing = bool(words & {"marketing", "newsletter", "ad", "advertising", "promo"})
        whole = leaf.words in {("consent",), ("consent", "given"), ("marketing",)}
        match leaf.type:
            case Boolean() if {"opt", "out"} <= words or words & {"unsubscribed", "optout"}:
                yield Guess(leaf.path, Level.LIKELY, "a flag that says no")
            case Boolean() if (consent and marketing) or whole or {"opt", "in"} <= words:
                level = Level.SURE if consent and marketing else Level.LIKELY
                yield Guess(f"not {leaf.path}", level, "a flag of consent; absent counts as no")
            case Boolean() if consent and "status" not in words:
                yield Guess(f"not {leaf.path}", Level.UNSURE, "a consent, but to marketing?")
            case MapOf(value=slot) if consent and isinstance(slot.type, Boolean):
                why = "a table of consents; is it called so there?"
                keys = values.keys(leaf.steps)
                known = [key for key in keys if key.lower() == "marketing"] or ["marketing"]
                level = Level.SURE if known[0] in keys else Level.LIKELY
                yield Guess(f'not {leaf.path}["{known[0]}"]', level, why)
            case Text() if consent and (marketing or whole):
                yield _by_word(leaf, values)


def _by_word(leaf: Leaf, values: Values) -> Guess:
    """A consent that is a word: `granted`."""
    known = leaf.type.symbols if isinstance(leaf.type, Text) and leaf.type.symbols else None
    words = known or sorted({str(value) for value in values.of(leaf)})
    yes = [word for word in words if word.lower() in _AGREED]
    if yes:
        return Guess(f'not {leaf.path} == "{yes[0]}"', Level.SURE, "a consent, and this says yes")
    why = "a consent; which word says yes?"
    return Guess(f'not {leaf.path} == "granted"', Level.UNSURE if known else Level.LIKELY, why)
