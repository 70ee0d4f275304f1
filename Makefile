# Every task of the project. Only `make` and Python 3.11 or newer are needed; `make` alone lists the tasks.

PYTHON ?= python3
PYTEST_ARGS ?= --numprocesses auto --maxprocesses 4 --dist worksteal
LOCK_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ledgerbank-ready

# Prints the first uv that really runs: a version manager may leave a launcher that only says "not for this Python".
FIND_UV = for uv in uv $(BIN)/uv; do if "$$uv" --version >/dev/null 2>&1; then echo "$$uv"; break; fi; done

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup run test lint format types contracts unit contract integration conformance bench lock clean moved

# A copied or moved clone brings a .venv whose programs still point to where it was made: it is made anew.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
$(STAMP): moved
endif

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## Create .venv and install the locked packages and the project (at once when nothing changed)
	@:

run: setup ## Serve with an embedded database, sample data, workers and a simulated bank (PORT, LEDGERBANK_DATA_DIR)
	@exec $(BIN)/ledgerbank up

test: lint types contracts ## Check everything: lint, types, import contracts and all tests (PYTEST_ARGS)
	@$(BIN)/pytest $(PYTEST_ARGS)

lint: setup ## Check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: setup ## Rewrite the code in the project's format
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

types: setup ## Check the types
	@$(BIN)/mypy --strict src

contracts: setup ## Check which package may import which
	@$(BIN)/lint-imports --no-logo

unit: setup ## Run the tests of the domain and of single parts
	@$(BIN)/pytest $(PYTEST_ARGS) tests/unit

contract: setup ## Run the one suite that every adapter of a port must pass
	@$(BIN)/pytest $(PYTEST_ARGS) tests/contract

integration: setup ## Run the tests of the whole over HTTP and PostgreSQL
	@$(BIN)/pytest $(PYTEST_ARGS) tests/integration

conformance: setup ## Ask a server thousands of questions from its own OpenAPI document
	@$(BIN)/python -m tests.integration.conformance_run

bench: setup ## Run every benchmark and print its figures
	@set -e; for script in $(filter-out benchmarks/bench_%.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python "$$script"; done

lock: ## Resolve requirements.lock anew (LOCK_ARGS=--upgrade takes newer versions)
	@uv=$$($(FIND_UV)); \
	if [ -z "$$uv" ]; then echo "make lock needs uv: run 'make setup' first, it brings one." >&2; exit 1; fi; \
	"$$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra dev $(LOCK_ARGS) --output-file requirements.lock pyproject.toml
	@if grep -n '://' requirements.lock; then echo "requirements.lock must name no address." >&2; exit 1; fi

clean: ## Remove .venv, caches and builds (never a database)
	@rm -rf $(VENV) .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist htmlcov
	@find benchmarks src tests -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

$(STAMP): pyproject.toml requirements.lock
	@$(CREATE_VENV)
	@$(INSTALL)
	@echo '$(CURDIR)' > $@

define CREATE_VENV
if [ -x $(BIN)/python ] && { [ ! -e $(STAMP) ] || [ "$$(cat $(STAMP))" = '$(CURDIR)' ]; }; then exit 0; fi; \
if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	echo "LedgerBank needs Python 3.11 or newer: install it, or name one that is not called python3: make PYTHON=/path/to/python setup" >&2; \
	exit 1; \
fi; \
uv=$$($(FIND_UV)); \
if ! $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1; then \
	rm -rf $(VENV); \
	if [ -z "$$uv" ] || ! "$$uv" venv --quiet --no-cache --python $(PYTHON) $(VENV); then \
		rm -rf $(VENV); \
		echo "This Python cannot create virtual environments: install its venv package (on Debian and Ubuntu: apt-get install python3-venv)." >&2; \
		exit 1; \
	fi; \
fi
endef

# Everything comes from the hash lock, the build backend too: that is why the project itself is built without isolation.
# uv is only a faster way to the same packages: where pip alone knows the index or a proxy, pip has a try.
define INSTALL
uv=$$($(FIND_UV)); \
if [ -n "$$uv" ]; then \
	cache=$$("$$uv" cache dir 2>/dev/null) && mkdir -p "$$cache" 2>/dev/null && [ -w "$$cache" ] || export UV_NO_CACHE=1; \
	echo "Installing the locked packages into $(VENV) with uv ..."; \
	install="$$uv pip install --quiet --python $(BIN)/python"; \
	if ! $$install --require-hashes -r requirements.lock; then \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || exit 1; \
		echo "uv could not install them: trying pip." >&2; \
		uv=; \
	fi; \
fi; \
if [ -z "$$uv" ]; then \
	echo "Installing the locked packages into $(VENV) with pip (about a minute the first time) ..."; \
	install="$(BIN)/python -m pip --quiet --disable-pip-version-check install"; \
	$$install --require-hashes -r requirements.lock || exit 1; \
fi; \
$$install --no-deps --no-build-isolation -e .
endef
