"""Fixtures of the mapping tests."""

from tests.soak_report import figure as figure  # noqa: PLC0414 a fixture is found by its name here
