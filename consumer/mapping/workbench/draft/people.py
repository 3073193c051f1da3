"""Guesses who did it: the identifiers of `identity`.

A wrong identifier joins two strangers into one contact, an absent one costs a link. So a field counts
only if its name is an identifier's and nothing else, and all that it stands in speaks of the visitor:
`user.email` does, `seller.email`, `email_hash` and `recipient_phone` do not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from consumer.contacts.email import is_address
from consumer.contacts.phone import phone_number
from consumer.mapping.language.types import Array, Integer, Mixed, Text
from consumer.mapping.workbench.draft.fields import Leaf
from consumer.mapping.workbench.draft.guesses import Guess, Level
from consumer.mapping.workbench.draft.values import Values
from consumer.mapping.workbench.draft.words import Words

_SHOPPERS = frozenset({"user", "customer", "buyer", "shopper", "client"})
_PERSON = _SHOPPERS | {
    *("contact", "profile", "person", "member", "visitor", "trait", "identity", "account"),
}
_NEUTRAL = frozenset(
    """
    meta metadata context data payload property body event envelope header info detail base common
    message record current
    """.split()  # noqa: SIM905  # a list of quoted words reads worse
)
_EMAIL = {("email",), ("email", "address"), ("e", "mail"), ("e", "mail", "address"), ("mail",)}
_PHONE = {
    *(("phone",), ("phone", "number"), ("mobile",), ("mobile", "phone"), ("msisdn",)),
    *(("tel",), ("telephone",), ("cell", "phone")),
}
_OWN_ID = {("id",), ("uid",), ("uuid",), ("guid",), ("number",), ("external", "id")}
_COOKIE = {
    *(("visitor", "id"), ("anonymous", "id"), ("anon", "id"), ("cookie",), ("cookie", "id")),
    *(("user", "pseudo", "id"), ("pseudo", "id"), ("sc",), ("sc", "cookie"), ("cookie", "sc")),
    *(("visitor",), ("visitor", "uuid"), ("guest", "id"), ("browser", "id")),
}
_FIRST = {("first", "name"), ("given", "name"), ("firstname",)}
_LAST = {("last", "name"), ("family", "name"), ("surname",), ("lastname",)}
_COUNTRY = {("country",), ("country", "code"), ("geo", "country"), ("country", "iso")}
_MANY = 20
"""Records from which on it says something that all values differ, or none does."""


def people(leaves: Sequence[Leaf], values: Values) -> dict[str, list[Guess]]:
    """The guesses of each identifier, the best first; identifiers without any are left out."""
    known = [leaf for leaf in leaves if _of_the_visitor(leaf)]
    makers: Mapping[str, Callable[[Leaf], Guess | None]] = {
        "externalCustomerId": lambda leaf: _customer(leaf, values),
        "contactId": _contact,
        "email": lambda leaf: _email(leaf, values),
        "phone": lambda leaf: _phone(leaf, leaves, values),
        "pushToken": _token,
        "cookie": lambda leaf: _cookie(leaf, values),
    }
    found = {}
    for name, make in makers.items():
        made = [guess for leaf in known if _is_text(leaf) and (guess := make(leaf))]
        if made:
            found[name] = sorted(made, key=lambda guess: -guess.level)
    if names := list(_names(known)):
        found["name"] = names
    return found


def _is_text(leaf: Leaf) -> bool:
    kind = leaf.type
    kinds = kind.branches if isinstance(kind, Mixed) else (kind,)
    return any(isinstance(one, Text | Integer) for one in kinds) and not _is_enum(leaf)


def _is_enum(leaf: Leaf) -> bool:
    return isinstance(leaf.type, Text) and leaf.type.symbols is not None


def _of_the_visitor(leaf: Leaf) -> bool:
    return leaf.within() <= _PERSON | _NEUTRAL


def _bare(words: Words) -> Words:
    """Without the words for a person that it begins with: `customer_email` is email."""
    while len(words) > 1 and words[0] in _PERSON:
        words = words[1:]
    return words


def _speaks_of_person(leaf: Leaf) -> bool:
    return bool(({*leaf.within(), *leaf.words[:-1]}) & _PERSON)


def _email(leaf: Leaf, values: Values) -> Guess | None:
    expression = f"email({leaf.path})"
    share = values.share(leaf, lambda value: is_address(str(value).strip()))
    if _bare(leaf.words) not in _EMAIL:
        if share is not None and share > 0.9:
            why = "its values are e-mail addresses, its name does not say whose"
            return Guess(expression, Level.UNSURE, why)
        return None
    if share is not None and share < 0.5:
        return Guess(expression, Level.UNSURE, "named so, yet most values are no e-mail address")
    if share is not None:
        return Guess(expression, Level.SURE, "named so, and its values are e-mail addresses")
    if not _speaks_of_person(leaf):
        return Guess(expression, Level.LIKELY, "named so; whose it is, the name does not say")
    return Guess(expression, Level.SURE, "named so, of the visitor")


def _phone(leaf: Leaf, leaves: Sequence[Leaf], values: Values) -> Guess | None:
    if _bare(leaf.words) not in _PHONE:
        return None
    number = leaf.path if isinstance(leaf.type, Text) else f"text({leaf.path})"
    country = next(
        (
            one.path
            for one in leaves
            if one.words in _COUNTRY and isinstance(one.type, Text) and len(one.names) < 3
        ),
        None,
    )
    share = values.share(leaf, lambda value: str(value).strip().startswith(("+", "00")))
    if share is not None and share > 0.99:
        there = values.share(leaf, lambda value: phone_number(str(value).strip(), "UA") is not None)
        level = Level.SURE if there is not None and there > 0.5 else Level.UNSURE
        why = "named so, and its values are international numbers"
        return Guess(f'phone({number}, "UA")', level, why)
    if country is not None:
        why = f"named so; national numbers are read as of `{country}`"
        return Guess(f"phone({number}, {country})", Level.LIKELY, why)
    why = (
        "name the country of the numbers that are written without one: a wrong one makes strangers"
    )
    return Guess(f'phone({number}, "UA")', Level.UNSURE, why)


def _customer(leaf: Leaf, values: Values) -> Guess | None:
    words, bare = leaf.words, _bare(leaf.words)
    if words[-2:] == ("contact", "id"):
        return None
    owner = {*leaf.owner, *words[: len(words) - len(bare)]}
    if words in {("external", "customer", "id"), ("external", "id"), ("external", "user", "id")}:
        level, why = Level.SURE, "named as the shop's own id of a person"
    elif bare not in _OWN_ID:
        return None
    elif bare == ("uid",) and not leaf.owners:
        level, why = Level.LIKELY, "it may be the shop's own id of a person"
    elif not owner & _PERSON or owner & {"visitor"}:
        return None
    elif owner & {"account", "client", "contact", "profile", "trait", "identity"}:
        level, why = Level.UNSURE, "an id, but of a person as the shop knows them?"
    elif bare == ("number",):
        level, why = Level.LIKELY, "the number of a customer"
    elif owner & _SHOPPERS:
        level, why = Level.SURE, "the id of a person as the shop knows them"
    else:
        level, why = Level.LIKELY, "the id of a person"
    return Guess(leaf.path, *_by_values(leaf, values, level, why))


def _by_values(leaf: Leaf, values: Values, level: Level, why: str) -> tuple[Level, str]:
    """An identifier whose values tell people apart: neither always the same, nor a person's contact."""
    found = [str(value) for value in values.of(leaf)]
    if len(found) >= _MANY and len(set(found)) == 1:
        return Level.UNSURE, f"{why}; but all its values are the same"
    if found and sum(map(is_address, found)) > len(found) / 2:
        return Level.UNSURE, f"{why}; but its values are e-mail addresses"
    return level, why


