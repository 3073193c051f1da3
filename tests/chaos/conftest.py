"""The shop of the end-to-end tests, and the table of the soak run."""

from tests.e2e.conftest import shop as shop  # noqa: PLC0414 a fixture is found by its name here
from tests.soak_report import figure as figure  # noqa: PLC0414 as above
