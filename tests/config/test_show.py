"""What the configuration amounts to, for people and for editors."""

from collections.abc import Callable
from pathlib import Path

import yaml

from consumer.config.kafka_properties import KNOWN, complaint
from consumer.config.settings import Settings
from consumer.config.shape import variables
from consumer.config.show import as_yaml, effective, json_schema
from consumer.config.value_types import Section
from docs.generators.configuration_page import page
from tests.config.conftest import LEAST

SettingsOf = Callable[..., Settings]
PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_reference_page_is_that_of_the_models() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


def test_every_setting_says_what_it_is_for() -> None:
    def sections(section: type[Section]) -> set[type[Section]]:
        return {section}.union(*(sections(inner) for inner in section.__subclasses__()))

    undescribed = [
        f"{section.__name__}.{name}"
        for section in sections(Section) - {Section}
        for name, field in section.model_fields.items()
        if not field.description
    ]
    assert undescribed == []
    assert "| `drain.revoke` | duration | `5s` | " in page()
    assert "| `yespo.accounts.<name>.v2.api_key` | secret | required | " in page()


def test_the_effective_configuration_can_be_read_again(
    settings_of: SettingsOf, folder: Path
) -> None:
    settings = settings_of()
    shown = as_yaml(settings)
    assert yaml.safe_load(shown) == effective(settings)
    assert "# termination grace to allow: 35s = drain.shutdown 25s + commit 5s + margin 5s" in shown
    again = settings_of(shown.replace("'**********'", "${env:YESPO_API_KEY}"))
    assert again == settings


def test_credentials_within_a_url_are_masked(settings_of: SettingsOf) -> None:
    text = LEAST + "delivery: {client: httpx, proxy: http://me:hunter2@proxy:3128}\n"
    assert effective(settings_of(text))["delivery"]["proxy"] == "http://***@proxy:3128"


def test_the_schema_knows_what_the_file_may_say() -> None:
    schema = json_schema()
    assert schema["required"] == ["kafka", "registry", "mappings", "yespo", "dead_letters"]
    assert schema["additionalProperties"] is False
    revoke = schema["$defs"]["DrainSettings"]["properties"]["revoke"]
    assert [kind["type"] for kind in revoke["anyOf"]] == ["number", "string"]


def test_every_listed_property_is_one_of_librdkafka() -> None:
    assert [name for name in sorted(KNOWN) if complaint(name, "1") == ""] == []
    assert complaint("no.such.thing", "1") == ""


def test_no_two_settings_share_a_variable() -> None:
    names = list(variables())
    assert len(names) == len(set(names))
    assert "YESPO_BRIDGE_KAFKA__BOOTSTRAP_SERVERS" in names
    assert "YESPO_BRIDGE_DELIVERY__RETRY__AGE" in names
