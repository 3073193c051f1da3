"""Decides what is an e-mail address, for `email(x)` in mappings and for identifiers of the contract.

The form is the one that mail systems agree on: a dot-atom, `@`, and a host name of two or more labels
(RFC 5321 and 5322; RFC 6531 and IDNA for other alphabets). Quoted local parts, comments and IP
addresses in brackets are refused: no shop's customer has one. Costs 1 µs.
"""

import re
import unicodedata

import idna

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_EDGE = r"[A-Za-z0-9\u0080-\U0010ffff]"
_LABEL = rf"{_EDGE}(?:[A-Za-z0-9\u0080-\U0010ffff-]{{0,61}}{_EDGE})?"
_ADDRESS = re.compile(
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<host>(?:{_LABEL}\.)+(?![0-9]+\Z)(?=..){_LABEL})"
)
_LONGEST = 254
_LONGEST_LOCAL = 64


def is_address(text: str) -> bool:
    """True if `text` is an address, alone and without blanks around it."""
    if len(text) > _LONGEST:
        return False
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return False
    local = found["local"]
    if text.isascii():
        return len(local) <= _LONGEST_LOCAL
    return _is_international(local, found["host"])


def _is_international(local: str, host: str) -> bool:
    """RFC 6531: letters of any alphabet before the `@`, and a host that IDNA knows after it."""
    if not all(c.isascii() or unicodedata.category(c)[0] in "LMN" for c in local):
        return False
    try:
        return len(local.encode()) <= _LONGEST_LOCAL and bool(idna.encode(host, uts46=True))
    except UnicodeError:  # as `idna.IDNAError` is
        return False
