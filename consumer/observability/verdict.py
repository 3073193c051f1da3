"""The state of one bridge, decided in one place from everything that its status knows.

Status, page, `/readyz`, the heartbeat in the log, `top` and the metric all speak from `problems`.
Each problem has a cause of a closed set, which names its runbook.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

LATE_SECONDS = 60.0
"""Age of the oldest unfinished record from which delivery counts as late: the promise to the shop."""
COMMIT_SECONDS = 10.0
"""A group that rebalances refuses commits for about a second."""
MANY = 10
"""Requests or dead letters below which a share says nothing."""


class Level(StrEnum):
    """From best to worst."""

    OK = "ok"
    NOTICE = "notice"
    """Worth knowing; delivery is not worse for it."""
    DEGRADED = "degraded"
    STOPPED = "stopped"
    """Something is not delivered at all until a person, or the other side, does something."""


class Cause(StrEnum):
    """Closed set: a metric label, and the rest of a runbook's name."""

    KAFKA_UNREACHABLE = "KafkaUnreachable"
    NO_PARTITIONS = "NoPartitions"
    STALLED = "Stalled"
    PARTITION_STUCK = "PartitionStuck"
    FETCH_FAILING = "FetchFailing"
    GAP_FULL = "GapFull"
    ENDPOINT_MISCONFIGURED = "EndpointMisconfigured"
    ENDPOINT_DOWN = "EndpointDown"
    REQUESTS_FAILING = "RequestsFailing"
    REQUESTS_SLOW = "RequestsSlow"
    THROTTLED = "Throttled"
    RATE_LIMIT_BOUND = "RateLimitBound"
    LATE = "LagNotRecovering"
    DEAD_LETTERS = "DeadLetters"
    DEAD_LETTER_FAILING = "DeadLetterFailing"
    DEAD_LETTER_BREAKER_OPEN = "DeadLetterBreakerOpen"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    REBALANCE_STORM = "RebalanceStorm"
    COMMIT_STALE = "CommitStale"
    LEDGER_IMBALANCE = "LedgerImbalance"
    MAPPING_REFUSED = "MappingRefused"
    SHORT_OF_CPU = "ShortOfCpu"

    @property
    def runbook(self) -> str:
        return f"docs/runbooks/YespoBridge{self.value}.md"


class Problem(NamedTuple):
    """`what` is a sentence for a person, without its full stop. `subject` parts two problems of one
    cause (an endpoint); `error` is the last answer or error, if there is one."""

    cause: Cause
    level: Level
    what: str
    remedy: str
    error: str = ""
    subject: str = ""


def problems(status: Mapping[str, Any]) -> list[Problem]:
    """All that is wrong, the worst first. `status` is what `/status` answers."""
    found: list[Problem] = []
    for part in (_kafka, _endpoints, _dead_letters, _registry, _partitions, _own):
        found += part(status)
    order = list(Level)
    return sorted(found, key=lambda each: -order.index(each.level))


def level(found: Sequence[Problem]) -> Level:
    """The level of the worst."""
    return found[0].level if found else Level.OK


def _kafka(status: Mapping[str, Any]) -> Iterable[Problem]:
    recent, stale = status["recent"], status["kafka"]["polled_seconds"]
    if not status["joined"]:
        yield Problem(
            Cause.KAFKA_UNREACHABLE,
            Level.STOPPED,
            "Kafka has not been reached yet",
            "check the brokers' addresses and credentials, and whether they run",
        )
    elif recent.get("kafka_errors") or stale > status["kafka"]["stale_seconds"]:
        yield Problem(
            Cause.KAFKA_UNREACHABLE,
            Level.STOPPED,
            f"Kafka does not answer (last sign of the group {stale:.0f} s ago)",
            "check the brokers and the network; it goes on by itself",
        )
    elif not status["kafka"]["partitions"]:
        yield Problem(
            Cause.NO_PARTITIONS,
            Level.NOTICE,
            "this replica holds no partition",
            "normal with more replicas than partitions; else look at the group",
        )
    for partition, error in status["kafka"]["fetch_failures"].items():
        yield Problem(
            Cause.FETCH_FAILING,
            Level.STOPPED,
            f"{partition} cannot be fetched",
            "a batch is too large or damaged: raise `receive.message.max.bytes`, or step over it",
            error,
            partition,
        )
    assigned = status["kafka"]["assigned_15m"]
    if assigned > max(MANY, 3 * status["kafka"]["most_partitions_15m"]):
        yield Problem(
            Cause.REBALANCE_STORM,
            Level.DEGRADED,
            f"{assigned} assignments in 15 minutes: partitions change hands again and again",
            "look for replicas that restart or time out",
        )
    failing = status["commits"]["failing_seconds"]
    if failing is not None and failing >= COMMIT_SECONDS:
        yield Problem(
            Cause.COMMIT_STALE,
            Level.DEGRADED,
            "commits fail: a restart would repeat what was sent since",
            "check the group coordinator and the group's permissions",
            status["commits"]["error"],
        )


