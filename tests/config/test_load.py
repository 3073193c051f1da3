"""One file and the environment into settings, or all mistakes at once."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.config.load import load
from consumer.config.settings import Settings
from consumer.errors import EXIT_CONFIG, ConfigError
from consumer.source.properties import refused
from tests.config.conftest import LEAST, Read

SettingsOf = Callable[..., Settings]
FindingsOf = Callable[..., list[tuple[str, str, str]]]


def test_the_least_configuration_runs_on_defaults(settings_of: SettingsOf, folder: Path) -> None:
    settings = settings_of()
    assert settings.kafka == {"bootstrap.servers": "broker-1:9093", "group.id": "yespo-bridge"}
    assert settings.mappings == [str(folder / "shop.yaml")]
    legacy = settings.yespo.accounts["main"].legacy
    assert legacy is not None
    assert legacy.url == "https://tracker.yespo.io/api/v2"
    assert settings.drain.shutdown == 25.0
    assert settings.http.port == 9108


def test_all_mistakes_come_at_once_each_with_its_place(
    findings_of: FindingsOf, folder: Path
) -> None:
    text = """\
kafka:
  bootstrap.server: broker-1:9093
  group.protocol: clasic
start: {new_partition: earlyest}
registry: {urls: https://registry:8081, timeout: 5p}
mappings: [shop.yaml, gone.yaml]
mapings: []
yespo:
  accounts:
    Main:
      legacy: {site_id: 123}
    empty: {}
http: {port: 910800}
commit: 5
buffer: {records: many}
"""
    found = [(place, message) for place, message, _ in findings_of(text)]
    assert found == [
        ("bridge.yaml:1:1", "`dead_letters` is required and missing"),
        ("bridge.yaml:2:3", "librdkafka has no property `bootstrap.server`"),
        (
            "bridge.yaml:3:19",
            '`group.protocol`: librdkafka says: Invalid value "clasic"',
        ),
        (
            "bridge.yaml:4:24",
            "`start.new_partition`: found `earlyest`, expected one of earliest, latest, error",
        ),
        ("bridge.yaml:5:1", "`registry.url` is required and missing"),
        ("bridge.yaml:5:12", "unknown key `registry.urls`"),
        (
            "bridge.yaml:5:50",
            "`registry.timeout`: found `5p`: write a number with a unit (ms, s, m, h, d), e.g. `5s`",
        ),
        (
            "bridge.yaml:6:23",
            f"`mappings[1]`: found `gone.yaml`: there is no file {folder / 'gone.yaml'}",
        ),
        ("bridge.yaml:7:1", "unknown key `mapings`"),
        (
            "bridge.yaml:10:5",
            "`Main` is no name: write small letters, digits, `-` and `_`, at most 32",
        ),
        ("bridge.yaml:11:25", "`yespo.accounts.Main.legacy.site_id`: found `123`, expected text"),
        ("bridge.yaml:12:5", "`yespo.accounts.empty`: an account needs `legacy:` or `v2:`"),
        ("bridge.yaml:13:14", "`http.port`: found `910800`, expected at most 65535"),
        ("bridge.yaml:14:9", "`commit`: found `5`, expected a table of keys"),
        ("bridge.yaml:15:19", "`buffer.records`: found `many`, expected a whole number"),
    ]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://registry:99999", "Port out of range 0-65535"),
        ("https://registry:0", "a port is a number from 1 to 65535"),
        ("https://regi stry", "a URL holds no blanks: percent-encode them"),
        ('"https://registry\\0"', "a URL holds no blanks: percent-encode them"),
        ("https://registry..com", "`registry..com` is no name of a host"),
        ("registry:8081", "a URL looks like `https://host/path`"),
    ],
)
def test_a_url_that_nothing_can_be_asked_at_is_refused(
    findings_of: FindingsOf, url: str, why: str
) -> None:
    [(place, message, _)] = findings_of(LEAST.replace("https://registry:8081", url))
    assert place == "bridge.yaml:4:17"
    assert message.endswith(why)


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ("bootstrap.servers", "bootstrap.server", "did you mean `bootstrap.servers`?"),
        ("dead_letters", "dead_leters", "did you mean `dead_letters`?"),
        ("site_id", "siteId", "did you mean `site_id`?"),
        ("{url:", "{uri:", "did you mean `url`?"),
    ],
)
def test_a_misspelt_key_gets_the_nearest_valid_one(
    findings_of: FindingsOf, old: str, new: str, remedy: str
) -> None:
    assert remedy in [remedy for _, _, remedy in findings_of(LEAST.replace(old, new))]


def test_a_misspelt_choice_gets_the_nearest_valid_one(findings_of: FindingsOf) -> None:
    [(_, _, remedy)] = findings_of(LEAST + "log: {level: warn}\n")
    assert remedy == "did you mean `warning`?"


def test_a_missing_file_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.yaml", {})
    expected = "none.yaml: no such file or directory; name the configuration file with --config"
    assert str(caught.value).endswith(expected)
    assert caught.value.exit_code == EXIT_CONFIG == 3


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n"])
def test_a_file_that_is_no_table_is_refused(findings_of: FindingsOf, text: str) -> None:
    [(place, message, _)] = findings_of(text)
    assert place == "bridge.yaml:1:1"
    assert message == "a configuration is a table of keys: `kafka:`, ..."


def test_broken_yaml_is_one_finding_at_its_place(findings_of: FindingsOf) -> None:
    [(place, message, _)] = findings_of("kafka:\n\tgroup.id: x\n")
    assert (place, message) == ("bridge.yaml:2:1", "a tab where YAML expects spaces")


def test_an_error_shows_the_line_and_what_to_write(read_config: Read) -> None:
    loaded = read_config(LEAST + "drain: {revok: 5s}\n")
    with pytest.raises(ConfigError) as caught:
        loaded.raise_findings()
    _, _, shown = str(caught.value).partition("bridge.yaml:")
    assert shown.splitlines() == [
        "12:9  unknown key `drain.revok`  [unknown-key]",
        "   12 | drain: {revok: 5s}",
        "      |         ^^^^^",
        "   did you mean `revoke`?",
    ]


@pytest.mark.parametrize("text", ["no", "on", "007", "8E12", "0x1F", "1_000", ".inf", "12:30"])
def test_what_other_yaml_readers_guess_at_is_text(settings_of: SettingsOf, text: str) -> None:
    settings = settings_of(LEAST.replace("8A412DC", text))
    legacy = settings.yespo.accounts["main"].legacy
    assert legacy is not None
    assert legacy.site_id == text


def test_a_number_where_text_belongs_is_refused_rather_than_changed(
    findings_of: FindingsOf,
) -> None:
    [(_, message, remedy)] = findings_of(LEAST.replace("8A412DC", "1.10"))
    assert message == "`yespo.accounts.main.legacy.site_id`: found `1.10`, expected text"
    assert remedy == "write it in quotes, so that it stays the text that it is"


def test_quoted_numbers_are_text_and_still_numbers_to_settings_that_count(
    settings_of: SettingsOf,
) -> None:
    settings = settings_of(LEAST.replace("8A412DC", '"123"') + 'http: {port: "9000"}\n')
    legacy = settings.yespo.accounts["main"].legacy
    assert legacy is not None
    assert legacy.site_id == "123"
    assert settings.http.port == 9000


def test_relative_paths_are_relative_to_the_file(settings_of: SettingsOf, folder: Path) -> None:
    (folder / "ca.pem").write_text("x")
    text = LEAST.replace(
        "{url: https://registry:8081}",
        "{url: https://registry:8081, ca_file: ca.pem, cache_dir: cache}",
    ).replace("  group.id", "  ssl.ca.location: ca.pem\n  group.id")
    settings = settings_of(text)
    assert settings.registry.ca_file == str(folder / "ca.pem")
    assert settings.registry.cache_dir == str(folder / "cache")
    assert settings.kafka["ssl.ca.location"] == str(folder / "ca.pem")


def test_the_word_probe_is_no_path(settings_of: SettingsOf) -> None:
    settings = settings_of(LEAST.replace("  group.id", "  ssl.ca.location: probe\n  group.id"))
    assert settings.kafka["ssl.ca.location"] == "probe"


def test_what_the_source_refuses_is_a_finding_at_its_place(folder: Path) -> None:
    path = folder / "bridge.yaml"
    text = LEAST.replace("  group.id: yespo-bridge\n", "  enable.auto.commit: true\n")
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, {"YESPO_API_KEY": "k"}, refused)
    found = [line.partition("bridge.yaml:")[2] for line in str(caught.value).splitlines()]
    missing, owned = [line for line in found if line]
    assert missing == "1:1  `group.id` is required, e.g. `yespo-bridge`  [setting]"
    assert owned.startswith("3:23  `enable.auto.commit` cannot be set: an offset is committed once")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("registry: {url: registry:8081}", "a URL looks like `https://host/path`"),
        (
            "registry: {url: https://me@registry}",
            "a URL here holds no user and password: there are settings for them",
        ),
        (
            "registry: {url: https://registry, username: me}",
            "`username` and `password` are needed together",
        ),
        ("start: {no_offset: yesterday}", "write `error`, `earliest`, `latest` or a time"),
        ("start: {no_offset: 2026-11-20T10:00:00}", "a time needs its zone"),
        ("delivery: {proxy: http://proxy:3128}", "only `delivery.client: httpx` can use a proxy"),
        ("drain: {revoke: 0s}", "expected more than 0"),
        ("dead_letters: {topic: a b}", "expected letters, digits, `.`, `-` and `_`"),
    ],
)
def test_a_section_that_cannot_work_says_why(
    findings_of: FindingsOf, section: str, message: str
) -> None:
    key = section.partition(":")[0]
    lines = [line for line in LEAST.splitlines() if not line.startswith(key)]
    found = findings_of("\n".join([*lines, section]) + "\n")
    assert len(found) == 1
    assert message in found[0][1]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("session.timeout.ms: 45 s", "wants a number of milliseconds, without a unit"),
        ("security.protocol: sssl", 'says: Invalid value "sssl"'),
        ("stats_cb: print", "is a call-back, which no configuration can set"),
        ("enable.auto.commit: maybe", "says: Expected bool value"),
    ],
)
def test_librdkafka_itself_judges_its_properties(
    findings_of: FindingsOf, written: str, message: str
) -> None:
    text = LEAST.replace("  group.id", f"  {written}\n  group.id")
    found = [text for _, text, _ in findings_of(text)]
    assert len(found) == 1
    assert message in found[0]


def test_a_number_of_thousands_of_digits_is_a_wrong_value(findings_of: FindingsOf) -> None:
    [(place, found, _)] = findings_of(LEAST + f"http: {{port: {'9' * 5000}}}\n")
    assert place == "bridge.yaml:12:14"
    assert found.startswith("`http.port`: found `999")
    assert found.endswith("expected a whole number")


@pytest.mark.parametrize("letter", ["x", " ", ".", "password ", "a: ", "://"])
def test_a_line_without_end_is_refused_at_once_in_few_words(folder: Path, letter: str) -> None:
    path = folder / "bridge.yaml"
    path.write_text(letter * (10_000_000 // len(letter)) + "\n")
    began = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    assert time.monotonic() - began < 20
    assert len(str(refused.value)) < 10_000
