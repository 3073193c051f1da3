"""The effective librdkafka configuration: the user's section, what we must own, our defaults."""

from collections.abc import Mapping

Value = str | int | float | bool

STATISTICS_MS = 5000

_OURS = {
    "enable.auto.commit": "an offset is committed once its record has ended, never by a timer",
    "auto.commit.enable": "an offset is committed once its record has ended, never by a timer",
    "auto.commit.interval.ms": "set `commit.interval` instead",
    "enable.auto.offset.store": "an offset is committed once its record has ended, never when read",
    "auto.offset.reset": "set `start.no_offset`, `start.new_partition` and `start.out_of_range`",
    "enable.partition.eof": "the end of a partition is watched by the program itself",
    "allow.auto.create.topics": "a misspelt topic name would create that topic",
    "statistics.interval.ms": "the lag metrics depend on it",
}
_CALLBACKS = (
    *("error_cb", "stats_cb", "throttle_cb", "oauth_cb", "log_cb", "logger", "on_commit"),
    *("rebalance_cb", "offset_commit_cb", "consume_cb", "default.topic.config"),
)

_BROKER_OWNS = ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy")

_OWNED_VALUES: Mapping[str, Value] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "allow.auto.create.topics": False,
    "statistics.interval.ms": STATISTICS_MS,
}

# A backlog must not become memory. librdkafka goes on fetching a partition until it holds
# `queued.min.messages` of it (100,000 by default) or `queued.max.messages.kbytes` of all, and the
# latter does not count what sits in headers: so the number of messages and the size of one fetch
# are bounded as well. A fetch is measured packed: records that compress 50-fold took 150 MiB at
# 512 KiB and 40 MiB at 128 KiB, at 140,000 records a second or more either way. With a short queue
# the default `fetch.queue.backoff.ms` of one second would leave a fast reader waiting: the next
# fetch has to follow as soon as there is room.
_DEFAULTS: Mapping[str, Value] = {
    "client.id": "yespo-bridge",
    "isolation.level": "read_committed",
    "queued.min.messages": 2000,
    "queued.max.messages.kbytes": 16 * 1024,
    "fetch.message.max.bytes": 128 * 1024,
    "fetch.max.bytes": 8 * 1024 * 1024,
    "fetch.queue.backoff.ms": 10,
}
_ALIASES = {"max.partition.fetch.bytes": "fetch.message.max.bytes"}


def refused(kafka: Mapping[str, Value]) -> list[tuple[str, str]]:
    """Everything wrong with the `kafka` section, as (property, reason), all at once."""
    found = [(key, reason) for key, reason in _OURS.items() if key in kafka]
    found += [
        (key, "a call-back cannot be set by configuration") for key in _CALLBACKS if key in kafka
    ]
    if not (kafka.get("bootstrap.servers") or kafka.get("metadata.broker.list")):
        found.append(("bootstrap.servers", "is required, e.g. `broker-1:9092,broker-2:9092`"))
    if not kafka.get("group.id"):
        found.append(("group.id", "is required, e.g. `yespo-bridge`"))
    protocol = kafka.get("group.protocol", "classic")
    if protocol not in {"classic", "consumer"}:
        found.append(("group.protocol", "is `classic` (the default) or `consumer` (KIP-848)"))
    if protocol == "consumer":
        reason = "is the broker's to decide with `group.protocol: consumer`; remove it"
        found += [(key, reason) for key in _BROKER_OWNS if key in kafka]
    elif kafka.get("partition.assignment.strategy", "cooperative-sticky") != "cooperative-sticky":
        reason = (
            "must be `cooperative-sticky`: the others take every partition away at each rebalance"
        )
        found.append(("partition.assignment.strategy", reason))
    return found


def effective(kafka: Mapping[str, Value]) -> dict[str, Value]:
    """The properties that the consumer is constructed with (without call-backs).

    `kafka` must be free of what `refused` names. The user's values win over our defaults.
    """
    mine = dict(_DEFAULTS)
    for alias, name in _ALIASES.items():
        if alias in kafka:
            del mine[name]
    if kafka.get("group.protocol", "classic") == "classic":
        mine["partition.assignment.strategy"] = "cooperative-sticky"
    merged = {**mine, **kafka, **_OWNED_VALUES}
    return {key: _written(value) for key, value in merged.items()}


def _written(value: Value) -> Value:
    """librdkafka reads booleans as text."""
    return str(value).lower() if isinstance(value, bool) else value
