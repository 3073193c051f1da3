"""Whatever is remembered is bounded by number and by size: a text of a record may be as large as it."""

import ast
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consumer.delivery.http.target import Target
from consumer.memory import LONGEST, remembered
from consumer.sandbox.answers import basic_credentials
from consumer.yespo.identifiers import user_agent

ROOT = Path(__file__).parents[1]

FINITE = {
    "consumer/contacts/phone.py:_phone": "numbers of at most 40 characters",
    "consumer/contacts/national.py:_region": "codes of countries",
    "consumer/mapping/language/library/identity.py:_secret": "constants of mappings",
    "consumer/mapping/language/library/texts.py:_pattern": "constants of mappings",
    "consumer/mapping/language/library/times.py:_zone": "names of zones that exist",
    "consumer/sandbox/page.py:load": "no argument",
    "consumer/yespo/catalogue.py:_v2_converter": "names of documented events",
    "consumer/yespo/judge.py:_meaning_in": "classes of the contract",
    "consumer/yespo/rules.py:taking": "rules of the contract",
}
"""Functions under `functools.cache` or `lru_cache`, and what bounds their keys."""


def caches() -> Iterator[str]:
    """Each function of the product that a cache of the standard library decorates."""
    for path in sorted((ROOT / "consumer").rglob("*.py")):
        tree = ast.parse(path.read_text())
        used = [node for node in ast.walk(tree) if _is_cache(node)]
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                decorating = [
                    node
                    for decorator in function.decorator_list
                    for node in ast.walk(decorator)
                    if _is_cache(node)
                ]
                if decorating:
                    yield f"{path.relative_to(ROOT)}:{function.name}"
                used = [node for node in used if node not in decorating]
        if path.name != "memory.py":
            yield from (f"{path.relative_to(ROOT)}: {ast.unparse(node)}" for node in used)


def _is_cache(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return isinstance(node, ast.Name | ast.Attribute) and name in {"lru_cache", "cache"}


def test_every_cache_is_bounded_or_has_finite_keys() -> None:
    """Texts of records are kept by `consumer.memory.remembered` alone."""
    assert sorted(caches()) == sorted(FINITE)


@pytest.mark.parametrize(
    "remember",
    [
        user_agent,
        lambda text: Target("http://yespo.test/").request(b"", b"", text),
        lambda text: basic_credentials(text.encode()),
        remembered(1000)(str.upper),
    ],
    ids=["user agents", "request heads", "credentials", "remembered"],
)
def test_nothing_is_kept_of_long_texts(remember: Callable[[str], object]) -> None:
    tracemalloc.start()
    try:
        remember("warm")
        before = tracemalloc.get_traced_memory()[0]
        for number in range(100):
            remember(f"{number} " + "x" * 900_000)
        assert tracemalloc.get_traced_memory()[0] - before < 200_000
    finally:
        tracemalloc.stop()


def test_short_texts_are_computed_once_and_long_ones_each_time() -> None:
    asked: list[str] = []

    @remembered(2)
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    longest, longer = "a" * LONGEST, "a" * (LONGEST + 1)
    assert [length(text) for text in (longest, longest, longer, longer)] == [512, 512, 513, 513]
    assert asked == [longest, longer, longer]
