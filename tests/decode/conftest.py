"""Fixtures of the decode tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.decode.encoding import BareDecoder
from tests.soak_report import figure as figure  # noqa: PLC0414 a fixture is found by its name here

BareDecoderMaker = Callable[..., BareDecoder]


@pytest.fixture
def bare(tmp_path: Path) -> BareDecoderMaker:
    """`bare(writer, *readers)` makes a decoder; without readers the writer schema is the reader's."""

    def make(writer: Any, *readers: Any, **settings: Any) -> BareDecoder:
        return BareDecoder(tmp_path, writer, *readers, **settings)

    return make
