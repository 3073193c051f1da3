"""Reads the price in a text. No price rather than a wrong one: what may be meant otherwise is absent."""

from __future__ import annotations

import re
from decimal import Decimal

_LONGEST = 200
_SPACE = " \u00a0\u2007\u2009\u202f"
_QUOTE = "'\u2019"
_DASH = "\\-\u2010-\u2015\u2212\u207b\ufe58\ufe63\uff0d"
# A point after a letter ends an abbreviation (`Rs.500`), one of several is a row of dots.
_RUN = re.compile(rf"(?:(?<![\w.,])[.,])?[0-9](?:[0-9{_SPACE}{_QUOTE}.,]*[0-9])?")
"""Digits with all that may stand inside a number."""
_NUMBER = re.compile(
    rf"(?:[0-9]{{1,30}}|[1-9][0-9]{{0,2}}(?:(?:[{_SPACE}][0-9]{{3}}){{1,9}}|(?:[{_QUOTE}][0-9]{{3}}){{1,9}}))"
    rf"(?:[.,][0-9]{{1,30}})?|[.,][0-9]{{1,30}}"
)
_GROUPING = re.compile(rf"[{_SPACE}{_QUOTE}]")
# Thousands to one shop, decimals to another: nothing in the text tells them apart.
_AMBIGUOUS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_MINUS_BEFORE = re.compile(rf"\A\W*[{_DASH}]|[{_DASH}]\W*\Z")
_MINUS_AFTER = re.compile(rf"\s*[{_DASH}]")
_MULTIPLE = re.compile(
    r"[\s.]*(?:k|к|m|м|b|bn|mn|mln|mio|mrd|тис|тыс|млн|млрд|thousand|million|billion|"
    r"(?:коп|cent|цент)\w*)(?!\w)|\s*[¢%‰٪％]",
    re.IGNORECASE,
)
"""After the number: a multiple or a fraction of the currency, or no money at all."""
_CURRENCIES = {
    "UAH": ("uah", "₴", "грн", "гривень", "гривні", "hrn"),
    "EUR": ("eur", "€", "euro", "євро", "евро"),
    "dollars": ("usd", "cad", "aud", "nzd", "hkd", "sgd", "mxn", "$", "долл", "дол"),
    "GBP": ("gbp", "£"),
    "PLN": ("pln", "zł", "зл", "злотих"),
    "CZK": ("czk", "kč"),
    "CHF": ("chf", "sfr"),
    "RUB": ("rub", "₽", "руб"),
    "KZT": ("kzt", "₸", "тг"),
    "TRY": ("try", "₺"),
    "RON": ("ron", "lei", "лей"),
    "GEL": ("gel", "₾"),
    "yen": ("jpy", "cny", "¥"),
    "HUF": ("huf", "ft"),
}
_OF_MARK = {mark: name for name, marks in _CURRENCIES.items() for mark in marks}
_PLAIN = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?")
_MARK = re.compile(r"[^\W\d_]+|[^\w\s]")


def amount(text: str) -> Decimal | None:
    """The one number in a price text; None if there is none, or if it may be another."""
    if len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text) and not _AMBIGUOUS.fullmatch(text):
        return Decimal(text)
    if not text.isascii():
        text = "".join(str(int(c)) if c.isdecimal() else c for c in text)
        if any(c.isnumeric() and not c.isdecimal() for c in text):  # ½, ², Ⅷ
            return None
    runs = list(_RUN.finditer(text))
    if len(runs) != 1:
        return None
    (run,) = runs
    number, before, after = run[0], text[: run.start()], text[run.end() :]
    if _NUMBER.fullmatch(number) is None or _AMBIGUOUS.fullmatch(number):
        return None
    if _MINUS_BEFORE.search(before) or _MINUS_AFTER.match(after) or _MULTIPLE.match(after):
        return None
    if before.rstrip().endswith("(") and after.lstrip().startswith(")"):  # a loss, to accountants
        return None
    if len({_OF_MARK[mark] for mark in _MARK.findall(text.lower()) if mark in _OF_MARK}) > 1:
        return None
    return Decimal(_GROUPING.sub("", number).replace(",", "."))
