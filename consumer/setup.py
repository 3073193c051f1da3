"""What every start begins with: the configuration and the mapping unit, all mistakes at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consumer.config.budgets import Problem
from consumer.config.load import read
from consumer.config.settings import Settings
from consumer.decode.schema import SchemaError, parse
from consumer.errors import ConfigError
from consumer.mapping.checked import Account
from consumer.mapping.unit import MappingUnit, check_unit, render
from consumer.reload import Attempt
from consumer.source.properties import refused
from consumer.vendor.spec import AccountContext


@dataclass(frozen=True, slots=True)
class Setup:
    """`files` are all those that the mapping was made of."""

    settings: Settings
    mapping: MappingUnit
    files: tuple[Path, ...]


def load_setup(path: Path) -> Setup:
    """Configuration and mappings. Raises ConfigError with the findings of both."""
    loaded = read(path, os.environ, refused)
    loaded.raise_findings()
    settings = loaded.settings
    assert settings is not None
    attempt = read_mapping(settings)
    mapping = attempt.unit
    if mapping is None:
        raise ConfigError(attempt.findings)
    if settings.dead_letters.topic in mapping.topics:
        problem = "this topic is also read from: each dead letter would come back as a record"
        loaded.add([Problem(("dead_letters", "topic"), problem, "choose a topic of its own")])
        loaded.raise_findings()
    return Setup(settings, mapping, attempt.files)


def read_mapping(settings: Settings) -> Attempt:
    """The mapping files of the configuration as they are now, proven."""
    paths = [Path(name) for name in settings.mappings]
    unit, findings, files = check_unit(paths, accounts_of(settings), Path.cwd())
    if unit is None:
        errors = [finding for finding in findings if finding.severity == "error"]
        return Attempt(None, render(errors, files), files.paths, files.digest)
    for mapping in unit.mappings:
        try:
            parse(mapping.reader_schema)
        except SchemaError as error:
            text = f"{mapping.file}: the reader schema cannot be used: {error}"
            return Attempt(None, text, files.paths, files.digest)
    return Attempt(unit, "", files.paths, files.digest)


def accounts_of(settings: Settings) -> Mapping[str, Account]:
    """What mappings need to know of the accounts: names, site ids, which APIs each has."""
    found = {}
    for name, account in settings.yespo.accounts.items():
        legacy, v2 = account.legacy, account.v2
        context = AccountContext(
            name,
            site_id=legacy.site_id if legacy else "",
            dialect=legacy.dialect if legacy else "yespo",
            v2_values=v2.values if v2 else "text",
            phones=legacy.phones if legacy else "digits",
            without_cookie=legacy.without_cookie if legacy else "send",
        )
        apis = [api for api, there in (("legacy", legacy), ("v2", v2)) if there is not None]
        found[name] = Account(context, frozenset(apis))
    return found
