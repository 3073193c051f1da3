"""Faults of the sandbox on request: the profile a person writes, and the seeded draw from it."""

import math
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from random import Random
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from consumer.documents.findings import did_you_mean
from consumer.errors import ConfigError
from consumer.model import Api

_Z99 = 2.3263478740408408  # the 99th percentile of the standard normal distribution

_NUMBER = r"(\d+(?:\.\d+)?)"
_LATENCY_FORMS = "write seconds: `0.05`, a range `0.02..0.08`, or `0.03 p99 0.5` (median, tail)"


class Fault(StrEnum):
    """The ways in which one request gets no plain answer."""

    THROTTLED = "throttled"
    ERROR = "error"
    HANG = "hang"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    SLOW_BODY = "slow_body"
    MALFORMED = "malformed"
    REDIRECT = "redirect"
    PROXY_PAGE = "proxy_page"


ItemStatus = Literal[
    "OCCURRED_TIME_TOO_DEPTH",
    "OCCURRED_TIME_IN_FUTURE",
    "EVENT_SEGMENTATION_DISABLED",
    "SERVER_ERROR",
]

Draw = Callable[[Random], float]


def parse_latency(text: str) -> Draw:
    """A latency as written (seconds) to a function that draws one. Raises ValueError."""
    if match := re.fullmatch(f"{_NUMBER}\\.\\.{_NUMBER}", text.strip()):
        low, high = float(match[1]), float(match[2])
        if low > high:
            raise ValueError(f"the range is upside down; {_LATENCY_FORMS}")
        return lambda random: random.uniform(low, high)
    if match := re.fullmatch(f"{_NUMBER}\\s+p99\\s+{_NUMBER}", text.strip()):
        median, tail = float(match[1]), float(match[2])
        if not 0 < median <= tail:
            raise ValueError(f"the median must be above 0 and below the tail; {_LATENCY_FORMS}")
        mu, sigma = math.log(median), math.log(tail / median) / _Z99
        return lambda random: random.lognormvariate(mu, sigma)
    try:
        fixed = float(text)
    except ValueError:
        raise ValueError(_LATENCY_FORMS) from None
    if not 0 <= fixed < math.inf:
        raise ValueError(_LATENCY_FORMS)
    return lambda _: fixed


def _latency_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value


def _known_latency(text: str) -> str:
    parse_latency(text)
    return text


def _listed(value: object) -> object:
    """`v2,legacy` on the command line is a list."""
    return tuple(value.split(",")) if isinstance(value, str) else value


def _mapped(value: object) -> object:
    """`cartUpdated:SERVER_ERROR,...` on the command line is a map."""
    if not isinstance(value, str):
        return value
    parts = (part.partition(":") for part in value.split(","))
    return {name: status for name, _, status in parts}


def _known_pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FaultProfile(BaseModel):
    """The faults to inject, and how often. The default is a healthy vendor.

    The same profile, seed and order of requests give the same faults. Shares are of all requests
    to the APIs and add up to at most 1. In flags: `error=0.05`, `latency=0.02..0.08`, `only=v2`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    only: Annotated[tuple[Api, ...], BeforeValidator(_listed)] = ()
    """Touch these APIs only; empty: all three."""
    latency: Annotated[str, BeforeValidator(_latency_text), AfterValidator(_known_latency)] = "0"
    """Seconds before each answer: `0.05`, `0.02..0.08` (even), `0.03 p99 0.5` (long-tailed)."""

    slow: Annotated[str, AfterValidator(_known_pattern)] = ""
    """Bodies in which this regular expression finds something are answered ..."""
    slow_seconds: Seconds = 5.0
    """... so much later."""

    throttle_above: Annotated[float, Field(gt=0)] | None = None
    """Requests per second and API; above it 429 until the second is over."""
    retry_after: Annotated[int, Field(ge=0)] | None = None
    """Seconds in the `Retry-After` of a 429; left out, there is no such header."""

    error: Share = 0.0
    """Answered with `error_status`; the event is not taken."""
    error_status: Annotated[int, Field(ge=500, le=599)] = 500
    burst_every: Annotated[int, Field(ge=0)] = 0
    """Requests in one cycle of bursts."""
    burst_length: Annotated[int, Field(ge=0)] = 0
    """... the last so many fail with `error_status`, one after the other."""
    hang: Share = 0.0
    """Read and never answered; not taken."""
    reset_before: Share = 0.0
    """TCP reset after the headers, before the body is read."""
    reset_after: Share = 0.0
    """TCP reset in place of the answer, though the event was taken."""
    slow_body: Share = 0.0
    """Taken, and the answer's body trickles over `slow_body_seconds`."""
    slow_body_seconds: Seconds = 30.0
    malformed: Share = 0.0
    """Taken, and the answer is not HTTP."""
    redirect: Share = 0.0
    """302 to another address; not taken."""
    proxy_page: Share = 0.0
    """503 with the HTML page of a proxy; not taken."""

    close_after: Annotated[int, Field(ge=0)] = 0
    """Close each connection with its n-th answer; 0: never."""
    announce_close: bool = True
    """Say `Connection: close` then, or close without a word."""
    forbid: Annotated[str, AfterValidator(_known_pattern)] = ""
    """403 (a firewall) to a body that this regular expression finds something in; not taken."""
    unauthorized: bool = False
    """401 to every v2 and past_events request, whatever its key."""
    item_status: Annotated[dict[str, ItemStatus], BeforeValidator(_mapped)] = {}
    """past_events: the status given to events of this type, inside a 200."""

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        total = sum(self.share(fault) for fault in _SHARED)
        if total > 1 + 1e-9:
            raise ValueError(f"the shares add up to {total:g}; at most 1 can go wrong")
        if self.burst_length > self.burst_every:
            raise ValueError(
                "burst_length is the part of burst_every that fails: it cannot exceed it"
            )
        return self

    def share(self, fault: Fault) -> float:
        found = getattr(self, fault.value)
        assert isinstance(found, float)
        return found

    @classmethod
    def from_flags(cls, flags: Iterable[str]) -> Self:
        """`["error=0.05", "only=v2"]` to a profile. Raises ConfigError with all mistakes at once."""
        values: dict[str, str] = {}
        wrong: list[str] = []
        for flag in flags:
            name, equals, value = flag.partition("=")
            if name not in cls.model_fields:
                wrong.append(
                    f"--fault {flag}: unknown fault; {did_you_mean(name, cls.model_fields)}"
                )
            elif not equals:
                wrong.append(f"--fault {flag}: write `{name}=VALUE`")
            else:
                values[name] = value
        if not wrong:
            try:
                return cls.model_validate(values)
            except ValidationError as error:
                wrong = [f"--fault {line}" for line in mistakes(error)]
        raise ConfigError("\n".join(wrong))


