"""Taking changed mappings while the program runs: what is taken, what is refused, and when."""

from pathlib import Path

import pytest
import structlog

from consumer.errors import ConfigError, InvalidRecord
from consumer.mapping.unit import check_unit, load_unit, render
from consumer.mapping.workbench.cases import TEST_ACCOUNTS
from consumer.model import Decoded
from consumer.startup.reload import Attempt, Reloadable, Reloader
from consumer.telemetry.tallies import Tally
from tests.fakes import a_record

SCHEMA = '{"type": "record", "name": "t.Click", "fields": [{"name": "kind", "type": "string"}]}'
MAPPING = """
version: 1
from: {topics: [shop.clicks], schema: click.avsc}
include: [shared.yaml]
match: first
otherwise: dead_letter
identity: {cookie: kind}
rules:
  - name: NAME
    when: kind == wanted
    send: [{legacy: CustomerData}]
"""
SHARED = """
define:
  wanted: |
    "view"
"""


class Watched:
    """A folder with a mapping, and a reloader that is asked to look by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reads = 0
        self.write("click.avsc", SCHEMA)
        self.write("shared.yaml", SHARED)
        self.write("shop.yaml", MAPPING)
        self.mapping = Reloadable(load_unit([self.folder / "shop.yaml"], TEST_ACCOUNTS))
        self.first = self.mapping.digest
        self.reloads = Tally()
        self.fault: Exception | None = None
        files = self.read().files
        self.reloader = Reloader(self.mapping, self.read, files, self.reloads)
        self.reads = 0

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def read(self) -> Attempt:
        self.reads += 1
        if self.fault is not None:
            raise self.fault
        unit, findings, files = check_unit([self.folder / "shop.yaml"], TEST_ACCOUNTS)
        return Attempt(unit, render(findings, files), files.paths, files.digest)

    async def look(self, times: int = 1, *, at_once: bool = False) -> None:
        for _ in range(times):
            await self.reloader.look(at_once=at_once)

    def refused(self) -> bool:
        return self.mapping.refused

    def rules(self, kind: str) -> list[str]:
        try:
            mapped = self.mapping.map(a_record(), Decoded({"kind": kind}, "t.Click", "1"))
        except InvalidRecord as invalid:
            return [invalid.reason]
        return [event.rule for event in mapped.events]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


async def test_files_that_do_not_change_are_not_proven_again(watched: Watched) -> None:
    await watched.look(3)
    await watched.look(at_once=True)
    assert watched.reads == 0
    assert watched.reloads.total() == 0


async def test_a_change_is_taken_once_it_has_settled(watched: Watched) -> None:
    watched.write("shop.yaml", MAPPING.replace("NAME", "renamed"))
    await watched.look()
    assert watched.rules("view") == ["NAME"]
    await watched.look()
    assert watched.rules("view") == ["renamed"]
    assert watched.mapping.digest != watched.first
    assert watched.reloads.get("taken") == 1


async def test_a_file_that_goes_on_changing_is_waited_for(watched: Watched) -> None:
    for number in range(4):
        watched.write("shop.yaml", MAPPING.replace("NAME", f"name {number}"))
        await watched.look()
    assert watched.reads == 0
    await watched.look()
    assert watched.rules("view") == ["name 3"]


async def test_a_signal_does_not_wait(watched: Watched) -> None:
    watched.write("shop.yaml", MAPPING.replace("NAME", "renamed"))
    await watched.look(at_once=True)
    assert watched.rules("view") == ["renamed"]


async def test_included_files_and_schemas_are_watched_too(watched: Watched) -> None:
    watched.write("shared.yaml", SHARED.replace("view", "search"))
    await watched.look(2)
    assert watched.rules("search") == ["NAME"]
    assert watched.rules("view") == ["no_rule"]
    digest = watched.mapping.digest
    readers = watched.mapping.reader_schemas("shop.clicks")
    watched.write("click.avsc", SCHEMA.replace("}]}", '}, {"name": "n", "type": "int"}]}'))
    await watched.look(2)
    assert watched.mapping.digest != digest
    assert watched.mapping.reader_schemas("shop.clicks") is not readers


async def test_a_wrong_mapping_is_refused_and_the_old_one_goes_on(watched: Watched) -> None:
    watched.write("shop.yaml", MAPPING.replace("kind == wanted", "kin == wanted"))
    with structlog.testing.capture_logs() as lines:
        await watched.look(5)
    [line] = lines
    assert line["log_level"] == "error"
    assert line["in_force"] == watched.first
    assert "did you mean `kind`?" in line["findings"]
    assert f"{watched.folder}/shop.yaml:10:11" in line["findings"]
    assert watched.rules("view") == ["NAME"]
    assert watched.mapping.digest == watched.first
    assert watched.refused()
    assert (watched.reloads.get("refused"), watched.reads) == (1, 1)


async def test_a_refused_mapping_that_is_mended_is_taken(watched: Watched) -> None:
    watched.write("shop.yaml", MAPPING.replace("kind == wanted", "kin == wanted"))
    await watched.look(2)
    watched.write("shop.yaml", MAPPING.replace("NAME", "mended"))
    await watched.look(2)
    assert watched.rules("view") == ["mended"]
    assert not watched.refused()


async def test_a_refused_mapping_that_is_taken_back_is_no_reload(watched: Watched) -> None:
    watched.write("shop.yaml", "nonsense")
    await watched.look(2)
    assert watched.refused()
    watched.write("shop.yaml", MAPPING)
    await watched.look(2)
    assert not watched.refused()
    assert watched.reloads.get("taken") == 0


async def test_a_missing_file_is_refused_and_still_watched(watched: Watched) -> None:
    (watched.folder / "shared.yaml").unlink()
    await watched.look(2)
    assert watched.refused()
    assert watched.rules("view") == ["NAME"]
    watched.write("shared.yaml", SHARED.replace("view", "search"))
    await watched.look(2)
    assert watched.rules("search") == ["NAME"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ConfigError("registry: certificate files cannot be used"), "certificate files"),
        (
            UnicodeEncodeError("ascii", "ann@shop.ua", 0, 1, "x"),
            "UnicodeEncodeError at tests/startup/test_rel",
        ),
    ],
)
async def test_whatever_the_files_lead_to_the_old_mapping_goes_on(
    watched: Watched, fault: Exception, told: str
) -> None:
    watched.fault = fault
    watched.write("shop.yaml", MAPPING.replace("NAME", "other"))
    with structlog.testing.capture_logs() as lines:
        await watched.look(5)
    [line] = lines
    assert told in line["findings"]
    assert "ann@shop.ua" not in str(line)
    assert watched.refused()
    assert watched.rules("view") == ["NAME"]
    assert (watched.reloads.get("refused"), watched.reads) == (1, 1)
    watched.fault = None
    await watched.look(at_once=True)  # it stood in none of the files: a signal asks again
    assert watched.rules("view") == ["other"]
    assert not watched.refused()


async def test_other_topics_need_a_restart(watched: Watched) -> None:
    watched.write("shop.yaml", MAPPING.replace("shop.clicks", "shop.others"))
    with structlog.testing.capture_logs() as lines:
        await watched.look(2)
    assert lines[-1]["findings"] == "its topics are others: restart to read from them"
    assert watched.mapping.topics == ("shop.clicks",)
    assert watched.rules("view") == ["NAME"]


async def test_a_swap_of_symbolic_links_is_a_change(tmp_path: Path) -> None:
    """The way in which Kubernetes updates a ConfigMap: `..data` comes to point elsewhere."""
    for name, rule in (("one", "NAME"), ("two", "renamed")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "click.avsc").write_text(SCHEMA)
        (tmp_path / name / "shared.yaml").write_text(SHARED)
        (tmp_path / name / "shop.yaml").write_text(MAPPING.replace("NAME", rule))
    (tmp_path / "..data").symlink_to("one")
    for name in ("click.avsc", "shared.yaml", "shop.yaml"):
        (tmp_path / name).symlink_to(Path("..data") / name)

    class Mounted(Watched):
        def write(self, name: str, text: str) -> None:
            """What is mounted is there already."""

    watched = Mounted(tmp_path)
    assert watched.rules("view") == ["NAME"]
    (tmp_path / "..data_tmp").symlink_to("two")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    await watched.look(2)
    assert watched.rules("view") == ["renamed"]


async def test_a_file_that_changes_while_it_is_proven_is_not_taken_half(watched: Watched) -> None:
    read = watched.read

    def interrupted() -> Attempt:
        attempt = read()
        if watched.reads == 1:
            watched.write("shared.yaml", SHARED.replace("view", "search"))
        return attempt

    watched.reloader = Reloader(watched.mapping, interrupted, read().files, watched.reloads)
    watched.reads = 0
    watched.write("shop.yaml", MAPPING.replace("NAME", "renamed"))
    await watched.look(at_once=True)
    assert watched.rules("view") == ["NAME"]
    await watched.look()
    assert watched.rules("search") == ["renamed"]
    assert watched.reloads.get("taken") == 1
