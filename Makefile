# Every task of the project. Only `make` and Python 3.11 or newer are needed; `make` alone lists the tasks.

PYTHON ?= python3
PYTEST_ARGS ?= --numprocesses auto --maxprocesses 4 --dist worksteal
LOCK_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
MADE_IN := $(VENV)/.made-in
SERVER_READY := $(VENV)/.server-ready
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup run check test docs lint format types contracts unit contract integration conformance bench lock clean moved

# A copied or moved clone brings a .venv whose programs still point to where it was made, and an upgrade of the system
# may take its interpreter away: it is made anew.
ifneq ($(shell $(BIN)/python -c '' 2>/dev/null && cat $(MADE_IN) 2>/dev/null),$(CURDIR))
$(MADE_IN): moved
endif

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## Create .venv with all that the tasks need (at once when nothing changed)
	@:

run: $(SERVER_READY) ## Serve with an embedded database, sample data, workers and a simulated bank (PORT, LEDGERBANK_DATA_DIR)
	@exec $(BIN)/ledgerbank up

check: lint types contracts unit ## Check what a minute can: lint, types, import contracts and unit tests

test: lint types contracts ## Check everything: lint, types, import contracts and all tests (PYTEST_ARGS)
	@$(BIN)/pytest $(PYTEST_ARGS)

lint: setup ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: setup ## Rewrite the code in the project's format
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

types: setup ## Check the types
	@$(BIN)/mypy --strict src tests benchmarks

contracts: setup ## Check which package may import which
	@$(BIN)/lint-imports --no-logo

docs: setup ## Write the pages that are made from the code
	@$(BIN)/python -m tests.support.ports_page

unit: setup ## Run the tests of the domain and of single parts
	@$(BIN)/pytest $(PYTEST_ARGS) tests/unit

contract: setup ## Run the one suite that every adapter of a port must pass
	@$(BIN)/pytest $(PYTEST_ARGS) tests/contract

integration: setup ## Run the tests of the whole over HTTP and PostgreSQL
	@$(BIN)/pytest $(PYTEST_ARGS) tests/integration

conformance: setup ## Ask a server thousands of questions from its own OpenAPI document
	@$(BIN)/python -m tests.simulations.conformance_run

bench: setup ## Run every benchmark and print its figures
	@set -e; for script in $(wildcard benchmarks/*.py); do echo "== $$script"; $(BIN)/python "$$script"; done

lock: setup ## Resolve both lock files anew (LOCK_ARGS=--upgrade takes newer versions)
	@$(RESOLVE) --extra dev --group build $(LOCK_ARGS) --output-file requirements-dev.lock pyproject.toml
	@$(RESOLVE) --extra server --group build --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	@if grep -n '://' requirements.lock requirements-dev.lock; then echo "A lock file must name no address." >&2; exit 1; fi

# Extras are kept in the files: they are what tells a reader, and the test of the lock, why a package is there.
RESOLVE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	--no-annotate --no-emit-index-url --no-header

clean: ## Remove .venv, caches and builds (never a database)
	@rm -rf $(VENV) .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist htmlcov
	@find benchmarks src tests -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(MADE_IN):
	@$(CREATE_VENV)
	@echo '$(CURDIR)' > $@

# All that a server needs, and nothing to test it with.
$(SERVER_READY): $(MADE_IN) pyproject.toml requirements.lock
	@$(call INSTALL,requirements.lock)
	@touch $@

# The larger file holds the smaller one, so there is no need to install that first.
$(READY): $(MADE_IN) pyproject.toml requirements.lock requirements-dev.lock
	@$(call INSTALL,requirements-dev.lock)
	@touch $(SERVER_READY) $@

# Before 3.12 Python puts a setuptools of its own in, which is in no lock file and serves nothing here.
define CREATE_VENV
if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "LedgerBank needs Python 3.11 or newer: install it, or name one that is not called python3: make PYTHON=/path/to/python setup" >&2; \
	exit 1; \
fi; \
if ! $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1; then \
	rm -rf $(VENV); \
	echo "This Python cannot create virtual environments: install its venv package (on Debian and Ubuntu: apt-get install python3-venv)." >&2; \
	exit 1; \
fi; \
$(PIP) --quiet uninstall --yes setuptools 2>/dev/null
endef

# Nothing is ever resolved or built here, so that a release that comes out tomorrow changes nothing: each package is
# taken by its hash, as a wheel, without its dependencies, and pip only looks afterwards whether any is missing.
# What builds the project itself comes from the lock as well. Byte code is left to be made of what is imported.
define INSTALL
echo "Installing the packages of $(1) into $(VENV) ..."; \
$(PIP) --quiet install --no-deps --require-hashes --only-binary :all: --no-compile -r $(1) && \
$(PIP) --quiet install --no-deps --no-build-isolation --no-compile -e . && \
{ broken=$$($(PIP) check) || { echo "$$broken" >&2; exit 1; }; }
endef
