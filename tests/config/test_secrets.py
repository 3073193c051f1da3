"""Secrets come by reference, are followed when they change, and are shown to nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.config.settings import Settings
from consumer.config.show import as_yaml
from consumer.credentials.kafka_login import KafkaLogin
from consumer.errors import ConfigError
from tests.config.conftest import LEAST, Read

SettingsOf = Callable[..., Settings]
FindingsOf = Callable[..., list[tuple[str, str, str]]]

IN_FILE = LEAST.replace("${env:YESPO_API_KEY}", "${file:keys/yespo}")


@pytest.fixture
def key_file(folder: Path) -> Path:
    (folder / "keys").mkdir()
    return folder / "keys" / "yespo"


def test_a_rotated_file_is_followed(settings_of: SettingsOf, key_file: Path) -> None:
    key_file.write_text("first\n")
    v2 = settings_of(IN_FILE).yespo.accounts["main"].v2
    assert v2 is not None
    assert v2.api_key.current() == "first"
    key_file.write_text("second-key\n")
    assert v2.api_key.current() == "second-key"
    key_file.unlink()
    with pytest.raises(FileNotFoundError):
        v2.api_key.current()


def test_a_file_swapped_for_one_of_the_same_size_is_followed(
    settings_of: SettingsOf, key_file: Path
) -> None:
    key_file.write_text("first\n")
    v2 = settings_of(IN_FILE).yespo.accounts["main"].v2
    assert v2 is not None
    successor = key_file.with_name("next")
    successor.write_text("other\n")
    successor.rename(key_file)
    assert v2.api_key.current() == "other"


def test_a_reference_within_braces_needs_no_quotes(settings_of: SettingsOf) -> None:
    v2 = settings_of(LEAST.replace('"${env:YESPO_API_KEY}"', "${env:YESPO_API_KEY}"))
    assert v2.yespo.accounts["main"].v2 == settings_of().yespo.accounts["main"].v2


def test_references_may_stand_within_a_text(settings_of: SettingsOf) -> None:
    text = LEAST.replace("broker-1:9093", "${env:HOST}:${env:PORT}")
    settings = settings_of(text, HOST="broker-7", PORT="9095")
    assert settings.kafka["bootstrap.servers"] == "broker-7:9095"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("${env:NOT_SET}", "the environment variable `NOT_SET` is not set"),
        ("${env:EMPTY}", "the environment variable `EMPTY` is empty"),
        ("${file:/no/such/key}", "the file `/no/such/key` cannot be read: no such file"),
        ("${file:/a\\0b}", "cannot be read: embedded null byte"),
        ("${vault:x}", "`${vault:x}` is not a reference: write `${env:NAME}`"),
        ("${YESPO_API_KEY}", "`${YESPO_API_KEY}` is not a reference"),
    ],
)
def test_what_cannot_be_resolved_names_key_and_place(
    findings_of: FindingsOf, reference: str, message: str
) -> None:
    text = LEAST.replace("${env:YESPO_API_KEY}", reference)
    [(place, found, _)] = findings_of(text, EMPTY="")
    assert place == "bridge.yaml:10:21"
    assert found.startswith("`yespo.accounts.main.v2.api_key`: ")
    assert message in found


@pytest.mark.parametrize(
    "line",
    [
        "      v2: {api_key: hunter2}",
        '      v2: {api_key: "hunter2"}',
        "      v2:\n        api_key: |\n          hunter2\n        values: wrong",
        "      v2:\n        api_key: >-\n          hunter2",
        "      v2:\n        api_key:\n          hunter2",
        "      v2:\n        api_key:\n          'hunter2\n          hunter2'",
        "      v2: {api_key: hunter2, values: wrong}",
        "      v2: {api_key: hunter2\n",
        "      v2: {api_key: hunter2-${env:YESPO_API_KEY}}",
        "      v2: {api_kee: hunter2}",
        "      v2: {zzz: hunter2}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(read_config: Read, line: str) -> None:
    text = LEAST.replace('      v2: {api_key: "${env:YESPO_API_KEY}"}', line)
    loaded = read_config(text)
    with pytest.raises(ConfigError) as caught:
        loaded.raise_findings()
    assert "hunter2" not in str(caught.value)
    assert "bridge.yaml:1" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret"]
)
def test_secrets_of_librdkafka_are_secrets_too(
    read_config: Read, findings_of: FindingsOf, settings_of: SettingsOf, name: str
) -> None:
    plain = LEAST.replace("  group.id", f"  {name}: hunter2\n  group.id")
    [(place, message, _)] = findings_of(plain)
    assert place.startswith("bridge.yaml:3:")
    assert message == f"`kafka.{name}`: a secret must not stand in this file"
    settings = settings_of(plain.replace("hunter2", "${env:PASSWORD}"), PASSWORD="hunter2")
    assert settings.kafka[name] == "hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in as_yaml(settings)


@pytest.mark.parametrize(
    "name", ["sasl.pasword", "sasl.passwort", "ssl.key.pasword", "sasl.oauthbearer.config.x", "zz"]
)
def test_the_value_of_a_misspelt_property_is_not_shown(read_config: Read, name: str) -> None:
    loaded = read_config(LEAST.replace("  group.id", f"  {name}: hunter2\n  group.id"))
    with pytest.raises(ConfigError) as caught:
        loaded.raise_findings()
    assert "hunter2" not in str(caught.value)
    assert f"{name}: *******" in str(caught.value)


def test_the_value_of_a_misspelt_harmless_property_is_shown(read_config: Read) -> None:
    loaded = read_config(LEAST.replace("  group.id", "  fetch.min.byte: 17\n  group.id"))
    with pytest.raises(ConfigError, match=r"fetch\.min\.byte: 17"):
        loaded.raise_findings()


@pytest.mark.parametrize(
    "lines",
    [
        "delivery: {proxi: 'http://me:hunter2@proxy:3128'}",
        "delivery:\n  proxy: http://me:hunter2@proxy:3128\n  client: wrong",
        "delivery:\n  proxi: http://me:hunter2/x@y@proxy:3128",
        "delivery:\n  proxy: http://me:a,hunter2,x'y@proxy:3128\n  client: wrong",
        "registri: {url: 'https://me:hunter2@registry.example.com'}",
    ],
)
def test_credentials_in_a_url_are_not_shown(read_config: Read, lines: str) -> None:
    loaded = read_config(f"{LEAST}{lines}\n")
    with pytest.raises(ConfigError) as caught:
        loaded.raise_findings()
    assert "hunter2" not in str(caught.value)


def test_a_broker_error_about_a_secret_does_not_repeat_it(read_config: Read) -> None:
    text = LEAST.replace("  group.id", "  sasl.oauthbearer.config: ${env:X}\n  group.id")
    loaded = read_config(text + "dead_letters: {topic: 5}\n", X="hunter2")
    with pytest.raises(ConfigError) as caught:
        loaded.raise_findings()
    assert "hunter2" not in str(caught.value)


def test_the_key_is_masked_wherever_settings_are_printed(settings_of: SettingsOf) -> None:
    settings = settings_of(YESPO_API_KEY="hunter2")
    for text in (repr(settings), str(settings), settings.model_dump_json(), as_yaml(settings)):
        assert "hunter2" not in text


LOGIN = LEAST.replace(
    "kafka:",
    "kafka:\n  sasl.username: ${env:USER_NAME}\n  sasl.password: ${file:keys/yespo}",
    1,
)


def test_the_password_of_kafka_is_followed_too(settings_of: SettingsOf, key_file: Path) -> None:
    key_file.write_text("first\n")
    settings = settings_of(LOGIN, USER_NAME="bridge")
    assert settings.kafka["sasl.password"] == "first"
    login = KafkaLogin(settings.kafka, lambda: 0.0)
    key_file.write_text("second-one\n")
    told = login.properties()
    assert (told["sasl.username"], told["sasl.password"]) == ("bridge", "second-one")
    assert told["bootstrap.servers"] == settings.kafka["bootstrap.servers"]
    shown = as_yaml(settings)
    assert "first" not in shown
    assert "second-one" not in shown


def test_an_empty_or_damaged_file_is_no_secret(settings_of: SettingsOf, key_file: Path) -> None:
    key_file.write_text("first\n")
    v2 = settings_of(IN_FILE).yespo.accounts["main"].v2
    assert v2 is not None
    for damaged in (b"", b"\n", b"\xff\xfe"):
        key_file.write_bytes(damaged)
        with pytest.raises(OSError, match=r"empty|not UTF-8 text"):
            v2.api_key.current()
    key_file.write_text("third\n")
    assert v2.api_key.current() == "third"