_SHARED = (
    Fault.ERROR,
    Fault.HANG,
    Fault.RESET_BEFORE,
    Fault.RESET_AFTER,
    Fault.SLOW_BODY,
    Fault.MALFORMED,
    Fault.REDIRECT,
    Fault.PROXY_PAGE,
)


def mistakes(error: ValidationError) -> list[str]:
    """One line per mistake in a profile: the setting and what is wrong with it."""
    lines = []
    for found in error.errors():
        place = ".".join(str(part) for part in found["loc"])
        lines.append(f"{place}: {found['msg']}" if place else found["msg"])
    return lines


class FaultEngine:
    """Draws from one profile. Not shared between threads: used on the sandbox's loop only."""

    def __init__(self, profile: FaultProfile, seed: int, monotonic: Callable[[], float]) -> None:
        self.profile = profile
        self._random = Random(seed)
        self._monotonic = monotonic
        self._latency = parse_latency(profile.latency)
        self._touched = frozenset(profile.only) or frozenset[Api](("legacy", "v2", "past_events"))
        self._count = 0
        self._window: dict[Api, tuple[float, int]] = {}
        self._forbid = re.compile(profile.forbid.encode()) if profile.forbid else None
        self._slow = re.compile(profile.slow.encode()) if profile.slow else None
        self._steps: list[tuple[float, Fault]] = []
        reached = 0.0
        for fault in _SHARED:
            if profile.share(fault):
                reached += profile.share(fault)
                self._steps.append((reached, fault))
        self.quiet = profile == FaultProfile()

    def touches(self, api: Api) -> bool:
        return api in self._touched

    def draw(self, api: Api) -> Fault | None:
        """The fault of the next request to this API."""
        if api not in self._touched:
            return None
        number = self._count
        self._count += 1
        if self._above_rate(api):
            return Fault.THROTTLED
        every = self.profile.burst_every
        if every and number % every >= every - self.profile.burst_length:
            return Fault.ERROR
        if self._steps:
            point = self._random.random()
            for reached, fault in self._steps:
                if point < reached:
                    return fault
        return None

    def latency(self, api: Api, body: bytes = b"") -> float:
        """Seconds before the answer to the present request."""
        if api not in self._touched:
            return 0.0
        slowed = self._slow is not None and self._slow.search(body) is not None
        return self._latency(self._random) + (self.profile.slow_seconds if slowed else 0.0)

    def forbids(self, api: Api, body: bytes) -> bool:
        return (
            self._forbid is not None
            and api in self._touched
            and self._forbid.search(body) is not None
        )

    def _above_rate(self, api: Api) -> bool:
        limit = self.profile.throttle_above
        if limit is None:
            return False
        now = self._monotonic()
        start, count = self._window.get(api, (now, 0))
        if now - start >= 1.0:
            start, count = now, 0
        # A request that is refused does not count: the client that slows down gets its full rate.
        if count >= limit:
            self._window[api] = (start, count)
            return True
        self._window[api] = (start, count + 1)
        return False
