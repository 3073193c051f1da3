# `make demo` and `make test` set up what they need in .venv; nothing needs root.
# The same steps without make stand in README.md.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
LOCKED := --require-hashes --only-binary :all:
# The build backend is pinned too, so that installing this project downloads nothing unpinned.
PROJECT := --no-deps --no-build-isolation --editable .
COMPILE := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

.PHONY: help demo check test soak bench docs lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo   run the whole bridge on embedded parts, with live progress (ARGS=\"--help\")"
	@echo "make check  linters, types and the fast tests: under a minute, without a JVM"
	@echo "make test   linters, types and all tests, on a real Kafka and schema registry"
	@echo "make soak   the tests that take minutes"
	@echo "make bench  measure cost, speed and latency beside others (ARGS=\"--help\"); docs/performance.md"
	@echo "make docs   write the generated pages of docs/ anew"
	@echo "make lock   write the lock files anew (needs uv; UPGRADE=--upgrade for newer versions)"
	@echo "make clean  remove .venv and caches"

demo: $(VENV)/.runtime
	@$(BIN)/yespo-bridge demo $(ARGS)

# What reads the code and runs nothing.
define LINT
$(BIN)/ruff check
$(BIN)/ruff format --check
$(BIN)/mypy
$(BIN)/lint-imports --no-logo
$(BIN)/vulture
$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md consumer docs helm mappings avro tests benchmarks
endef

check: $(VENV)/.dev
	$(LINT)
	$(BIN)/pytest -n 2 -q -m "not kafka and not registry and not soak and not slow" $(ARGS)

# Two at a time: most of the time goes into waiting for real brokers. The closing line of pytest is
# the last line.
test: $(VENV)/.dev
	$(LINT)
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

soak: $(VENV)/.dev
	$(BIN)/pytest -m soak --timeout 3600 $(ARGS)

# On a machine with nothing else to do: the figures are taken from two cores.
bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python -m docs.generators.configuration_page > docs/configuration.md
	$(BIN)/python -m docs.generators.events_page > docs/events.md
	$(BIN)/python -m docs.generators.metrics_page > docs/metrics.md
	$(BIN)/python -m docs.generators.mapping_page
	$(BIN)/python -m tests.mapping.gallery > docs/mapping-errors.md
	$(BIN)/python -m helm.generators.dashboards
	$(BIN)/python -m helm.generators.chart_schema

lock:
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements-build.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build

$(VENV)/.runtime: $(VENV)/.made requirements.lock requirements-build.lock pyproject.toml
	@echo "Installing into $(VENV) (requirements.lock)"
	@$(PIP) $(LOCKED) -r requirements.lock -r requirements-build.lock
	@$(PIP) $(PROJECT)
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements-dev.lock requirements-build.lock pyproject.toml
	@echo "Installing into $(VENV) (requirements-dev.lock)"
	@$(PIP) $(LOCKED) -r requirements-dev.lock -r requirements-build.lock
	@$(PIP) $(PROJECT)
	@touch $@

$(VENV)/.made:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) && touch $@; exit; \
		fi; \
	done; \
	echo "Python 3.11 or newer is needed; name it with PYTHON=/path/to/python3" >&2; exit 1
