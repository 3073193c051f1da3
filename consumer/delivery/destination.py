"""Derives the destination and the rate of each endpoint from the configuration."""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from consumer.config.yespo import YespoSettings
from consumer.model import Endpoint


@dataclass(frozen=True, slots=True)
class Destination:
    """The destination of one endpoint's events.

    `secret` is the API key (None for the tracker, which knows no authorisation), asked for again
    before each probe after a stop and now and then. In any second at most `rate + burst` requests
    start; a `rate` of None is no limit until the vendor shows one.
    """

    endpoint: Endpoint
    url: str
    secret: Callable[[], str] | None = None
    rate: float | None = None
    burst: int = 50

    def authorization(self) -> str | None:
        """HTTP Basic, "any value in Username, your API key in Password" (docs.yespo.io, API keys)."""
        if self.secret is None:
            return None
        pair = f"user:{self.secret()}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


def destinations(
    settings: YespoSettings, chosen: Callable[[Endpoint], bool] = lambda _: True
) -> list[Destination]:
    """Every endpoint of every account that is `chosen`. An account with v2 has `past_events` too."""
    found = []
    for name, account in settings.accounts.items():
        if (legacy := account.legacy) is not None:
            tracker = Endpoint(name, "legacy")
            found.append(Destination(tracker, legacy.url, None, legacy.rate, legacy.burst))
        if (v2 := account.v2) is not None:
            key, past = v2.api_key.current, v2.past_events
            found.append(Destination(Endpoint(name, "v2"), v2.url, key, v2.rate, v2.burst))
            late = Endpoint(name, "past_events")
            found.append(Destination(late, v2.past_events_url, key, past.rate, past.burst))
    return [destination for destination in found if chosen(destination.endpoint)]
