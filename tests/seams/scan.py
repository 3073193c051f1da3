"""Finds in the code every place where something foreign enters the running process."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "consumer"
RUNNING = (
    *("app.py", "commit", "config", "credentials", "decode", "delivery", "observability"),
    *("pipeline", "source", "startup"),
)
"""Rooms of the process that `run` starts. The tools for people end with an error and lose nothing."""

HANDED_OVER = {"logger", "on_assign", "on_revoke", "on_lost", "on_commit", "on_delivery"}
"""Names under which a library takes a call-back, beside those that end in `_cb`."""
TAKERS = {"add_done_callback", "add_signal_handler", "set_exception_handler", "make_server"}
"""Functions that take a call-back by position."""
ASKED = {
    *("consume", "list_topics", "describe_topics", "describe_configs", "offsets_for_times"),
    *("list_consumer_group_offsets", "list_offsets", "set_sasl_credentials", "current"),
    *("feed_data", "produce", "stream", "loads", "b64decode", "load_cert_chain", "read_text"),
}
"""Methods that return, or take, what a client, a file or a parser makes of foreign bytes."""


def seams() -> set[str]:
    """`stages.<Protocol>.<method>` for each stage, `<file> <name>` for each other seam."""
    stages = ast.parse((PACKAGE / "stages.py").read_text())
    found = {
        f"stages.{each.name}.{method.name}"
        for each in ast.walk(stages)
        if isinstance(each, ast.ClassDef) and "Protocol" in _bases(each)
        for method in each.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for room in RUNNING:
        path = PACKAGE / room
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            where = file.relative_to(PACKAGE).as_posix()
            tree = ast.parse(file.read_text())
            found |= {f"{where} {name}" for node in ast.walk(tree) for name in _names(node)}
    return found


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Dict(keys=keys):
            texts = [key.value for key in keys if isinstance(key, ast.Constant)]
            yield from (text for text in texts if isinstance(text, str) and _is_call_back(text))
        case ast.Call(func=func, keywords=keywords):
            names = [each.arg for each in keywords if each.arg]
            yield from (name for name in names if _is_call_back(name))
            name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            asked_of_kafka = name == "committed" and "timeout" in names
            if name in TAKERS or name in ASKED or asked_of_kafka:
                yield name
            if name == "Thread":
                yield f"Thread {next(ast.unparse(k.value) for k in keywords if k.arg == 'target')}"
        case ast.ClassDef() if "asyncio.Protocol" in _bases(node):
            methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
            own = ("data_received", "eof_received", "connection_made", "connection_lost")
            yield from (name for name in methods if name in own or name.startswith("on_"))


def _is_call_back(name: str) -> bool:
    return name.endswith("_cb") or name in HANDED_OVER


def _bases(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(base) for base in node.bases]