def _contact(leaf: Leaf) -> Guess | None:
    if leaf.words[-2:] != ("contact", "id") or leaf.words[:-2] not in {
        *((), ("yespo",), ("esputnik",), ("reteno",), ("e", "sputnik")),
    }:
        return None
    if len(leaf.words) > 2:
        return Guess(leaf.path, Level.SURE, "named as Yespo's own id of the contact")
    return Guess(leaf.path, Level.UNSURE, "only if it is the contact's id inside Yespo")


def _token(leaf: Leaf) -> Guess | None:
    if _bare(leaf.words) == ("push", "token"):
        return Guess(leaf.path, Level.SURE, "named so")
    if _bare(leaf.words) in {("fcm", "token"), ("apn", "token"), ("apns", "token")}:
        return Guess(leaf.path, Level.LIKELY, "a token of a push service")
    return None


def _cookie(leaf: Leaf, values: Values) -> Guess | None:
    visitor = leaf.owner == ("visitor",) and leaf.words in {("id",), ("uuid",), ("cookie",)}
    if leaf.words not in _COOKIE and not visitor:
        return None
    if "sc" in leaf.words:
        return Guess(leaf.path, Level.SURE, "named as Yespo's cookie")
    why = "the visitor, signed in or not; it has to be the value of Yespo's cookie `sc`"
    return Guess(leaf.path, *_by_values(leaf, values, Level.LIKELY, why))


def _names(known: Sequence[Leaf]) -> Iterator[Guess]:
    """First and last name joined, else a name in one field."""
    texts = [leaf for leaf in known if _is_text(leaf)]
    first = next((leaf for leaf in texts if _bare(leaf.words) in _FIRST), None)
    last = next((leaf for leaf in texts if _bare(leaf.words) in _LAST), None)
    if first is not None and last is not None:
        yield Guess(f'join([{first.path}, {last.path}], " ")', Level.SURE, "named so")
        return
    for leaf in known:
        person = {*leaf.owner, *leaf.words[:-1]} & _PERSON
        full = _bare(leaf.words) in {("name",), ("full", "name")} and person
        if not full:
            continue
        if isinstance(leaf.type, Array) and isinstance(leaf.type.item.type, Text):
            yield Guess(f'join({leaf.path}, " ")', Level.LIKELY, "the names of the person")
            return
        if _is_text(leaf):
            yield Guess(leaf.path, Level.LIKELY, "the name of the person, or their login")
            return
