"""Counts one endpoint's attempts by answer, their duration, and the age of what is delivered."""

from consumer.delivery.endpoint.classify import Meaning
from consumer.delivery.http.answer import Answer, Fault
from consumer.model import Endpoint, Record
from consumer.telemetry.histograms import FRESHNESS_BOUNDS, REQUEST_BOUNDS
from consumer.telemetry.tallies import Tallies


class Counts:
    """Labels are made once per endpoint and code, never per event."""

    __slots__ = ("_codes", "_endpoint", "_freshness", "_requests", "_retries", "_seconds")

    def __init__(self, endpoint: Endpoint, tallies: Tallies) -> None:
        self._endpoint = endpoint
        self._requests = tallies.counter("requests")
        self._retries = tallies.counter("retries")
        self._seconds = tallies.histogram("request_duration_seconds", REQUEST_BOUNDS).of(endpoint)
        self._freshness = tallies.histogram("freshness_seconds", FRESHNESS_BOUNDS).of(endpoint)
        self._codes: dict[Fault | int, tuple[str, str, str]] = {}

    def attempt(self, seconds: float, answer: Answer) -> None:
        self._seconds.observe(seconds)
        code = answer.fault or answer.status
        key = self._codes.get(code)
        if key is None:
            key = (self._endpoint.account, self._endpoint.api, answer.code)
            self._codes[code] = key
        self._requests.add(key)

    def delivered(self, record: Record | None, now_ms: int) -> None:
        if record is not None and record.timestamp_ms >= 0:
            self._freshness.observe((now_ms - record.timestamp_ms) / 1000)

    def repeat(self, meaning: Meaning) -> None:
        self._retries.add((self._endpoint.account, self._endpoint.api, meaning.value))
