# Everything happens in .venv; what is set up stays set up. `make help` lists the targets.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
HOST ?= 127.0.0.1
PORT ?= 8000
SECONDS ?= 60
STORE ?= single
# Tests run side by side: most of their time they wait for something to happen.
TOGETHER ?= 4
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test lint format bench faults clean

help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: .venv/.installed ## serve on HOST=127.0.0.1 and PORT=8000, with a store of its own
	@$(BIN)/sse-presence serve --host $(HOST) --port $(PORT)

test: .venv/.tools lint ## check and test everything; as root, missing system packages are installed
	@.ci/system
	@$(BIN)/pytest -n $(TOGETHER) --dist worksteal -m "$$(.ci/system runnable)" --cov --cov-report=term:skip-covered $(ARGS)

lint: .venv/.tools ## ruff and mypy
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: .venv/.tools ## bring the code into shape
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: .venv/.installed ## measure all, or ONLY=name, against what others take for the same
	@$(BIN)/python -m benchmarks $(ONLY) $(ARGS)

faults: .venv/.tools ## play rounds of faults for SECONDS=60, on STORE=single, from SEED if one is given
	@$(BIN)/python -m tests.faults --seconds $(SECONDS) --store $(STORE) $(if $(SEED),--seed $(SEED))

clean: ## remove all that was made here, .venv included
	rm -rf .venv dist build .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/foreign/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@echo "Setting up .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/.tools: .venv/.installed tests/foreign/package.json
	@echo "Setting up the tools of the tests (once)"
	@$(BIN)/pip install --quiet --group dev
	@touch $@
