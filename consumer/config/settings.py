"""The whole configuration as models: names, units, defaults, and what each setting is for.

The descriptions become the reference page, the JSON Schema for editors and the Helm schema. Reading
a file into these models is `config.load`; the numbers that follow from several settings, with the
inequality each must satisfy, are `config.budgets`.
"""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from consumer.avro.framing import FRAMES
from consumer.config.secrets import KafkaTable, Secret
from consumer.config.value_types import (
    Bytes,
    LocalFile,
    LocalPath,
    Seconds,
    Section,
    StartPoint,
    Url,
)
from consumer.config.yespo import YespoSettings


def _certificate_is_whole(certificate_file: str | None, key_file: str | None) -> None:
    if (certificate_file is None) != (key_file is None):
        raise ValueError("`certificate_file` and `key_file` are needed together")


class StartSettings(Section):
    """The offset at which reading begins. librdkafka itself always runs with
    `auto.offset.reset=error`."""

    no_offset: StartPoint = "error"
    """Used if the group has no committed offset: `error`, `earliest`, `latest`, or an ISO 8601 time."""
    new_topic: Literal["earliest", "latest", "error"] = "earliest"
    """For a topic that fits a pattern and appeared after the group first committed offsets of others
    that fit it. A topic that a mapping names follows `no_offset`."""
    new_partition: Literal["earliest", "latest", "error"] = "earliest"
    """For a partition that appeared after the group first committed offsets of its topic."""

    out_of_range: Literal["error", "earliest", "latest"] = "error"
    """Used if the committed offset is no longer (or not yet) in the log."""


