# Everything here needs git, make and Python 3.11 or newer; each target sets up what it uses, once.
#   make setup PYTHON=python3.13      choose the interpreter
#   make setup UV=.tools/bin/uv       leave a uv found on PATH alone
#   make conformance EXAMPLES=500     look harder: good and bad requests for each operation, 10 of each otherwise

PYTHON ?= python3
SPECS ?= ../shared/specs
EXAMPLES ?= 10
PYTEST_ARGS ?= -n 2

UV ?= $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .tools/bin/uv)
SYNC = UV_PYTHON_DOWNLOADS=never "$(UV)" sync --quiet --frozen --inexact --python "$(PYTHON)" --no-default-groups
RUN_GROUPS = --group test --group peers --group demo --group notebooks
LOCKED = pyproject.toml uv.lock
NEEDS = ciokit needs Python 3.11 or newer: install it, or name one with make PYTHON=/path/to/python3

.DEFAULT_GOAL := help
.PHONY: help setup demo test live peers lint types bench chaos-webhooks soak-webhooks conformance lab clean tools
.DELETE_ON_ERROR:

help: ## say what each target does
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

setup: .venv/.ready-test ## create .venv with everything that demo and test need

demo: .venv/.ready-run ## send a real retail data set to the emulator, read it back and compare
	@.venv/bin/python -m demo $(DEMO_ARGS)

test: .venv/.ready-test ## run every test, the notebooks included
	@.venv/bin/python -m pytest $(PYTEST_ARGS)

live: .venv/.ready-run ## run the live tests against the workspace that your keys name; they write to it and clean up
	@CUSTOMERIO_LIVE=1 .venv/bin/python -m pytest tests/live $(LIVE_ARGS)

peers: .venv/.ready-run .peers/.ready ## run clients of others, from PyPI and npm, against the emulator (needs npm and port 443)
	@CIOKIT_PEERS=1 .venv/bin/python -m pytest tests/peers $(PEERS_ARGS)

lint: .venv/.ready-lint ## check style and formatting
	@.venv/bin/ruff check .; check=$$?; .venv/bin/ruff format --check . && exit $$check

types: .venv/.ready-types ## check src and tests/typing with mypy and pyright, both strict
	@.venv/bin/mypy; mypy=$$?; .venv/bin/pyright && exit $$mypy

bench: .venv/.ready-bench ## measure the sender and the emulator against the floor and the official client
	@.venv/bin/python -m benchmarks $(BENCH_ARGS)

chaos-webhooks: .venv/.ready-run ## kill -9 receiver and committer 100 times under load, break disks and stores, and compare
	@.venv/bin/python -m chaos webhooks $(CHAOS_ARGS)

soak-webhooks: .venv/.ready-run ## receive webhooks for 10 minutes and see that memory and files stay bounded
	@.venv/bin/python -m chaos soak $(SOAK_ARGS)

conformance: .venv/.ready-conformance ## hold specs/ and the emulator against the vendor's files: make conformance SPECS=folder
	@test -d "$(SPECS)" || { echo "there is no folder $(SPECS); name the one that holds the vendor's files: make conformance SPECS=folder" >&2; exit 1; }
	@CIOKIT_SPECS="$(SPECS)" CIOKIT_EXAMPLES="$(EXAMPLES)" .venv/bin/python -m pytest $(PYTEST_ARGS) tests/conformance

lab: .venv/.ready-run ## open the notebooks in Jupyter Lab with the emulator running
	@.venv/bin/python -m notebooks $(LAB_ARGS)

clean: ## remove what the other targets made
	rm -rf .venv .tools .peers .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready-run: $(LOCKED) | tools
	@echo "setting up .venv to run and test"
	@$(SYNC) $(RUN_GROUPS)
	@touch $@

.venv/.ready-test: $(LOCKED) | tools
	@echo "setting up .venv to test"
	@$(SYNC) $(RUN_GROUPS) --group spark
	@touch $@ .venv/.ready-run

.venv/.ready-conformance: $(LOCKED) | tools
	@echo "setting up .venv to check conformance"
	@$(SYNC) $(RUN_GROUPS) --group conformance
	@touch $@

.venv/.ready-lint: $(LOCKED) | tools
	@echo "setting up .venv to lint"
	@$(SYNC) --only-group lint
	@touch $@

.venv/.ready-types: $(LOCKED) | tools
	@echo "setting up .venv to check types"
	@$(SYNC) $(RUN_GROUPS) --group types
	@touch $@

.venv/.ready-bench: $(LOCKED) | tools
	@echo "setting up .venv to measure"
	@$(SYNC) $(RUN_GROUPS) --group bench
	@touch $@

# Apart from .venv: PyPI's customerio and the official client for Pipelines are packages of one name.
.peers/.ready: Makefile | .venv/.ready-run
	@echo "fetching clients of others into .peers"
	@"$(UV)" pip install --quiet --python .venv/bin/python --target .peers/python "customerio==3.2.0"
	@npm install --silent --no-audit --no-fund --prefix .peers/node "customerio-node@4.4.0"
	@touch $@

# Runs in no time once .venv and uv are there; otherwise says in one sentence what this machine lacks.
tools:
	@test -x .venv/bin/python -a -x "$(UV)" || $(MAKE) --no-print-directory .tools/bin/uv "UV=$(UV)"

.tools/bin/uv:
	@command -v "$(PYTHON)" >/dev/null || { echo "$(PYTHON) was not found; $(NEEDS)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is `"$(PYTHON)" -V 2>&1`; $(NEEDS)" >&2; exit 1; }
	@test -x "$(UV)" || { echo "installing uv into .tools"; "$(PYTHON)" -m venv .tools || { \
		echo "$(PYTHON) cannot make virtual environments; install its venv module (Debian: python3-venv) or uv" >&2; \
		exit 1; }; .tools/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"; }
