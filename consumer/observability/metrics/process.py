"""Metrics of the process itself."""

from consumer import __version__
from consumer.observability.metrics.declare import Metric, one
from consumer.telemetry import logs

_PROCESS = "Process"

PROCESS: tuple[Metric, ...] = (
    Metric(
        _PROCESS,
        "build_info",
        "gauge",
        ("version",),
        "1; the label names the running version",
        "Which version runs where?",
        read=lambda _: [((__version__,), 1)],
    ),
    Metric(
        _PROCESS,
        "event_loop_lag_seconds",
        "histogram",
        (),
        "By how much timers of the event loop come late; one observation per 100 ms",
        "Is the process short of CPU?",
    ),
    Metric(
        _PROCESS,
        "log_lines_suppressed",
        "counter",
        (),
        "Log lines left out because the same event repeated too often, or that could not be "
        "written",
        "Is the log complete?",
        read=lambda _: one(logs.suppressed()),
    ),
)
