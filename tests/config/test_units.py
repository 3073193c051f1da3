"""Durations and sizes as people write them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from consumer.config.value_types import Bytes, Seconds

SECONDS: TypeAdapter[float] = TypeAdapter(Seconds)
BYTES: TypeAdapter[int] = TypeAdapter(Bytes)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("250ms", 0.25),
        ("5s", 5),
        (" 1.5 m ", 90),
        ("24h", 86_400),
        ("7d", 604_800),
        (5, 5),
        ("5", 5),
    ],
)
def test_durations(written: str | int, seconds: float) -> None:
    assert SECONDS.validate_python(written) == seconds


@pytest.mark.parametrize(
    ("written", "size"), [("64kB", 64_000), ("16MiB", 16_777_216), ("1.5KiB", 1536), (10, 10)]
)
def test_sizes(written: str | int, size: int) -> None:
    assert BYTES.validate_python(written) == size


@pytest.mark.parametrize("written", ["5 sec", "", "-5s", "5S", "1h30m", True, "s"])
def test_other_durations_are_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValidationError, match=r"e\.g\. `5s`"):
        SECONDS.validate_python(written)


@pytest.mark.parametrize("written", [0, -1, "0s", float("inf"), float("nan")])
def test_a_duration_is_more_than_nothing_and_finite(written: object) -> None:
    with pytest.raises(ValidationError):
        SECONDS.validate_python(written)


def test_half_a_byte_is_refused() -> None:
    with pytest.raises(ValidationError):
        BYTES.validate_python("0.5B")
