"""What every start begins with: the configuration and the mapping unit, all mistakes at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from consumer.config.budgets import Problem
from consumer.config.load import read
from consumer.config.settings import Settings
from consumer.mapping.checked import Account
from consumer.mapping.unit import MappingUnit, load_unit
from consumer.source.properties import refused
from consumer.vendor.spec import AccountContext


@dataclass(frozen=True, slots=True)
class Setup:
    settings: Settings
    mapping: MappingUnit


def load_setup(path: Path) -> Setup:
    """Configuration and mappings. Raises ConfigError with the findings of both."""
    loaded = read(path, os.environ, refused)
    loaded.raise_findings()
    settings = loaded.settings
    assert settings is not None
    files = [Path(name) for name in settings.mappings]
    mapping = load_unit(files, accounts_of(settings), Path.cwd())
    if settings.dead_letters.topic in mapping.topics:
        problem = "this topic is also read from: each dead letter would come back as a record"
        loaded.add([Problem(("dead_letters", "topic"), problem, "choose a topic of its own")])
        loaded.raise_findings()
    return Setup(settings, mapping)


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