class RegistrySettings(Section):
    """A Confluent-compatible schema registry."""

    url: Url | list[Url]
    """Base URL, or several of the same registry, tried in order."""
    username: str | None = None
    """For HTTP Basic."""
    password: Secret | None = None
    """For HTTP Basic."""
    token: Secret | None = None
    """Bearer token, instead of username and password."""
    ca_file: LocalFile | None = None
    """PEM file of the authorities to trust, instead of the system's."""
    certificate_file: LocalFile | None = None
    """PEM file of our certificate, where the registry asks for one."""
    key_file: LocalFile | None = None
    """PEM file of the certificate's private key."""
    subject_name_strategy: Literal["topic_name", "record_name", "topic_record_name"] = "topic_name"
    """The way in which producers name the subjects that mappings are checked against: `topic_name` is
    `shop.clicks-value`, `record_name` `shop.Click`, `topic_record_name` `shop.clicks-shop.Click`."""
    timeout: Seconds = 5.0
    """For one request."""
    retry_interval: Seconds = 5.0
    """Between attempts while the registry cannot be asked. Known schemas go on meanwhile."""
    missing_ttl: Seconds = Field(60.0, ge=1)
    """Time for which an id that the registry does not know is not asked for again."""
    missing_grace: Seconds = 15.0
    """Time for which a new id (above all known ones) may be missing before that is believed: a registry
    follower learns of new schemas a little later than the producer."""
    cache_dir: LocalPath | None = None
    """Folder in which fetched schemas are kept, for a start while the registry is down."""

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` are needed together")
        if self.token is not None and self.username is not None:
            raise ValueError("`token` stands instead of `username` and `password`: remove one")
        _certificate_is_whole(self.certificate_file, self.key_file)
        return self


if TYPE_CHECKING:
    Framing = str
else:
    Framing = Literal[tuple(FRAMES)]


class TopicDecodeSettings(Section):
    """The way in which the values of a topic name their schema."""

    framing: Framing = "auto"
    """`auto` looks at each record: the header `__value_schema_id`, else a zero byte and a schema id
    (`confluent`), else C3 01 and a fingerprint (`single_object`). `bare` is Avro and nothing else:
    it is never detected and needs `writer_schema`."""
    writer_schema: LocalFile | None = None
    """With `bare`: the Avro file that all values are written with."""

    @model_validator(mode="after")
    def _bare_needs_a_schema(self) -> Self:
        if (self.framing == "bare") != (self.writer_schema is not None):
            raise ValueError(
                "`framing: bare` and `writer_schema` go together: give both or neither"
            )
        return self


class DecodeSettings(TopicDecodeSettings):
    """Decoding of bytes into values."""

    topics: dict[str, TopicDecodeSettings] = Field({})
    """Topics that differ from the above, by name."""
    known_schemas: list[LocalFile] = Field([])
    """Avro files of writer schemas that single objects may name by fingerprint, beside the reader
    schemas of the mappings and what was fetched from the registry."""
    max_bytes: Bytes = Field(1024**2, ge=1024)
    """Values larger than this are dead-lettered without being decoded."""


class RetrySettings(Section):
    """Repetition of failed attempts, and the point at which an event is given up."""

    initial: Seconds = 0.5
    """Upper bound of the first wait; it doubles each time, and each wait is drawn from 0 to it."""
    maximum: Seconds = 30.0
    """Upper bound of all waits."""
    attempts: int = Field(10, ge=1)
    """Failed attempts, counted only while the endpoint delivers others, after which an event goes to
    the dead letters, once `age` is over as well."""
    age: Seconds = 600.0
    """Time for which an event must have been tried before it goes to the dead letters, once `attempts`
    are used up as well."""


class AnswerRule(Section):
    """The meaning of an answer, where the built-in table does not fit your account."""

    status: int | None = Field(None, ge=300, le=599)
    """Answers with this status. Any 2xx is a delivery, whatever the rules say."""
    body: str | None = Field(None, min_length=1)
    """... if the first 4096 bytes of their body contain this text, letter for letter."""
    fault: (
        Literal[
            "dns",
            "connect_refused",
            "connect_timeout",
            "connect_failed",
            "tls",
            "not_sent",
            "response_timeout",
            "reset_before_answer",
            "reset_in_answer",
            "malformed",
            "oversized",
        ]
        | None
    ) = None
    """Instead of a status: attempts that ended without one, by the `code` that metrics show."""
    api: Literal["legacy", "v2", "past_events"] | None = None
    """Of this API only."""
    means: Literal["invalid", "throttled", "transient", "suspect", "misconfigured"]
    """`invalid`: this event goes to the dead letters. `throttled`: pause, then again. `transient`:
    again later. `suspect`: try another event to see whether it is this one or all.
    `misconfigured`: stop until a person has helped, trying one event now and then."""

    @model_validator(mode="after")
    def _status_or_fault(self) -> Self:
        if (self.status is None) == (self.fault is None):
            raise ValueError("a rule has either `status` or `fault`")
        if self.fault is not None and self.body is not None:
            raise ValueError("a fault has no answer, and so no `body`")
        return self


class DeliverySettings(Section):
    """Requests to Yespo, for each endpoint (an API of an account)."""

    max_in_flight: int = Field(64, ge=1, le=1000)
    """Requests on the wire per endpoint."""
    connect_timeout: Seconds = 5.0
    """To be connected, TLS included."""
    response_timeout: Seconds = 15.0
    """From the last byte of the request to the end of the answer's headers."""
    total_timeout: Seconds = 20.0
    """For one attempt, from start to end."""
    connection_age: Seconds = 300.0
    """A connection is renewed after this long, so that changes of DNS are followed."""
    keepalive: Seconds = 30.0
    """An idle connection older than this is not used again."""
    ca_file: LocalFile | None = None
    """PEM file of the authorities to trust, instead of the system's."""
    certificate_file: LocalFile | None = None
    """PEM file of our certificate, where a gateway in front of Yespo asks for one."""
    key_file: LocalFile | None = None
    """PEM file of the certificate's private key."""
    share: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] = "auto"
    """This process's part of each `rate` and `burst`. `auto`: as many of them as it has of all
    partitions that the group reads; it grows a second after partitions have come. A number, where
    you divide the rates yourself."""
    product_update_linger: Annotated[Seconds, Field(le=2)] | None = None
    """Time for which a ProductUpdate waits for others of its partition, to go to the tracker in one
    request with them (20 kB at most). They keep their order among themselves, not with other events.
    Without it each goes alone."""
    client: Literal["pool", "httpx"] = "pool"
    """`pool` is our own lean HTTP/1.1 client; `httpx` supports proxies and costs many times more."""
    proxy: str | None = None
    """Only with `client: httpx`."""
    retry: RetrySettings = RetrySettings()
    """Repetition of failed attempts."""
    rules: list[AnswerRule] = Field([])
    """Meanings of answers; the first that matches wins, else the built-in table."""

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        _certificate_is_whole(self.certificate_file, self.key_file)
        return self


class CommitSettings(Section):
    """Commits of offsets, and the work that may be unfinished beyond them."""

    interval: Seconds = 1.0
    """Commit at least this often while there is progress."""
    max_unacknowledged: int = Field(1000, ge=1)
    """Requests that may be sent and not yet covered by an acknowledged commit, beyond those in
    flight. A `kill -9` repeats at most `delivery.max_in_flight + commit.max_unacknowledged`."""
    max_gap: int = Field(10_000, ge=100)
    """Records of a partition that may be taken beyond one that has not ended."""


class BufferSettings(Section):
    """The records held in memory, undecoded, over all partitions."""

    records: int = Field(20_000, ge=100)
    """Beyond this many, partitions are paused."""
    bytes: Bytes = Field(32 * 1024**2, ge=1024**2)
    """Beyond this size of keys, headers and values, partitions are paused."""


class DrainSettings(Section):
    """Time for finishing what was begun."""

    revoke: Seconds = 5.0
    """Time to finish what was begun when a partition is taken away. Blocks the kept ones too."""
    shutdown: Seconds = 25.0
    """Time to finish what was begun when the process is asked to stop."""


class BreakerSettings(Section):
    """A circuit breaker: if so much fails, nothing more is taken, until the mapping changes, or a
    person says so (SIGHUP, restart). Filtered records count as well, expired ones do not. Records that
    cannot be decoded count per topic, by `share` alone, and stop their topic alone."""

    share: float = Field(0.5, gt=0, le=1)
    """Of the last `records`, how many may become dead letters before that."""
    records: int = Field(500, ge=1, le=100_000)
    """The number of records of which `share` is taken."""
    in_a_row: int = Field(100, ge=1)
    """Or so many without one good record in between."""


class DeadLetterSettings(Section):
    """The topic of records that cannot be decoded, mapped or accepted."""

    topic: str = Field(min_length=1, max_length=249, pattern=r"^[a-zA-Z0-9._-]+$")
    """An existing Kafka topic that no mapping reads."""
    kafka: KafkaTable = Field({}, repr=False)
    """librdkafka properties of the producer, beside those of `kafka`."""
    breaker: BreakerSettings = BreakerSettings()
    """Stops a bad mapping before it has turned the topic into dead letters."""


class HttpSettings(Section):
    """Metrics, health and status."""

    host: str = "0.0.0.0"
    """Address to listen on."""
    port: int = Field(9108, ge=0, le=65535)
    """0 lets the system choose (the log names the port)."""


class LogSettings(Section):
    """The level and the form of log lines."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe lines that are written."""
    format: Literal["auto", "json", "console"] = "auto"
    """`auto`: console on a terminal, else JSON."""


class ScopeSettings(Section):
    """Endpoints that have processes and offsets of their own (`run --only NAME`)."""

    endpoints: list[str] = Field(min_length=1)
    """As `account/api`: `main/legacy`, `main/v2`. `past_events` goes with `v2`."""
    group_id: str | None = Field(None, min_length=1, max_length=249)
    """The consumer group. By default `group.id` with a dot and the scope's name behind it."""


class Settings(Section):
    """The whole configuration file."""

    kafka: KafkaTable = Field(repr=False)
    """Any librdkafka property. `bootstrap.servers` and `group.id` are required; those that this
    program must own are refused with the reason."""
    start: StartSettings = StartSettings()
    """The offset at which reading begins."""
    registry: RegistrySettings
    """The schema registry."""
    decode: DecodeSettings = DecodeSettings()
    """Decoding of bytes into values."""
    mappings: list[LocalFile] = Field(min_length=1)
    """Mapping files, relative to the configuration file."""
    yespo: YespoSettings
    """The accounts that events go to."""
    scopes: dict[
        Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$")], ScopeSettings
    ] = Field({})
    """Parts of the endpoints, by a name of your own, that do not hold each other up: together they
    hold every endpoint once. Each is run by itself, and decodes and maps every record."""
    only: list[str] = Field([])
    """The endpoints that this process sends to: the name of a scope, or endpoints where there are no
    scopes. Empty: all of them. Better given to the process: `run --only NAME`,
    `YESPO_BRIDGE_ONLY=NAME`."""
    delivery: DeliverySettings = DeliverySettings()
    """Requests to Yespo."""
    commit: CommitSettings = CommitSettings()
    """Commits of offsets."""
    buffer: BufferSettings = BufferSettings()
    """The records held in memory."""
    drain: DrainSettings = DrainSettings()
    """Time for finishing what was begun."""
    dead_letters: DeadLetterSettings
    """The topic of records that cannot be used."""
    http: HttpSettings = HttpSettings()
    """Metrics, health and status."""
    log: LogSettings = LogSettings()
    """Log lines."""
