"""What the chart renders is what the program takes: the check of every value file, by the program."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from consumer.cli.main import cli
from consumer.errors import ConfigError
from tests.helm.chart import CASES, Rendered, case, case_values, changed, pod_of, render
from tests.helm.pod import REPOSITORY, Pod, lay_out

# A ConfigMap has no folders: the versions of the schema are those of the image.
_SHOP = (REPOSITORY / "mappings/shop.yaml").read_text()
_OWN_MAPS = {
    "shop-mappings": {
        "shop.yaml": _SHOP.replace("../avro/versions", f"{REPOSITORY}/avro/versions")
    },
    "shop-schemas": {"shop_click.avsc": (REPOSITORY / "avro/shop_click.avsc").read_text()},
    "company-ca": {},
}


def _check(rendered: Rendered, folder: Path) -> tuple[Pod, Result]:
    """The job's own command, without the connections: they lead nowhere here."""
    jobs = rendered.all("Job") or rendered.all("Pod")
    pod = lay_out(rendered, pod_of(jobs[0]), "check", folder, config_maps=_OWN_MAPS)
    result = CliRunner().invoke(cli, pod.arguments[:1], env=pod.environment)
    return pod, result


@pytest.mark.parametrize("name", CASES)
def test_the_program_accepts_what_is_rendered(name: str, tmp_path: Path) -> None:
    _, result = _check(case(name), tmp_path)
    assert result.exception is None, result.exception
    assert "ok       configuration" in result.output
    assert "ok       mappings" in result.output


def test_the_check_reads_every_mapping_that_is_loaded(tmp_path: Path) -> None:
    _, result = _check(case("several-mappings"), tmp_path)
    assert "mappings: 2 rules" in result.output


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("delivery.total_timeout", "60s", "must not exceed drain.shutdown 25s"),
        ("drain.revoke", "50s", "must be less than session.timeout.ms 45s"),
        ("kafka.auto\\.offset\\.reset", "latest", "set `start.no_offset`"),
        ("kafka.bootstrap\\.srevers", "b", "bootstrap.servers"),
        ("start.no_offset", "yesterday", "write `error`, `earliest`, `latest` or a time"),
    ],
)
def test_the_check_stops_what_only_the_program_can_see(
    path: str, value: str, text: str, tmp_path: Path
) -> None:
    rendered = render(changed(case_values("inline"), f"config.{path}", value))
    _, result = _check(rendered, tmp_path)
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 3
    assert text in str(result.exception)


def test_the_check_stops_a_wrong_mapping_with_its_line(tmp_path: Path) -> None:
    values = case_values("inline")
    text = values["mappings"]["files"]["shop.yaml"].replace("product.sku", "product.skuu", 1)
    rendered = render(changed(values, "mappings.files", {"shop.yaml": text}))
    _, result = _check(rendered, tmp_path)
    assert isinstance(result.exception, ConfigError)
    line = 1 + text[: text.index("product.skuu")].count("\n")
    assert f"mappings/shop.yaml:{line}:" in str(result.exception)
    assert "did you mean `product.sku`?" in str(result.exception)


def test_a_swapped_volume_shows_mapping_and_schema_together(tmp_path: Path) -> None:
    """The mapping finds its schema through the links of the projected volume, before and after."""
    rendered = case("inline")
    pod, result = _check(rendered, tmp_path)
    assert "ok       mappings" in result.output
    files = dict(pod.objects["demo-yespo-bridge-check-files"])
    files["shop.yaml"] = files["shop.yaml"].replace("page viewed", "page seen", 1)
    pod.project({**pod.objects, "demo-yespo-bridge-check-files": files})
    again = CliRunner().invoke(cli, ["check"], env=pod.environment)
    assert again.exception is None
    assert again.output != result.output, "the digest is another"


def test_a_shipped_mapping_can_be_brought_as_it_is_with_the_versions_of_its_schema(
    tmp_path: Path,
) -> None:
    """A ConfigMap has no folders: the chart makes them out of the files' names."""
    schemas = {"shop_click.avsc": (REPOSITORY / "avro/shop_click.avsc").read_text()}
    for path in (REPOSITORY / "avro/versions").glob("shop_click.*.avsc"):
        schemas[f"versions/{path.name}"] = path.read_text()
    assert len(schemas) == 4
    values = changed(case_values("minimal"), "mappings.files", {"shop.yaml": _SHOP})
    pod, result = _check(render(changed(values, "schemas.files", schemas)), tmp_path)
    assert result.exception is None, result.exception
    assert "ok       mappings" in result.output
    assert (pod.root / "etc/yespo-bridge/avro/versions/shop_click.v1.avsc").is_file()
