"""The shape of the code: who may import whom, and how large a module may grow."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "consumer").rglob("*.py"))
LARGEST = 400


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of `folder`'s pyproject.toml over the packages that stand in it."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_import_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """Our contracts over a package with our modules' names and no imports at all."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for module in MODULES:
        copy = tmp_path / module.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("source/consumer.py", "import consumer.decode.registry", "Stages do not import"),
        ("model.py", "import consumer.pipeline.pipeline", "Stages do not import"),
        (
            "mapping/language/types.py",
            "import consumer.mapping.run.compile",
            "A mapping is written",
        ),
        (
            "mapping/language/syntax.py",
            "import consumer.documents.yaml_tree",
            "The mapping language knows neither",
        ),
        ("mapping/language/types.py", "import yaml", "The mapping language knows neither"),
        ("pipeline/pipeline.py", "import confluent_kafka", "What decides does no I/O"),
        ("cli/run.py", "import consumer.sandbox.store", "The service holds no test double"),
        ("privacy/detector.py", "import consumer.config.value_types", "Privacy rests on leaves"),
    ],
)
def test_an_import_that_breaks_a_contract_is_found(
    skeleton: Path, module: str, line: str, contract: str
) -> None:
    assert lint_imports(skeleton).returncode == 0
    (skeleton / "consumer" / module).write_text(f"{line}\n")
    result = lint_imports(skeleton)
    assert result.returncode == 1
    [broken] = [text for text in result.stdout.splitlines() if text.endswith("BROKEN")]
    assert broken.startswith(contract)


def test_a_cycle_is_found(skeleton: Path) -> None:
    (skeleton / "consumer" / "model.py").write_text("import consumer.clock\n")
    (skeleton / "consumer" / "clock.py").write_text("import consumer.model\n")
    result = lint_imports(skeleton)
    assert result.returncode == 1
    assert "No import cycles between siblings BROKEN" in result.stdout


def test_no_module_is_larger_than_one_can_read() -> None:
    lines = {str(m.relative_to(ROOT)): len(m.read_text().splitlines()) for m in MODULES}
    assert {name: count for name, count in lines.items() if count > LARGEST} == {}


def test_packages_export_nothing() -> None:
    """What a package re-exports makes cycles, and two names for one thing."""
    written = [m for m in MODULES if m.name == "__init__.py" and m.read_text().strip()]
    assert written == [ROOT / "consumer" / "__init__.py"]


def test_every_folder_with_python_is_type_checked() -> None:
    checked = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["packages"]
    folders = {path.parent.name for path in ROOT.glob("*/*.py") if path.parent.name[0] != "."}
    assert folders <= set(checked)


def test_the_walks_of_contributing_name_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:consumer|tests|docs|helm)/[\w/.]+)`", text))
    assert len(named) > 10
    missing = {n for n in named if not (ROOT / n.replace("NAME.py", "run.py")).exists()}
    assert missing == set()


def test_the_top_level_and_the_mapping_room_stay_tidy() -> None:
    """Where a module lies loose, its name is all that says what it may touch."""
    loose = [path.name for path in (ROOT / "consumer").glob("*.py")]
    assert len(loose) <= 10, sorted(loose)
    assert len(list((ROOT / "consumer" / "mapping").glob("*.py"))) <= 3


def test_the_table_of_rooms_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "consumer").glob("*/__init__.py")}
    missing = {room for room in rooms if f"`{room}/" not in text}
    assert missing == set()
