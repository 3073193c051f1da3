"""Loads the configuration and the mapping unit, for every start; all mistakes at once."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from consumer.config import scopes
from consumer.config.load import read
from consumer.config.rules import topic_problems
from consumer.config.settings import Settings
from consumer.documents.findings import Finding
from consumer.errors import ConfigError
from consumer.mapping.check.checked import Account
from consumer.mapping.check.loader import Files
from consumer.mapping.unit import MappingUnit, check_unit, render
from consumer.source.properties import refused
from consumer.startup.reload import Attempt
from consumer.startup.schema_versions import (
    Proof,
    against_files,
    against_registry,
    against_settings,
)
from consumer.yespo.spec import AccountContext


@dataclass(frozen=True, slots=True)
class Setup:
    """`files` are all those that the mapping was made of."""

    settings: Settings
    mapping: MappingUnit
    files: tuple[Path, ...]
    warnings: str
    """The warnings about the mappings; empty where there are none."""
    versions: Mapping[str, int]
    """Versions that the mappings were checked against, by subject of the registry."""
    found: tuple[Finding, ...] = ()
    """The warnings for programs."""


def load_setup(
    path: Path,
    *,
    ask_registry: bool = False,
    strict: bool = True,
    only: Sequence[str] | None = None,
) -> Setup:
    """Configuration and mappings. Raises ConfigError with the findings of both.

    With `ask_registry` the mappings are also checked against what is registered. Registered versions
    that they cannot read are an error only if `strict`. `only` is that of the command line, empty where
    it was not given: then the settings have the consumer group of the chosen scope, and must have one
    where there are scopes. None for commands that know no scopes.
    """
    loaded = read(path, os.environ, refused)
    loaded.raise_findings()
    settings = loaded.settings
    assert settings is not None
    if only is not None:
        settings = scopes.in_scope(scopes.with_only(settings, only))
    attempt = read_mapping(settings, ask_registry=ask_registry, strict=strict)
    loaded.add(attempt.problems)
    loaded.raise_findings()
    if attempt.unit is None:
        raise ConfigError(attempt.findings, attempt.found)
    return Setup(
        settings, attempt.unit, attempt.files, attempt.findings, attempt.versions, attempt.found
    )


def read_mapping(settings: Settings, *, ask_registry: bool, strict: bool = True) -> Attempt:
    """The mapping files of the configuration as they are now, proven; `strict` as in `load_setup`."""
    paths = [Path(name) for name in settings.mappings]
    unit, findings, files = prove(paths, accounts_of(settings))
    proof = Proof([], {})
    if unit is not None:
        findings += against_settings(unit.mappings, settings)
        if ask_registry:
            proof = asyncio.run(against_registry(unit.mappings, settings, strict=strict))
            findings += proof.findings
    errors = [finding for finding in findings if finding.severity == "error"]
    shown = errors or findings
    problems = tuple(topic_problems(settings, unit.topics)) if unit is not None else ()
    texts = [render(shown, files)] if shown else []
    texts += [f"{'.'.join(one.path)}: {one.message}\n   {one.remedy}" for one in problems]
    return Attempt(
        None if errors or problems else unit,
        "\n".join(texts),
        files.paths,
        files.digest,
        tuple(shown),
        proof.versions,
        problems,
    )


def prove(
    paths: Sequence[Path], accounts: Mapping[str, Account]
) -> tuple[MappingUnit | None, list[Finding], Files]:
    """Mapping files against their schemas, the versions that they name, and Yespo's contract.

    The unit is None where there is an error among the findings.
    """
    unit, findings, files = check_unit(paths, accounts, Path.cwd())
    if unit is None:
        return None, findings, files
    findings += against_files(unit.mappings)
    wrong = any(finding.severity == "error" for finding in findings)
    return None if wrong else unit, findings, files


def accounts_of(settings: Settings) -> Mapping[str, Account]:
    """The facts about the accounts that mappings need: names, site ids, which APIs each has."""
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
