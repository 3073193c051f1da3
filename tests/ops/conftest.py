"""Prometheus' own programs: from Debian's package `prometheus`, or wherever they are on the PATH."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """Its path. Missing, it is a failure in CI and a skip where a person runs."""
    found = shutil.which(name)
    if found is None:
        why = f"`{name}` is not installed: apt-get install prometheus, or put it on the PATH"
        if os.environ.get("CI") == "true":
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    return program("promtool")


@pytest.fixture(scope="session")
def prometheus() -> str:
    return program("prometheus")
