"""Scopes: subsets of the endpoints, each sent to by processes of its own under a group of its own.

An endpoint is named `account/api`. An account's `past_events` always goes with its `v2`: what grew too
old for the one is sent by the other.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from consumer.config.budgets import Problem
from consumer.config.settings import Settings
from consumer.documents.findings import did_you_mean
from consumer.errors import ConfigError
from consumer.model import Endpoint

GROUP_ID = "group.id"


@dataclass(frozen=True, slots=True)
class Scope:
    """`endpoints` are names as in the configuration; `group` is the consumer group."""

    name: str
    endpoints: frozenset[str]
    group: str

    def holds(self, endpoint: Endpoint) -> bool:
        return holds(self.endpoints, endpoint)


def holds(endpoints: Collection[str], endpoint: Endpoint) -> bool:
    """True if events of `endpoint` are sent where these `endpoints` are."""
    api = "v2" if endpoint.api == "past_events" else endpoint.api
    return f"{endpoint.account}/{api}" in endpoints


def endpoints_of(settings: Settings) -> list[str]:
    """The names of all endpoints that the accounts have."""
    return [
        f"{name}/{api}"
        for name, account in settings.yespo.accounts.items()
        for api, there in (("legacy", account.legacy), ("v2", account.v2))
        if there is not None
    ]


def declared(settings: Settings) -> list[Scope]:
    """The scopes of the configuration."""
    base = settings.kafka.get(GROUP_ID, "")
    return [
        Scope(name, frozenset(scope.endpoints), scope.group_id or f"{base}.{name}")
        for name, scope in settings.scopes.items()
    ]


def chosen(settings: Settings) -> Scope | None:
    """The scope that `only` names; None for all endpoints, and where `only` names none."""
    scopes = declared(settings)
    for scope in scopes:
        if list(settings.only) == [scope.name] or frozenset(settings.only) == scope.endpoints:
            return scope
    if scopes or not settings.only or not frozenset(settings.only) <= set(endpoints_of(settings)):
        return None
    name = "+".join(sorted(frozenset(settings.only))).replace("/", "-")
    return Scope(name, frozenset(settings.only), f"{settings.kafka.get(GROUP_ID, '')}.{name}")


def with_only(settings: Settings, only: Sequence[str]) -> Settings:
    """The settings with `only` from the command line, where it was given. Raises ConfigError."""
    if not only:
        return settings
    found = settings.model_copy(update={"only": list(only)})
    for problem in only_problems(found):
        raise ConfigError(f"--only: {problem.message}\n   {problem.remedy}")
    return found


def in_scope(settings: Settings) -> Settings:
    """The settings with the consumer group of the chosen scope.

    Raises ConfigError where scopes are declared and none is chosen: a process for all endpoints beside
    those of the scopes would send every event twice.
    """
    scope = chosen(settings)
    if scope is not None:
        return settings.model_copy(update={"kafka": {**settings.kafka, GROUP_ID: scope.group}})
    if settings.scopes:
        names = ", ".join(f"--only {name}" for name in settings.scopes)
        raise ConfigError(f"the configuration has scopes: name the one that is meant\n   {names}")
    return settings


def problems_of(settings: Settings) -> Iterator[Problem]:
    """Scopes that do not hold every endpoint once, or share a group; and what `only` cannot name."""
    known = endpoints_of(settings)
    held: Counter[str] = Counter()
    for name, scope in settings.scopes.items():
        path = ("scopes", name, "endpoints")
        for endpoint in scope.endpoints:
            held[endpoint] += 1
            if endpoint not in known:
                yield Problem(path, f"there is no endpoint `{endpoint}`", _remedy(endpoint, known))
            elif held[endpoint] == 2:
                text = f"`{endpoint}` is in two scopes, or twice in one: its events would go twice"
                yield Problem(path, text, "leave it in one scope")
    missing = [endpoint for endpoint in known if endpoint not in held]
    if settings.scopes and missing:
        text = f"no scope holds {', '.join(f'`{one}`' for one in missing)}: nothing would be sent there"
        yield Problem(("scopes",), text, "add it to a scope, or remove it from `yespo.accounts`")
    named = declared(settings)
    groups = Counter(one.group for one in named)
    for one in named:
        where = ("scopes", one.name)
        if groups[one.group] > 1:
            text = f"two scopes have the group `{one.group}`: each record would reach one of them"
            yield Problem(where, text, "give each scope a `group_id` of its own")
        elif one.group.startswith(f"{settings.kafka.get(GROUP_ID, '')}.dlq-replay"):
            yield Problem(where, f"`{one.group}` is the group of replays", "choose another name")
    yield from only_problems(settings)


def only_problems(settings: Settings) -> Iterator[Problem]:
    """Yields what is wrong with `only`."""
    if not settings.only or chosen(settings) is not None:
        return
    known = [*settings.scopes, *endpoints_of(settings)]
    for name in settings.only:
        if name not in known:
            text = f"there is no scope or endpoint `{name}`"
            yield Problem(("only",), text, _remedy(name, known))
            return
    text = "names endpoints that are not those of one scope"
    names = ", ".join(f"`{name}`" for name in settings.scopes)
    remedy = f"name one of {names}" if names else "name endpoints only"
    yield Problem(("only",), f"`only` {text}", remedy)


def _remedy(name: str, known: Sequence[str]) -> str:
    if name.endswith("/past_events"):
        return "past_events goes with v2: name `" + name.removesuffix("past_events") + "v2`"
    return did_you_mean(name, known)
