"""The effective configuration for a person or an editor: as YAML without secrets, as JSON Schema."""

from typing import Any

import yaml

from consumer.config import kafka_properties
from consumer.config.budgets import COMMIT_SECONDS, MARGIN_SECONDS, Budgets
from consumer.config.secrets import without_credentials
from consumer.config.settings import Settings

_MASK = "***"


def effective(settings: Settings) -> dict[str, Any]:
    """Every setting with its value, defaults included; secrets and credentials masked."""
    values = settings.model_dump(mode="json")
    for properties in (values["kafka"], values["dead_letters"]["kafka"]):
        for name in properties:
            if kafka_properties.is_secret(name):
                properties[name] = _MASK
    shown: dict[str, Any] = _tidy(values)
    return shown


def derived(settings: Settings) -> dict[str, str]:
    """The numbers that follow from several settings, each with how it came about."""
    budgets, drain = Budgets.of(settings), settings.drain
    delivery, commit = settings.delivery, settings.commit
    return {
        "duplicates after a kill -9, at most": f"{budgets.unacknowledged} = "
        f"delivery.max_in_flight {delivery.max_in_flight} + "
        f"commit.max_unacknowledged {commit.max_unacknowledged}",
        "a rebalance waits for us, at most": f"{budgets.revoke:g}s = drain.revoke "
        f"{drain.revoke:g}s + commit {COMMIT_SECONDS:g}s",
        "termination grace to allow": f"{budgets.termination_grace:g}s = drain.shutdown "
        f"{drain.shutdown:g}s + commit {COMMIT_SECONDS:g}s + margin {MARGIN_SECONDS:g}s",
    }


def as_yaml(settings: Settings) -> str:
    """The effective configuration as YAML, and the derived numbers as comments."""
    text = yaml.safe_dump(effective(settings), sort_keys=False, allow_unicode=True)
    return text + "".join(f"# {name}: {value}\n" for name, value in derived(settings).items())


def json_schema() -> dict[str, Any]:
    """JSON Schema of the configuration file, for editors and the chart."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
        "title": "yespo-bridge configuration",
    }


def _tidy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tidy(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
