"""The generated parts of docs/mapping.md (library, events, workbench), and the editors' schema.

.venv/bin/python -m docs.generators.mapping_page
"""

import contextlib
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from consumer.cli.main import cli
from consumer.mapping.file.editor import json_schema
from consumer.mapping.language.library.all import LIBRARY
from consumer.yespo.shared import SHARED
from consumer.yespo.spec import FieldSpec, Kind

DOC = Path(__file__).parents[2] / "docs" / "mapping.md"
WORKBENCH = DOC.parents[1] / "tests" / "mapping" / "workbench"
SCHEMA = DOC.parent / "mapping.schema.json"


def functions() -> str:
    lines = []
    for section, members in LIBRARY.sections.items():
        lines += [f"**{section}**", "", "| function | what it gives | example |", "|---|---|---|"]
        for function in members:
            text, value = function.examples[0]
            signature = function.signature.replace("|", "\\|")
            lines.append(f"| `{signature}` | {function.doc} | `{text}` is {_value(value)} |")
        lines.append("")
    lines.append(
        "`T` is any one type, `?` after the result means that it may be absent though no argument is."
    )
    return "\n".join(lines)


def _value(value: Any) -> str:
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Decimal):
        return f"`{value}`"
    if isinstance(value, list):
        return f"`{value}`".replace("'", '"')
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def shared() -> str:
    lines = ["| `both:` | legacy | v2 | fields (required in bold) |", "|---|---|---|---|"]
    for event in SHARED.values():
        fields = ", ".join(_field(field) for field in event.fields)
        lines.append(f"| `{event.name}` | {event.legacy} | {event.v2} | {fields} |")
    return "\n".join(lines)


def _field(field: FieldSpec) -> str:
    name = f"**`{field.name}`**" if field.required else f"`{field.name}`"
    if field.kind in {Kind.OBJECT, Kind.OBJECTS} and field.fields:
        inside = ", ".join(_field(member) for member in field.fields)
        return f"{name}: {'list of ' if field.kind is Kind.OBJECTS else ''}({inside})"
    return name


def shown(*arguments: str) -> str:
    """A command of the workbench over the example of the tests, and what it prints."""
    with contextlib.chdir(WORKBENCH):
        result = CliRunner().invoke(cli, ["mapping", *arguments])
    assert result.exit_code == 0, result.output
    return f"```console\n$ yespo-bridge mapping {' '.join(arguments)}\n{result.output}```"


def example() -> str:
    mapping = (WORKBENCH / "shop.yaml").read_text()
    record = (WORKBENCH / "view.json").read_text().strip()
    return f"```yaml\n{mapping}```\n\n```json\n{record}\n```"


def filled(text: str) -> str:
    """The document with its generated parts replaced."""
    parts = {
        "functions": functions(),
        "shared events": shared(),
        "example": example(),
        "explain": shown("explain", "shop.yaml", "--record", "view.json"),
        "coverage": shown("coverage", "shop.yaml"),
        "diff": shown("diff", "shop.yaml", "new.yaml", "--records", "records.jsonl"),
        "capture": shown(
            "capture", "shop.yaml", "--record", "view.json", "--name", "a mug is viewed"
        ),
    }
    for name, content in parts.items():
        begin = re.search(rf"<!-- {name}: [^\n]*-->\n", text)
        assert begin, name
        rest = text[begin.end() :].partition(f"<!-- end of {name} -->")
        text = "".join((text[: begin.end()], content, "\n", *rest[1:]))
    return text


def schema() -> str:
    """docs/mapping.schema.json."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOC.write_text(filled(DOC.read_text()))
    SCHEMA.write_text(schema())
