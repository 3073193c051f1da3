"""Describes an event of the vendor: the shape that mappings are checked against.

The declarations themselves are the pydantic models of `legacy` and `v2`; `catalogue` derives these
descriptions from them, so that a field is declared once. Nothing here knows a particular event.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from consumer.model import Api


class Kind(StrEnum):
    """The values of a target field: the static type that a mapping expression is checked against."""

    TEXT = "text"
    NUMBER = "number"  # JSON number; decimals without exponent or binary noise
    INTEGER = "integer"
    MONEY = "money"  # number, or text such as "754 USD" where the vendor takes it
    FLAG = "flag"  # 0/1; a mapping gives a boolean or 0/1
    MILLIS = "millis"  # epoch milliseconds
    CURRENCY = "currency"  # ISO 4217 code
    TEXTS = "texts"  # array of texts; a mapping may give a single text
    OBJECT = "object"
    OBJECTS = "objects"  # array of objects
    ANY = "any"  # value of a declared custom event


class Free(StrEnum):
    """True if an object takes properties of the user's own naming, and how they are spelt."""

    NONE = "none"
    TAG = "tag_"  # legacy: `tag_<name>: [texts]`
    PLAIN = "plain"  # v2 product properties: `<name>: [texts]`
    TAGS = "Tags"  # legacy `Tags: {<name>: [texts]}`
    PARAM = "param"  # v2 event: `<name>: value`, any JSON value (text stays text)


def _none(value: Any) -> None:
    del value


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field as the vendor spells it. `source` is the page and line it comes from (`S0:167`)."""

    name: str
    kind: Kind
    required: bool
    doc: str
    source: str
    fields: tuple["FieldSpec", ...] = ()
    """Members, for OBJECT and OBJECTS."""
    free: Free = Free.NONE
    max_length: int | None = None
    may_be_empty: bool = True
    """True if an empty text or list counts as given."""
    side_effect: str = ""
    """The effect of the vendor's beyond storing it (`ip` enriches the contact): only on request, that is
    when the field itself is written; never as a free property."""
    also: tuple[str, ...] = ()
    """Names of the same thing elsewhere at the vendor (`productKey` for `productId`): a free
    property of such a name is a mistake."""
    refusal: Callable[[Any], str | None] = field(default=_none, compare=False, repr=False)
    """The reason why a value that a mapping gives it cannot be sent; None if it can. For
    what is known early."""

    def member(self, name: str) -> "FieldSpec | None":
        return next((field for field in self.fields if field.name == name), None)


class Locators(NamedTuple):
    """A person in v2: the params that name them, and the default keyValue."""

    params: tuple[dict[str, str], ...]
    key_value: str | None
    left_out: tuple[tuple[str, str], ...]


class LegacyPerson(NamedTuple):
    """A person in legacy: their members of GeneralInfo."""

    members: Mapping[str, Any]
    known: bool
    """True if anything but the cookie names them."""
    left_out: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Identity:
    """The person, as the mapping read it off the record: raw, not yet held against the rules.

    The identifiers of each API are kept with it, for all events of the record; beside that, it is
    never written to.
    """

    external_customer_id: str | None = None
    email: str | None = None
    phone: str | None = None
    contact_id: str | None = None
    push_token: str | None = None
    name: str | None = None
    cookie: str | None = None
    in_v2: Locators | None = field(default=None, init=False, repr=False, compare=False)
    in_legacy: tuple[str, LegacyPerson] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """With the `AccountContext.phones` that it was made for."""


@dataclass(frozen=True, slots=True)
class AccountContext:
    """The parts of an account's configuration that go into bodies."""

    name: str
    site_id: str = ""
    dialect: str = "yespo"
    """`yespo` or `reteno` (eSputnik pages): see docs/contract.md."""
    v2_values: str = "text"
    """`text`: nested v2 values as compact JSON text (K44); `object`: as JSON objects."""
    phones: str = "digits"
    """`digits`: `15417543010`; `as_given`: legacy phones keep their dashes (K14)."""
    without_cookie: str = "send"
    """Legacy events of a known person without a cookie: `send` (as the vendor's own plugin does) or
    `skip` (K9)."""


@dataclass(slots=True)
class Built:
    """An encoded body that satisfies every documented rule.

    Not frozen, because one is made per event and that would cost 1 µs more; it is never written to.
    """

    body: bytes
    left_out: tuple[tuple[str, str], ...] = ()
    """(field, reason) of optional values that broke a rule: identifiers mostly."""


class ContractViolation(Exception):
    """A value breaks a documented rule. `path` names the field, `rule` is a closed set (metric
    label); the text never holds the value."""

    def __init__(self, path: str, rule: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.rule = rule
        self.message = message


class NoIdentifier(Exception):
    """An event without a person: v2 without any contact identifier, legacy without even a cookie. Not
    built, never an error."""


DAY_MS = 24 * 3600 * 1000


class Alternative(NamedTuple):
    """Fields that together are enough; `dialect`: only in accounts with this setting."""

    fields: tuple[str, ...]
    dialect: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The particulars of an event, beside its fields."""

    max_age_ms: int | None = None
    """The age at which the event misleads: v2 carries no time, so the vendor takes a late one for
    news. None: it stays true."""
    whole_state: bool = False
    """The event describes a whole state after each change, so a newer one makes an older superfluous."""
    cart_state: str = ""
    """The field that identifies a state of the cart."""
    bought_state: str = ""
    """The field that names the state of the cart that was bought: the vendor joins both."""
    names_person: bool = True
    """The event concerns a person at a time (not the catalogue)."""
    array: str = ""
    """The array in which several events can travel as one request."""
    array_key: str = ""
    """The member that identifies an element of `array`."""
    alternatives: tuple[Alternative, ...] = ()
    """Groups of fields of which one must be complete; empty where `required` says it all."""


PLAIN = Traits()
"""Nothing is particular."""


class EventSpec(Protocol):
    """One documented event. `name` is the vendor's (`ProductPage`, `cartUpdated`)."""

    @property
    def api(self) -> Api: ...

    @property
    def name(self) -> str: ...

    @property
    def doc(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields that a mapping fills, beside identity and time. Legacy: the members of the
        event's body object (`GUID`, `Products`, `Tags`). v2: the params (`products`,
        `recycleStateId`)."""

    @property
    def free(self) -> Free:
        """True if the event itself takes free entries (v2: PARAM)."""

    @property
    def traits(self) -> Traits: ...

    def build(
        self,
        account: AccountContext,
        identity: Identity,
        occurred_ms: int | None,
        values: Mapping[str, Any],
        key_value: str | None = None,
    ) -> Built:
        """Validate and encode. `values` is shaped like `fields`: plain dicts, lists, str, int,
        Decimal, float, bool; absent values are left out of the dict, never None. Free properties
        stand under their own names without prefix in a dict under the key `"*"` of their object.

        Deterministic: the same input gives the same bytes. Raises ContractViolation, NoIdentifier.
        """
