"""Scopes of endpoints: each endpoint in one of them, each with a consumer group of its own."""

from collections.abc import Callable

import pytest

from consumer.config import scopes
from consumer.config.settings import Settings
from consumer.errors import ConfigError
from consumer.model import Endpoint
from tests.config.conftest import LEAST

SettingsOf = Callable[..., Settings]
FindingsOf = Callable[..., list[tuple[str, str, str]]]
TWO = LEAST + "scopes: {tracker: {endpoints: [main/legacy]}, rest: {endpoints: [main/v2]}}\n"


def test_a_scope_has_a_group_of_its_own(settings_of: SettingsOf) -> None:
    settings = settings_of(TWO, YESPO_BRIDGE_ONLY="tracker")
    assert scopes.in_scope(settings).kafka["group.id"] == "yespo-bridge.tracker"
    assert scopes.in_scope(scopes.with_only(settings, ["rest"])).kafka["group.id"] == (
        "yespo-bridge.rest"
    )


def test_a_scope_may_keep_a_group_that_has_offsets(settings_of: SettingsOf) -> None:
    text = TWO.replace("[main/legacy]", "[main/legacy], group_id: yespo-bridge")
    settings = settings_of(text, YESPO_BRIDGE_ONLY="main/legacy")
    assert scopes.in_scope(settings).kafka["group.id"] == "yespo-bridge"


def test_endpoints_can_be_chosen_without_scopes(settings_of: SettingsOf) -> None:
    settings = scopes.with_only(settings_of(), ["main/v2"])
    assert scopes.in_scope(settings).kafka["group.id"] == "yespo-bridge.main-v2"
    assert scopes.in_scope(settings_of()).kafka["group.id"] == "yespo-bridge"


def test_past_events_go_with_v2(settings_of: SettingsOf) -> None:
    scope = scopes.chosen(settings_of(TWO, YESPO_BRIDGE_ONLY="rest"))
    assert scope is not None
    apis = [api for api in ("legacy", "v2", "past_events") if scope.holds(Endpoint("main", api))]
    assert apis == ["v2", "past_events"]
    assert not scope.holds(Endpoint("other", "v2"))


def test_where_there_are_scopes_a_process_names_its_own(settings_of: SettingsOf) -> None:
    with pytest.raises(ConfigError, match="--only tracker, --only rest"):
        scopes.in_scope(settings_of(TWO))


@pytest.mark.parametrize(
    ("scopes", "message"),
    [
        (
            "{a: {endpoints: [main/legacy]}}",
            "no scope holds `main/v2`: nothing would be sent there",
        ),
        (
            "{a: {endpoints: [main/legacy, main/v2]}, b: {endpoints: [main/v2]}}",
            "`main/v2` is in two scopes, or twice in one: its events would go twice",
        ),
        (
            "{a: {endpoints: [main/legacy, main/v2, main/v3]}}",
            "there is no endpoint `main/v3`",
        ),
        (
            "{a: {endpoints: [main/legacy], group_id: g}, b: {endpoints: [main/v2], group_id: g}}",
            "two scopes have the group `g`: each record would reach one of them",
        ),
        (
            "{dlq-replay: {endpoints: [main/legacy, main/v2]}}",
            "`yespo-bridge.dlq-replay` is the group of replays",
        ),
    ],
)
def test_scopes_hold_every_endpoint_once(
    findings_of: FindingsOf, scopes: str, message: str
) -> None:
    assert message in [found for _, found, _ in findings_of(f"{LEAST}scopes: {scopes}\n")]


@pytest.mark.parametrize(
    ("only", "text", "message", "remedy"),
    [
        ("main/v3", LEAST, "there is no scope or endpoint `main/v3`", "did you mean `main/v2`?"),
        (
            "main/past_events",
            LEAST,
            "there is no scope or endpoint `main/past_events`",
            "past_events goes with v2: name `main/v2`",
        ),
        (
            "main/v2,main/legacy",
            TWO,
            "`only` names endpoints that are not those of one scope",
            "name one of `tracker`, `rest`",
        ),
    ],
)
def test_what_cannot_be_chosen_is_named(
    findings_of: FindingsOf, only: str, text: str, message: str, remedy: str
) -> None:
    [(_, found, how)] = findings_of(text, YESPO_BRIDGE_ONLY=only)
    assert (found, how) == (message, remedy)
