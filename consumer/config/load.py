"""One YAML file and the environment into `Settings`, or everything that is wrong with them at once."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from consumer.config.budgets import Problem
from consumer.config.draft import Draft, Origin
from consumer.config.environment import variables_set
from consumer.config.errors import complain, masked_lines, masked_text
from consumer.config.kafka_properties import Value
from consumer.config.rules import kafka_problems, problems_of
from consumer.config.secrets import shielded, unshielded
from consumer.config.settings import Settings
from consumer.config.value_types import FOLDER
from consumer.documents.findings import Finding, Place
from consumer.documents.yaml_tree import Document, Items, Node, Scalar, Table, read_text
from consumer.errors import ConfigError

KafkaRules = Callable[[Mapping[str, Value]], Iterable[tuple[str, str]]]
"""The source's objections to the `kafka` section, as (property, reason)."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """`settings` is None exactly when there are findings. `draft` knows where each value stands."""

    document: Document
    draft: Draft
    settings: Settings | None

    @property
    def findings(self) -> list[Finding]:
        return sorted(self.draft.findings, key=lambda found: (found.place.line, found.place.column))

    def add(self, problems: Iterable[Problem]) -> None:
        """Findings that need more than this file to be made, at their places in it."""
        _add(self.draft, problems)

    def raise_findings(self) -> None:
        """Raise ConfigError with all findings, if there are any."""
        if self.draft.findings:
            lines = masked_lines(self.document.lines, self.draft.secrets)
            rendered = "\n".join(found.render(lines) for found in self.findings)
            shown = [_masked(found) for found in self.findings]
            raise ConfigError(masked_text(rendered), shown)


def _masked(found: Finding) -> Finding:
    return replace(
        found, message=masked_text(found.message), remedy=masked_text(found.remedy), edits=()
    )


def load(path: Path, environ: Mapping[str, str], kafka_rules: KafkaRules | None = None) -> Settings:
    """The settings of a configuration file, with what `environ` changes.

    Raises ConfigError with all findings, each `file:line:column  text` with the line and a remedy.
    """
    loaded = read(path, environ, kafka_rules)
    loaded.raise_findings()
    assert loaded.settings is not None
    return loaded.settings


def read(path: Path, environ: Mapping[str, str], kafka_rules: KafkaRules | None = None) -> Loaded:
    """Like `load`, but hands the findings back. Raises ConfigError where there is no file."""
    document = _document(path)
    draft = Draft(path.parent.absolute(), environ, findings=list(document.findings))
    draft.origins[()] = Origin(Place(document.file, 1, 1), Place(document.file, 1, 1), "a table")
    if not isinstance(document.root, Table):
        if not draft.findings:
            draft.fault((), "not-a-table", "a configuration is a table of keys: `kafka:`, ...")
        return Loaded(document, draft, None)
    draft.read_tree(document.root)
    variables, unknown = variables_set(environ, draft.values)
    draft.findings += unknown
    for variable in variables:
        draft.set_variable(variable)
    settings = _validated(draft, kafka_rules)
    return Loaded(document, draft, None if draft.findings else settings)


def _document(path: Path) -> Document:
    shown_as = os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        why = (error.strerror or "not readable").lower()
        raise ConfigError(f"{path}: {why}; name the configuration file with --config") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return read_text(data, shown_as)
    document = read_text(shielded(text), shown_as)
    document.lines = text.splitlines()
    if document.root is not None:
        _unshield(document.root)
    return document


def _unshield(node: Node) -> None:
    if isinstance(node, Scalar):
        node.text = unshielded(node.text)
    else:
        values = node.items if isinstance(node, Items) else [entry.value for entry in node]
        for value in values:
            _unshield(value)


def _validated(draft: Draft, kafka_rules: KafkaRules | None) -> Settings | None:
    kafka = draft.values.get("kafka")
    if isinstance(kafka, dict):
        _resolve_locations(kafka, draft.folder)
        _add(draft, kafka_problems(kafka, ("kafka",)))
        if kafka_rules is not None:
            _add(draft, (_refusal(key, why) for key, why in kafka_rules(kafka)))
    dead_letters = draft.values.get("dead_letters")
    producer = dead_letters.get("kafka") if isinstance(dead_letters, dict) else None
    if isinstance(producer, dict):
        _resolve_locations(producer, draft.folder)
        _add(draft, kafka_problems(producer, ("dead_letters", "kafka")))
    try:
        settings = Settings.model_validate(draft.values, context={FOLDER: draft.folder})
    except ValidationError as error:
        complain(error, draft)
        return None
    if not draft.findings:
        _add(draft, problems_of(settings))
    return settings


def _refusal(key: str, why: str) -> Problem:
    text = why if why.startswith(("is ", "must ")) else f"cannot be set: {why}"
    return Problem(("kafka", key), f"`{key}` {text}")


def _resolve_locations(kafka: dict[str, object], folder: Path) -> None:
    """`ssl.ca.location: ca.pem` is relative to the file, as every path is (`probe` is a word)."""
    for name, value in kafka.items():
        if name.endswith(".location") and isinstance(value, str) and value != "probe":
            kafka[name] = str(folder / value)


def _add(draft: Draft, problems: Iterable[Problem]) -> None:
    for problem in problems:
        draft.fault(problem.path, "setting", problem.message, problem.remedy, problem.with_key)
        if problem.hidden:
            draft.hide(problem.path)
