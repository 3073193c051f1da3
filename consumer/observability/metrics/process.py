"""Metrics of the process itself."""

from consumer import __version__
from consumer.observability.metrics.declare import Metric, one
from consumer.observability.parts import BridgeParts
from consumer.observability.verdict import Cause, Level
from consumer.telemetry import logs
from consumer.telemetry.exposition import Values

_PROCESS = "Process"


def _problems(parts: BridgeParts) -> Values:
    return [((cause,), float(parts.verdict.lasts(cause))) for cause in Cause]


PROCESS: tuple[Metric, ...] = (
    Metric(
        _PROCESS,
        "verdict",
        "gauge",
        (),
        "The verdict of status and page: 0 all is well, 1 a notice, 2 degraded, 3 stopped",
        "Is this replica fine?",
        read=lambda parts: one(list(Level).index(parts.verdict.level)),
    ),
    Metric(
        _PROCESS,
        "problem",
        "gauge",
        ("cause",),
        "1 while the verdict names this cause, else 0; each cause has a runbook",
        "Why is it not fine?",
        read=_problems,
    ),
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
