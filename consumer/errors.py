"""Every error this program raises on purpose.

    BridgeError
    ├── SetupError            a person must change something; ends the process with `exit_code`
    │   ├── ConfigError       configuration or mapping file (carries findings with file:line)
    │   └── KafkaSetupError   topic missing, credentials, authorisation
    ├── InvalidRecord         this record cannot be used: dead letter, the rest flows on
    ├── SchemaPending         the schema of this record is not known *yet*: the partition waits
    └── FatalError            the process cannot go on safely; ends it in order, with `exit_code`

Texts never hold a value out of a record. Exit codes are listed in `docs/operations.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from consumer.documents.foreign_text import bounded

if TYPE_CHECKING:
    from consumer.documents.findings import Finding

EXIT_OK = 0
EXIT_FAILED = 1
# 2 is wrong usage: click ends with it by itself.
EXIT_CONFIG = 3
EXIT_KAFKA = 4
EXIT_PORT = 5
EXIT_DRAIN = 6
EXIT_FATAL = 7
EXIT_SIGNAL = 130
EXIT_TERMINATED = 143


class BridgeError(Exception):
    """Base of all errors raised on purpose."""


class SetupError(BridgeError):
    """Something a person must change before the program can run. The text says what and how."""

    exit_code = EXIT_CONFIG


class ConfigError(SetupError):
    """Findings in configuration or mapping files, all at once, each `file:line:column  text`.

    `findings` are the same for programs; empty where a file cannot be read at all.
    """

    exit_code = EXIT_CONFIG

    def __init__(self, text: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(text)
        self.findings = tuple(findings)


class KafkaSetupError(SetupError):
    """Kafka refuses what the configuration asks for: topic, credentials, authorisation."""

    exit_code = EXIT_KAFKA


class PortInUseError(SetupError):
    """A port of ours is taken."""

    exit_code = EXIT_PORT


class InvalidRecord(BridgeError):
    """A record that can never be sent as it is. Ends in the dead-letter topic.

    `reason` is from a closed set (a metric label); `detail` names fields and rules, never values. Names
    may be a foreign schema's: `detail` is made fit for a line (`foreign_text.bounded`).
    """

    def __init__(self, stage: Literal["decode", "mapping"], reason: str, detail: str) -> None:
        detail = bounded(detail)
        super().__init__(f"{stage}: {reason}: {detail}")
        self.stage: Literal["decode", "mapping"] = stage
        self.reason = reason
        self.detail = detail


class RecordTooLarge(InvalidRecord):
    """A record whose value of `size` bytes was let go when it was read."""

    def __init__(self, detail: str, size: int) -> None:
        super().__init__("decode", "too_large", detail)
        self.size = size


class SchemaPending(BridgeError):
    """The writer schema `ref` has to be fetched first. The record's partition waits, nothing else."""

    def __init__(self, ref: object) -> None:
        super().__init__(f"schema {ref} is not known yet")
        self.ref = ref


class FatalError(BridgeError):
    """The process must end: going on could lose or reorder events."""

    exit_code = EXIT_FATAL