def _endpoints(status: Mapping[str, Any]) -> Iterable[Problem]:
    for name, endpoint in status["endpoints"].items():
        state, error = endpoint["state"], endpoint["last_error"]
        recent = status["recent"]["endpoints"].get(name, {})
        if state == "misconfigured":
            yield Problem(
                Cause.ENDPOINT_MISCONFIGURED,
                Level.STOPPED,
                f"{name} refuses every request",
                "check the key, the URL and the account's permissions",
                error,
                name,
            )
        elif state == "down":
            yield Problem(
                Cause.ENDPOINT_DOWN,
                Level.STOPPED,
                f"{name} does not answer, or only with errors",
                "wait, or ask Yespo; nothing is lost and it goes on by itself",
                error,
                name,
            )
        elif recent:
            yield from _weather(status, name, recent, error)


def _weather(
    status: Mapping[str, Any], name: str, recent: Mapping[str, Any], error: str
) -> Iterable[Problem]:
    """Of an endpoint that works: how well."""
    requests = recent["requests"]
    if requests >= MANY and recent["throttled"] > 0.05 * requests:
        yield Problem(
            Cause.THROTTLED,
            Level.DEGRADED,
            f"{name} asks to slow down: {recent['throttled'] / requests:.0%} of its answers are 429",
            "set `rate` to what the account is allowed",
            error,
            name,
        )
    if requests >= MANY and recent["failed"] > 0.05 * requests:
        yield Problem(
            Cause.REQUESTS_FAILING,
            Level.DEGRADED,
            f"{name} fails {recent['failed'] / requests:.0%} of the requests",
            "they are repeated; ask Yespo if it lasts",
            error,
            name,
        )
    slow = recent["p90_seconds"]
    if requests >= MANY and slow is not None and slow > 2.5:
        yield Problem(
            Cause.REQUESTS_SLOW,
            Level.DEGRADED,
            f"{name} is slow: one request in ten takes {slow:g} s or longer",
            "ask Yespo; a larger `delivery.max_in_flight` helps against latency",
            subject=name,
        )
    if recent["rate_wait"] > 0.8 and _worst(status) > LATE_SECONDS:
        yield Problem(
            Cause.RATE_LIMIT_BOUND,
            Level.DEGRADED,
            f"the rate of {name} holds delivery up",
            "ask Yespo for a higher limit, then raise `rate`; more replicas do not help",
            subject=name,
        )


def _dead_letters(status: Mapping[str, Any]) -> Iterable[Problem]:
    letters, recent = status["dead_letters"], status["recent"]
    if letters["failing"] or (letters["outstanding"] and recent.get("dead_letter_errors")):
        yield Problem(
            Cause.DEAD_LETTER_FAILING,
            Level.STOPPED,
            f"{letters['outstanding']} dead letters cannot be written, their records are held",
            "check that the dead-letter topic exists and may be written",
            letters["failing"],
        )
    if letters["stopped"]:
        yield Problem(
            Cause.DEAD_LETTER_BREAKER_OPEN,
            Level.STOPPED,
            f"records are not taken: {letters['stopped']}",
            "correct the mapping or the producer; SIGHUP sets the records aside",
        )
    dead, ended = recent.get("dead_letters", 0), recent.get("ended", 0)
    if dead >= MANY and dead > 0.01 * ended:
        yield Problem(
            Cause.DEAD_LETTERS,
            Level.DEGRADED,
            f"{dead / ended:.0%} of the records became dead letters in the last minute, "
            f"{letters['last_hour']} in the last hour; the breaker is {letters['breaker']:.0%} spent",
            "`yespo-bridge dlq ls` lists the reasons",
        )


def _registry(status: Mapping[str, Any]) -> Iterable[Problem]:
    waiting = [name for name, one in status["partitions"].items() if one["waits_for_schema"]]
    if not status["registry_reachable"]:
        yield Problem(
            Cause.REGISTRY_UNREACHABLE,
            Level.STOPPED if waiting else Level.DEGRADED,
            f"the schema registry cannot be asked; {_number(waiting)} for a schema",
            "check the registry; it goes on by itself",
        )


