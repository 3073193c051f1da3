"""Every metric of ours: its name, labels, and the question it answers.

The one place where metrics are declared. `consumer.readings` gives each a reader, `metrics` exports
them, `docs/metrics.md` is generated from here, and tests hold dashboards, rules and runbooks to it.
"""

from typing import Literal, NamedTuple

PREFIX = "yespo_bridge_"

Kind = Literal["counter", "gauge", "histogram"]

_PARTITION = ("topic", "partition")
_ENDPOINT = ("account", "api")
_EVENT = (*_ENDPOINT, "event")


class Metric(NamedTuple):
    """One family. `name` stands without `PREFIX`, and without the `_total` of counters."""

    group: str
    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    question: str

    @property
    def exported(self) -> str:
        """The name as it is written in a query (of a histogram: the part before `_bucket`)."""
        return PREFIX + self.name + ("_total" if self.kind == "counter" else "")


_LEDGERS = "Where everything went"
_LAG = "How far behind"
_REQUESTS = "Requests to Yespo"
_CONTENT = "Records and mapping"
_KAFKA = "Kafka"
_PROCESS = "Process"

METRICS: tuple[Metric, ...] = (
    Metric(
        _LEDGERS,
        "records_received",
        "counter",
        _PARTITION,
        "Records taken from Kafka",
        "Is anything coming in?",
    ),
    Metric(
        _LEDGERS,
        "records_ended",
        "counter",
        (*_PARTITION, "outcome", "reason"),
        "Records by the way they ended: delivered, filtered, dead_lettered or released",
        "What became of the records, and why were they not delivered?",
    ),
    Metric(
        _LEDGERS,
        "records_in_flight",
        "gauge",
        _PARTITION,
        "Records taken that have not ended; only partitions held now",
        "How much unfinished work is held? Unlike the lag, one slow person does not inflate it",
    ),
    Metric(
        _LEDGERS,
        "events_built",
        "counter",
        _EVENT,
        "Events the mapping made, each worth one request",
        "How many events do the mappings make of the records?",
    ),
    Metric(
        _LEDGERS,
        "events_ended",
        "counter",
        (*_EVENT, "outcome"),
        "Events by the way they ended: delivered, superseded, expired, dead_lettered or released",
        "Which kind of event is not delivered?",
    ),
    Metric(
        _LEDGERS,
        "events_in_flight",
        "gauge",
        _EVENT,
        "Events made that have not ended",
        "Which kind of event is waiting?",
    ),
    Metric(
        _LEDGERS,
        "ledger_imbalance",
        "gauge",
        (),
        "Lines of the two ledgers for which received = ended + in flight does not hold",
        "Can the other figures be believed? Anything but 0 is a bug of ours",
    ),
    Metric(
        _LAG,
        "lag_records",
        "gauge",
        _PARTITION,
        "Records between the committed offset and the end of the partition",
        "How far behind are we, as Kafka's own tools count it?",
    ),
    Metric(
        _LAG,
        "lag_seconds",
        "gauge",
        _PARTITION,
        "Age by Kafka's timestamp of the oldest record that has not ended; 0 when caught up. Where"
        " records remain but none is held, the age of the last one that ended: an upper bound",
        "How late is what we send now?",
    ),
    Metric(
        _LAG,
        "commit_gap",
        "gauge",
        _PARTITION,
        "Offsets between the lowest record that has not ended and the newest one admitted",
        "Does one record hold a partition's commits up?",
    ),
    Metric(
        _LAG,
        "freshness_seconds",
        "histogram",
        _ENDPOINT,
        "From the record's Kafka timestamp to the delivery of each of its events",
        "Do people get their mails in time?",
    ),
    Metric(
        _LAG,
        "last_delivery_timestamp_seconds",
        "gauge",
        _ENDPOINT,
        "Unix time of the last delivery; 0 before the first",
        "Since when has nothing been delivered?",
    ),
    Metric(
        _REQUESTS,
        "requests",
        "counter",
        (*_ENDPOINT, "code"),
        "Attempts by answer: a status code, or the kind of fault where there was no answer",
        "What does Yespo answer?",
    ),
    Metric(
        _REQUESTS,
        "request_duration_seconds",
        "histogram",
        _ENDPOINT,
        "From handing an attempt to the HTTP client to its answer or fault",
        "Is Yespo slow?",
    ),
    Metric(
        _REQUESTS,
        "retries",
        "counter",
        (*_ENDPOINT, "class"),
        "Attempts to be repeated, by class: throttled, transient, suspect or misconfigured",
        "Why are attempts repeated?",
    ),
    Metric(
        _REQUESTS,
        "requests_in_flight",
        "gauge",
        _ENDPOINT,
        "Requests on the wire",
        "How much of the concurrency is used?",
    ),
    Metric(
        _REQUESTS,
        "requests_in_flight_limit",
        "gauge",
        (),
        "`delivery.max_in_flight`, for each endpoint",
        "Is the concurrency used up?",
    ),
    Metric(
        _REQUESTS,
        "events_waiting",
        "gauge",
        _ENDPOINT,
        "Events taken that are neither ended nor on the wire",
        "Do events queue before an endpoint?",
    ),
    Metric(
        _REQUESTS,
        "endpoint_state",
        "gauge",
        (*_ENDPOINT, "state"),
        "1 for the state the endpoint is in (flowing, throttled, suspect, down, misconfigured),"
        " else 0",
        "Is delivery stopped, and is Yespo or our configuration the cause?",
    ),
    Metric(
        _REQUESTS,
        "rate_limit_requests_per_second",
        "gauge",
        _ENDPOINT,
        "Requests that may start per second now; +Inf where nothing is known to limit them",
        "How fast may we send?",
    ),
    Metric(
        _REQUESTS,
        "rate_limit_ceiling_requests_per_second",
        "gauge",
        _ENDPOINT,
        "The most that the rate can be; +Inf without a configured limit",
        "Has a 429 pushed the rate below what the settings allow?",
    ),
    Metric(
        _REQUESTS,
        "rate_limit_wait_seconds",
        "counter",
        _ENDPOINT,
        "Time in which the next event waited for the rate alone; 1 per second: more is offered than"
        " the limit lets through",
        "Would more replicas help? Not while the rate is the limit",
    ),
    Metric(
        _CONTENT,
        "mapping_info",
        "gauge",
        ("digest",),
        "1; the digest names the mappings and schemas in force",
        "Which mapping runs, and since when?",
    ),
    Metric(
        _CONTENT,
        "mapping_reloads",
        "counter",
        ("result",),
        "Changed mapping files: taken, or refused while the old mapping goes on",
        "When did the mapping change?",
    ),
    Metric(
        _CONTENT,
        "mapping_refused",
        "gauge",
        (),
        "1 while the files hold a mapping that was refused and is not in force",
        "Does what runs differ from what was rolled out?",
    ),
    Metric(
        _CONTENT,
        "skipped",
        "counter",
        (*_ENDPOINT, "reason"),
        "Events not made though a rule asked for them, e.g. for want of a contact identifier",
        "How many events have nobody to be sent to?",
    ),
    Metric(
        _CONTENT,
        "left_out",
        "counter",
        ("field", "reason"),
        "Optional values left out of an event because they broke a rule of Yespo",
        "Which field of the source is of bad quality?",
    ),
    Metric(
        _CONTENT,
        "dead_letters",
        "counter",
        ("stage", "reason"),
        "Dead letters acknowledged by Kafka, by the first failure: decode, mapping or delivery",
        "Whose fault are the dead letters: the producer's, the mapping's, or Yespo's answer?",
    ),
    Metric(
        _CONTENT,
        "dead_letter_errors",
        "counter",
        (),
        "Failed attempts to write a dead letter; the record is held until one succeeds",
        "Is the safety net there?",
    ),
    Metric(
        _CONTENT,
        "dead_letters_outstanding",
        "gauge",
        (),
        "Dead letters that Kafka has not acknowledged yet",
        "Are records held up because their dead letter cannot be written?",
    ),
    Metric(
        _CONTENT,
        "dead_letter_breaker_open",
        "gauge",
        (),
        "1 while nothing is taken because most records became dead letters",
        "Has a bad mapping or a bad producer stopped the bridge?",
    ),
    Metric(
        _CONTENT,
        "schema_lookups",
        "counter",
        ("result",),
        "Schema look-ups: hit (in memory), miss (fetched), negative (does not exist), error (the"
        " registry could not be asked)",
        "Does the schema cache work?",
    ),
    Metric(
        _CONTENT,
        "registry_reachable",
        "gauge",
        (),
        "Whether the schema registry answered the last question; 1 before the first",
        "Is the registry the cause of paused partitions?",
    ),
    Metric(
        _KAFKA,
        "partitions_assigned",
        "gauge",
        (),
        "Partitions that are ours now",
        "Does this replica have work?",
    ),
    Metric(
        _KAFKA,
        "partitions_paused",
        "gauge",
        ("reason",),
        "Partitions standing still: buffer (full), schema (being fetched), gap (`commit.max_gap`)",
        "What holds the partitions up now?",
    ),
    Metric(
        _KAFKA,
        "pauses",
        "counter",
        ("reason",),
        "Times a partition's fetching paused because its buffer was full, or behind a schema",
        "How often does delivery slow the reading down?",
    ),
    Metric(
        _KAFKA,
        "rebalances",
        "counter",
        ("event",),
        "Partitions assigned, revoked and lost",
        "Is the group restless?",
    ),
    Metric(
        _KAFKA,
        "commits",
        "counter",
        ("result",),
        "Offset commits answered: ok or error",
        "Are commits refused?",
    ),
    Metric(
        _KAFKA,
        "last_commit_timestamp_seconds",
        "gauge",
        (),
        "Unix time of the last acknowledged commit; 0 before the first",
        "How old is the progress that a restart would keep?",
    ),
    Metric(
        _KAFKA,
        "requests_unacknowledged",
        "gauge",
        (),
        "Requests of admitted records that no acknowledged commit covers",
        "How much would a kill -9 send twice?",
    ),
    Metric(
        _KAFKA,
        "requests_unacknowledged_limit",
        "gauge",
        (),
        "`delivery.max_in_flight` + `commit.max_unacknowledged`",
        "Do missing commits hold new requests back?",
    ),
    Metric(
        _KAFKA,
        "kafka_errors",
        "counter",
        ("code",),
        "Errors reported by the Kafka client, by librdkafka's name",
        "What is wrong between us and Kafka?",
    ),
    Metric(
        _KAFKA,
        "last_poll_timestamp_seconds",
        "gauge",
        (),
        "Unix time at which the poll loop last moved as a member of the group",
        "Does the Kafka thread move?",
    ),
    Metric(
        _KAFKA,
        "joined",
        "gauge",
        (),
        "1 once Kafka was reached and the topics subscribed to, else 0",
        "Is this replica still waiting for Kafka?",
    ),
    Metric(
        _PROCESS,
        "build_info",
        "gauge",
        ("version",),
        "1; the label names the running version",
        "Which version runs where?",
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
        "Log lines left out because the same event repeated too often",
        "Is the log complete?",
    ),
)

PROCESS_METRICS = {
    "process_cpu_seconds_total": "CPU time used",
    "process_resident_memory_bytes": "Memory in use",
    "process_virtual_memory_bytes": "Address space in use",
    "process_open_fds": "File descriptors open",
    "process_max_fds": "File descriptors allowed",
    "process_start_time_seconds": "Unix time of the start; a change is a restart",
    "python_info": "The Python that runs",
    "python_gc_objects_collected_total": "Objects freed by the garbage collector",
    "python_gc_objects_uncollectable_total": "Objects it could not free",
    "python_gc_collections_total": "Its runs, by generation",
}
"""What `prometheus_client` adds on Linux; its names, no prefix."""
