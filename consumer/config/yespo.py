"""The configuration of `yespo`: accounts, and what is said of each of their APIs."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from consumer.config.secrets import Secret
from consumer.config.value_types import Section, Url


class LegacySettings(Section):
    """The tracker API."""

    url: Url = "https://tracker.yespo.io/api/v2"
    """The URL that events are sent to."""
    site_id: str = Field(min_length=1)
    """`GeneralInfo.siteId`, from Yespo's support."""
    dialect: Literal["yespo", "reteno"] = "yespo"
    """Whose page the account goes by. `reteno` (eSputnik) also takes a purchase that names the cart
    by GUID and no products; `yespo` does not."""
    phones: Literal["digits", "as_given"] = "digits"
    """`digits` sends `15417543010`; `as_given` keeps a valid number as written: `1-541-754-3010`."""
    without_cookie: Literal["send", "skip"] = "send"
    """The treatment of events of a person who is known (by e-mail, phone or ID) but has no cookie."""
    rate: float | None = Field(None, gt=0)
    """Requests per second of the whole group (see `delivery.share`). The vendor documents no limit
    here: none, until a 429."""
    burst: int = Field(50, ge=1)
    """Requests that may go at once beyond the even pace of `rate`."""


class PastEventsSettings(Section):
    """The call that takes v2 events of the past, where a mapping says `when_older: past_events`."""

    url: Url | None = None
    """The URL that they are sent to; by default `past_events` in place of the `event` that `url` ends
    in."""
    rate: float | None = Field(80.0, gt=0)
    """Requests per second of the whole group, each with up to 500 events; `null` for no ceiling. The
    vendor allows 100."""
    burst: int = Field(20, ge=1)
    """Requests that may go at once beyond the even pace of `rate`."""


class V2Settings(Section):
    """The Generate event v2 API."""

    url: Url = "https://yespo.io/api/v2/event"
    """The URL that events are sent to."""
    api_key: Secret
    """Sent as the password of HTTP Basic. Needs the scope "Access to events"."""
    values: Literal["text", "object"] = "text"
    """Nested values as compact JSON text (as the vendor's page shows) or as objects."""
    rate: float | None = Field(250.0, gt=0)
    """Requests per second of the whole group (see `delivery.share`); `null` for no ceiling. The
    vendor allows 350 and does not say whether per key, account or address. After a 429 it goes
    lower by itself, and comes back."""
    burst: int = Field(50, ge=1)
    """Requests that may go at once beyond the even pace of `rate`."""

    past_events: PastEventsSettings = PastEventsSettings()
    """Delivery of events that have become too old for v2."""

    @property
    def past_events_url(self) -> str:
        """The URL that events of the past are sent to."""
        return self.past_events.url or self.url.removesuffix("/event") + "/past_events"

    @model_validator(mode="after")
    def _past_events_have_a_url(self) -> Self:
        if self.past_events.url is None and not self.url.endswith("/event"):
            raise ValueError("`past_events.url` is needed where `url` does not end in `/event`")
        return self


class AccountSettings(Section):
    """One Yespo account: at least one of its two APIs."""

    legacy: LegacySettings | None = None
    """The tracker API, for what visitors look at and do."""
    v2: V2Settings | None = None
    """The Generate event API, for events of known contacts."""

    @model_validator(mode="after")
    def _has_an_api(self) -> Self:
        if self.legacy is None and self.v2 is None:
            raise ValueError("an account needs `legacy:` or `v2:`")
        return self


class YespoSettings(Section):
    """The accounts that events go to."""

    accounts: dict[
        Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?$")], AccountSettings
    ] = Field(min_length=1)
    """By a short name of your own, which metrics and dead letters show."""
