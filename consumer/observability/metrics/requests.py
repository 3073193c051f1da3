"""Metrics of the requests to Yespo, and of how fast they may start."""

from consumer.delivery.endpoint.circuit_breaker import State
from consumer.delivery.endpoint.classify import Meaning
from consumer.delivery.http.answer import Fault
from consumer.observability.metrics.declare import (
    ENDPOINT,
    Metric,
    by_endpoint,
    each_endpoint,
    one,
)
from consumer.observability.parts import BridgeParts
from consumer.telemetry.exposition import Values

_REQUESTS = "Requests to Yespo"
_CODES = ("200", "204", "400", "401", "403", "404", "429", "500", "502", "503", "504")
_REPEATED = tuple(each for each in Meaning if each not in {Meaning.DELIVERED, Meaning.INVALID})
_STATES = (*State, "throttled")
"""`throttled` is a pause of an endpoint that flows."""


def _events_waiting(parts: BridgeParts) -> Values:
    delivery = parts.delivery
    return [(endpoint, delivery.waiting_for(endpoint)) for endpoint in delivery.queues]


def _states(parts: BridgeParts) -> Values:
    for endpoint, queue in parts.delivery.queues.items():
        for state in _STATES:
            yield (*endpoint, state), float(queue.state == state)


REQUESTS: tuple[Metric, ...] = (
    Metric(
        _REQUESTS,
        "requests",
        "counter",
        (*ENDPOINT, "code"),
        "Attempts by answer: a status code, or the kind of fault where there was no answer",
        "What does Yespo answer?",
        zeros=lambda parts: each_endpoint(parts, (*_CODES, *Fault)),
    ),
    Metric(
        _REQUESTS,
        "request_duration_seconds",
        "histogram",
        ENDPOINT,
        "From handing an attempt to the HTTP client to its answer or fault",
        "Is Yespo slow?",
    ),
    Metric(
        _REQUESTS,
        "retries",
        "counter",
        (*ENDPOINT, "class"),
        "Attempts to be repeated, by class: throttled, transient, suspect or misconfigured",
        "Why are attempts repeated?",
        zeros=lambda parts: each_endpoint(parts, _REPEATED),
    ),
    Metric(
        _REQUESTS,
        "requests_in_flight",
        "gauge",
        ENDPOINT,
        "Requests on the wire",
        "How much of the concurrency is used?",
        read=lambda parts: by_endpoint(parts, lambda queue: queue.in_flight),
    ),
    Metric(
        _REQUESTS,
        "requests_in_flight_limit",
        "gauge",
        (),
        "`delivery.max_in_flight`, for each endpoint",
        "Is the concurrency used up?",
        read=lambda parts: one(parts.max_in_flight),
    ),
    Metric(
        _REQUESTS,
        "events_waiting",
        "gauge",
        ENDPOINT,
        "Events taken that are neither ended nor on the wire",
        "Do events queue before an endpoint?",
        read=_events_waiting,
    ),
    Metric(
        _REQUESTS,
        "endpoint_state",
        "gauge",
        (*ENDPOINT, "state"),
        "1 for the state the endpoint is in (flowing, throttled, suspect, down, "
        "misconfigured), else 0",
        "Is delivery stopped, and is Yespo or our configuration the cause?",
        read=_states,
    ),
    Metric(
        _REQUESTS,
        "rate_limit_requests_per_second",
        "gauge",
        ENDPOINT,
        "Requests that may start per second now; +Inf where nothing is known to limit them",
        "How fast may we send?",
        read=lambda parts: by_endpoint(parts, lambda queue: queue.limiter.rate),
    ),
    Metric(
        _REQUESTS,
        "rate_limit_ceiling_requests_per_second",
        "gauge",
        ENDPOINT,
        "The most that the rate can be; +Inf without a configured limit",
        "Has a 429 pushed the rate below what the settings allow?",
        read=lambda parts: by_endpoint(parts, lambda queue: queue.limiter.ceiling),
    ),
    Metric(
        _REQUESTS,
        "rate_limit_wait_seconds",
        "counter",
        ENDPOINT,
        "Time in which the next event waited for the rate alone; 1 per second: more is "
        "offered than the limit lets through",
        "Would more replicas help? Not while the rate is the limit",
        read=lambda parts: by_endpoint(parts, lambda queue: queue.limiter.waited),
    ),
)
