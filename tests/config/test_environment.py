"""Settings from environment variables, and variables that are a mistake."""

from collections.abc import Callable

import pytest

from consumer.config.settings import Settings
from tests.config.conftest import LEAST

SettingsOf = Callable[..., Settings]
FindingsOf = Callable[..., list[tuple[str, str, str]]]


def test_a_variable_wins_over_the_file(settings_of: SettingsOf) -> None:
    settings = settings_of(LEAST + "drain: {revoke: 3s}\n", YESPO_BRIDGE_DRAIN__REVOKE="250ms")
    assert settings.drain.revoke == 0.25


def test_a_variable_stands_in_for_a_reference_that_leads_nowhere(settings_of: SettingsOf) -> None:
    text = LEAST.replace("${env:YESPO_API_KEY}", "${env:NOT_SET}")
    settings = settings_of(text, YESPO_BRIDGE_YESPO__ACCOUNTS__MAIN__V2__API_KEY="k2")
    v2 = settings.yespo.accounts["main"].v2
    assert v2 is not None
    assert v2.api_key.current() == "k2"


def test_a_variable_makes_the_tables_it_needs(settings_of: SettingsOf) -> None:
    settings = settings_of(
        YESPO_BRIDGE_DELIVERY__RETRY__ATTEMPTS="3",
        YESPO_BRIDGE_YESPO__ACCOUNTS__SECOND__LEGACY__SITE_ID="S2",
    )
    assert settings.delivery.retry.attempts == 3
    second = settings.yespo.accounts["second"].legacy
    assert second is not None
    assert second.site_id == "S2"


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("BOOTSTRAP_SERVERS", "bootstrap.servers"),
        ("SESSION_TIMEOUT_MS", "session.timeout.ms"),
        ("LOG_LEVEL", "log_level"),
        ("SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", "ssl.endpoint.identification.algorithm"),
    ],
)
def test_librdkafka_properties_are_written_with_underscores(
    settings_of: SettingsOf, variable: str, name: str
) -> None:
    values = {"SSL_ENDPOINT_IDENTIFICATION_ALGORITHM": "https", "BOOTSTRAP_SERVERS": "b:1"}
    value = values.get(variable, "6000" if "TIMEOUT" in variable else "6")
    settings = settings_of(
        LEAST + "drain: {revoke: 100ms}\n", **{f"YESPO_BRIDGE_KAFKA__{variable}": value}
    )
    assert settings.kafka[name] == value


def test_an_account_of_the_file_is_found_however_it_is_written(settings_of: SettingsOf) -> None:
    text = LEAST.replace("    main:", "    ua-shop:")
    settings = settings_of(text, YESPO_BRIDGE_YESPO__ACCOUNTS__UA_SHOP__LEGACY__SITE_ID="OTHER")
    assert list(settings.yespo.accounts) == ["ua-shop"]
    legacy = settings.yespo.accounts["ua-shop"].legacy
    assert legacy is not None
    assert legacy.site_id == "OTHER"


def test_lists_are_separated_by_commas(settings_of: SettingsOf) -> None:
    settings = settings_of(YESPO_BRIDGE_REGISTRY__URL="https://one:1, https://two:2")
    assert settings.registry.url == ["https://one:1", "https://two:2"]
    assert settings_of(YESPO_BRIDGE_REGISTRY__URL="https://one:1").registry.url == "https://one:1"
    mappings = settings_of(YESPO_BRIDGE_MAPPINGS="shop.yaml,shop.yaml").mappings
    assert [path.rpartition("/")[2] for path in mappings] == ["shop.yaml", "shop.yaml"]


def test_a_secret_may_stand_in_a_variable(settings_of: SettingsOf) -> None:
    settings = settings_of(YESPO_BRIDGE_YESPO__ACCOUNTS__MAIN__V2__API_KEY="from-env")
    v2 = settings.yespo.accounts["main"].v2
    assert v2 is not None
    assert v2.api_key.current() == "from-env"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("YESPO_BRIDGE_DRAN__REVOKE", "did you mean `YESPO_BRIDGE_DRAIN__REVOKE`?"),
        ("YESPO_BRIDGE_DRAIN_REVOKE", "did you mean `YESPO_BRIDGE_DRAIN__REVOKE`?"),
        ("YESPO_BRIDGE_HTTP__PORT__X", "did you mean `YESPO_BRIDGE_HTTP__PORT`?"),
    ],
)
def test_a_variable_that_sets_nothing_is_a_mistake(
    findings_of: FindingsOf, name: str, remedy: str
) -> None:
    assert findings_of(**{name: "5s"}) == [(f"environment variable {name}", "sets nothing", remedy)]


def test_an_unknown_property_of_librdkafka_is_named_with_its_variable(
    findings_of: FindingsOf,
) -> None:
    name = "YESPO_BRIDGE_KAFKA__BOOTSTRAP_SERVER"
    assert findings_of(**{name: "b:1"}) == [
        (
            f"environment variable {name}",
            "librdkafka has no property `bootstrap.server`",
            "did you mean `bootstrap.servers`?",
        )
    ]


def test_a_wrong_value_is_named_with_its_variable(findings_of: FindingsOf) -> None:
    assert findings_of(YESPO_BRIDGE_HTTP__PORT="eighty") == [
        (
            "environment variable YESPO_BRIDGE_HTTP__PORT",
            "`http.port`: found `eighty`, expected a whole number",
            "",
        )
    ]


def test_a_table_cannot_be_set_as_a_whole(findings_of: FindingsOf) -> None:
    [(_, message, _)] = findings_of(YESPO_BRIDGE_DRAIN="5s")
    assert message == "`drain` is a table: set its keys one by one"


def test_what_kubernetes_adds_for_a_service_of_our_name_is_no_mistake(
    settings_of: SettingsOf,
) -> None:
    settings_of(
        YESPO_BRIDGE_SERVICE_HOST="10.0.0.1",
        YESPO_BRIDGE_SERVICE_PORT="9108",
        YESPO_BRIDGE_SERVICE_PORT_METRICS="9108",
        YESPO_BRIDGE_PORT="tcp://10.0.0.1:9108",
        YESPO_BRIDGE_PORT_9108_TCP="tcp://10.0.0.1:9108",
        YESPO_BRIDGE_PORT_9108_TCP_ADDR="10.0.0.1",
        YESPO_BRIDGE_METRICS_PORT="tcp://10.0.0.1:9108",
    )


def test_a_port_with_one_underscore_too_few_is_still_a_mistake(findings_of: FindingsOf) -> None:
    [(_, _, remedy)] = findings_of(YESPO_BRIDGE_HTTP_PORT="9000")
    assert remedy == "did you mean `YESPO_BRIDGE_HTTP__PORT`?"


def test_empty_variables_and_the_name_of_the_file_set_nothing(settings_of: SettingsOf) -> None:
    settings = settings_of(YESPO_BRIDGE_DRAIN__REVOKE="", YESPO_BRIDGE_CONFIG="bridge.yaml")
    assert settings.drain.revoke == 5.0