def _partitions(status: Mapping[str, Any]) -> Iterable[Problem]:
    """Lag and what holds it: the symptom is named even where the cause is named as well."""
    held = {name: one for name, one in status["partitions"].items() if one["assigned"]}
    gaps = status["kafka"]["gap_full"]
    for one in status["stuck"]:
        if one["seconds"] >= LATE_SECONDS:
            full = one["partition"] in gaps
            yield Problem(
                Cause.GAP_FULL if full else Cause.PARTITION_STUCK,
                Level.STOPPED if full else Level.DEGRADED,
                f"{one['position']} holds its partition up ({one['why']})",
                "see `stuck` in /status: the event, its attempts and the last answer",
                one["last_answer"],
                one["partition"],
            )
    late = {name: one for name, one in held.items() if (one["lag_seconds"] or 0) > LATE_SECONDS}
    if not late:
        return
    worst = max(late, key=lambda name: late[name]["lag_seconds"])
    moved, seconds = status["recent"].get("ended", 0), status["recent"]["seconds"]
    stands = seconds >= 30 and not moved
    yield Problem(
        Cause.STALLED if stands else Cause.LATE,
        Level.STOPPED if stands else Level.DEGRADED,
        f"{len(late)} of {len(held)} partitions are behind, {worst} by "
        f"{late[worst]['lag_seconds']:.0f} s" + ("; no record ends" if stands else ""),
        "look at the other problems first; then at the rate and the number of replicas",
    )


def _own(status: Mapping[str, Any]) -> Iterable[Problem]:
    if status["mapping_refused"]:
        yield Problem(
            Cause.MAPPING_REFUSED,
            Level.DEGRADED,
            "the mapping files were changed and refused; the former mapping goes on",
            "`yespo-bridge check` names the findings; a restart would not start",
        )
    for line in status["ledger"]["imbalance"]:
        yield Problem(
            Cause.LEDGER_IMBALANCE,
            Level.DEGRADED,
            f"the ledger does not balance: {line}",
            "a bug of the bridge: keep the log and report it",
            subject=line.split(":")[0],
        )
    lag = status["recent"].get("loop_lag_p90")
    if lag is not None and lag > 0.25:
        yield Problem(
            Cause.SHORT_OF_CPU,
            Level.DEGRADED,
            f"the process is short of CPU: its timers come {lag:g} s late",
            "give it more CPU, or add replicas",
        )


def _worst(status: Mapping[str, Any]) -> float:
    ages = [one["lag_seconds"] or 0.0 for one in status["partitions"].values() if one["assigned"]]
    return max(ages, default=0.0)


def _number(names: Sequence[str]) -> str:
    return f"{len(names)} partition{' waits' if len(names) == 1 else 's wait'}"


class Found(NamedTuple):
    """A problem, and the Unix time at which it was first seen."""

    problem: Problem
    since: float

    def line(self) -> str:
        """`main/v2 refuses every request (since 12:03:07Z, last answer 401): check the key …`."""
        one, since = self.problem, time.strftime("%H:%M:%SZ", time.gmtime(self.since))
        error = f", last answer {one.error}" if one.error else ""
        return f"{one.what} (since {since}{error}): {one.remedy} [{one.cause.runbook}]"

    def plain(self) -> dict[str, Any]:
        """As it stands in `/status`."""
        one = self.problem
        return {
            "cause": one.cause.value,
            "level": one.level.value,
            "what": one.what,
            "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.since)),
            "last_error": one.error,
            "remedy": one.remedy,
            "runbook": one.cause.runbook,
        }


class Verdict:
    """The problems found last, each with the time since which it lasts.

    Replaced as a whole, so that other threads may read `found`.
    """

    def __init__(self) -> None:
        self.found: Sequence[Found] = ()

    def update(self, status: Mapping[str, Any], now: float) -> None:
        """Decide anew. What is found again keeps its time."""
        since = {(each.problem.cause, each.problem.subject): each.since for each in self.found}
        self.found = [
            Found(problem, since.get((problem.cause, problem.subject), now))
            for problem in problems(status)
        ]

    @property
    def level(self) -> Level:
        return level([each.problem for each in self.found])

    def lasts(self, cause: Cause) -> bool:
        return any(each.problem.cause is cause for each in self.found)

    def plain(self) -> dict[str, Any]:
        """As it stands in `/status`."""
        first = self.found[0].problem.what if self.found else "All is well."
        return {
            "level": self.level.value,
            "text": first,
            "problems": [each.plain() for each in self.found],
        }
