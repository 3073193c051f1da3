"""The whole configuration as models: names, units, defaults, and what each setting is for.

The descriptions become the reference page, the JSON Schema for editors and the Helm schema. Reading
a file into these models is `config.load`; the numbers that follow from several settings, with the
inequality each must satisfy, are `config.budgets`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from consumer.config.units import Bytes, Seconds


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class StartSettings(Section):
    """Where reading begins. librdkafka itself always runs with `auto.offset.reset=error`."""

    no_offset: str = "error"
    """When the group has no committed offset: `error`, `earliest`, `latest`, or an ISO 8601 time."""

    new_partition: Literal["earliest", "latest", "error"] = "earliest"
    """For a partition that appeared after the group first committed offsets of its topic."""

    out_of_range: Literal["error", "earliest", "latest"] = "error"
    """When the committed offset is no longer (or not yet) in the log."""


class RegistrySettings(Section):
    """A Confluent-compatible schema registry."""

    url: str | list[str]
    """Base URL, or several of the same registry, tried in order."""
    username: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    """Bearer token, instead of username and password."""
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    timeout: Seconds = 5.0
    """For one request."""
    retry_interval: Seconds = 5.0
    """Between attempts while the registry cannot be asked. Known schemas go on meanwhile."""
    missing_ttl: Seconds = 60.0
    """How long an id that the registry does not know is not asked for again."""
    cache_dir: str | None = None
    """Folder in which fetched schemas are kept, for a start while the registry is down."""


class LegacySettings(Section):
    """The tracker API."""

    url: str = "https://tracker.yespo.io/api/v2"
    site_id: str = Field(min_length=1)
    """`GeneralInfo.siteId`, from Yespo's support."""
    dialect: Literal["yespo", "reteno"] = "yespo"


class V2Settings(Section):
    """The Generate event v2 API."""

    url: str = "https://yespo.io/api/v2/event"
    api_key: SecretStr
    """Sent as the password of HTTP Basic. Needs the scope "Access to events"."""
    values: Literal["text", "object"] = "text"
    """Nested values as compact JSON text (as the vendor's page shows) or as objects."""


class AccountSettings(Section):
    legacy: LegacySettings | None = None
    v2: V2Settings | None = None


class YespoSettings(Section):
    accounts: dict[
        Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?$")], AccountSettings
    ] = Field(min_length=1)
    """By a short name of your own, which metrics and dead letters show."""


class RetrySettings(Section):
    initial: Seconds = 0.5
    """Upper bound of the first wait; it doubles each time, and each wait is drawn from 0 to it."""
    maximum: Seconds = 30.0
    attempts: int = Field(10, ge=1)
    """Failed attempts charged to an event (only while its endpoint delivers others) ..."""
    age: Seconds = 600.0
    """... and how long it must have been tried as well, before it goes to the dead letters."""


class DeliverySettings(Section):
    max_in_flight: int = Field(64, ge=1, le=1000)
    """Requests on the wire per endpoint."""
    connect_timeout: Seconds = 5.0
    response_timeout: Seconds = 15.0
    """From the last byte of the request to the end of the answer's headers."""
    total_timeout: Seconds = 20.0
    """For one attempt, from start to end."""
    connection_age: Seconds = 300.0
    """A connection is renewed after this long, so that changes of DNS are followed."""
    keepalive: Seconds = 30.0
    """An idle connection older than this is not used again."""
    ca_file: str | None = None
    client: Literal["pool", "httpx"] = "pool"
    """`pool` is our own lean HTTP/1.1 client; `httpx` supports proxies and costs many times more."""
    proxy: str | None = None
    """Only with `client: httpx`."""
    retry: RetrySettings = RetrySettings()


class CommitSettings(Section):
    interval: Seconds = 1.0
    """Commit at least this often while there is progress."""
    max_unacknowledged: int = Field(1000, ge=1)
    """Requests that may be sent and not yet covered by an acknowledged commit, beyond those in
    flight. A `kill -9` repeats at most `delivery.max_in_flight + commit.max_unacknowledged`."""
    max_gap: int = Field(10_000, ge=100)
    """Records of a partition that may be taken beyond one that has not ended."""


class BufferSettings(Section):
    """What may be held in memory, undecoded, over all partitions."""

    records: int = Field(20_000, ge=100)
    bytes: Bytes = Field(32 * 1024**2, ge=1024**2)


class DrainSettings(Section):
    revoke: Seconds = 5.0
    """Time to finish what was begun when a partition is taken away. Blocks the kept ones too."""
    shutdown: Seconds = 25.0


class DeadLetterSettings(Section):
    topic: str = Field(min_length=1, max_length=249)
    kafka: dict[str, str | int | float | bool] = {}
    """librdkafka properties of the producer, beside those of `kafka`."""


class HttpSettings(Section):
    """Metrics, health and status."""

    host: str = "0.0.0.0"
    port: int = Field(9108, ge=0, le=65535)
    """0 lets the system choose (the log names the port)."""


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    """`auto`: console on a terminal, else JSON."""


class Settings(Section):
    kafka: dict[str, str | int | float | bool]
    """Any librdkafka property. `bootstrap.servers` and `group.id` are required; those that this
    program must own are refused with the reason."""
    start: StartSettings = StartSettings()
    registry: RegistrySettings
    mappings: list[str] = Field(min_length=1)
    """Mapping files, relative to the configuration file."""
    yespo: YespoSettings
    delivery: DeliverySettings = DeliverySettings()
    commit: CommitSettings = CommitSettings()
    buffer: BufferSettings = BufferSettings()
    drain: DrainSettings = DrainSettings()
    dead_letters: DeadLetterSettings
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
