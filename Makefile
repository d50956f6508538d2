# The commands of this project; CI runs `make test` and nothing else.
# They need root, Python >= 3.11 and Go >= 1.26 on Debian 12; CONTEXT=… uses a cluster of your own instead.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
CONTEXT ?=
PYTEST := $(BIN)/pytest -q -rfE

.PHONY: help up down test check prometheus unit contract e2e bench stubs clean

help: ## this list
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

up: $(BIN)/.ready ## a network on this machine, or on CONTEXT=my-kube-context
	@$(BIN)/heddle quickstart up $(if $(CONTEXT),--context '$(CONTEXT)')

down: $(BIN)/.ready ## undo `make up`
	@$(BIN)/heddle quickstart down $(if $(CONTEXT),--context '$(CONTEXT)')

test: check prometheus unit contract e2e ## what CI runs

check: $(BIN)/.ready ## format, lint, types, who imports whom, playbooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ansible-lint playbooks

prometheus: $(BIN)/.ready ## Prometheus' programs from Debian, not installed: unpacked for tests that ask for them
	@$(BIN)/python -m heddle.images.debian || echo 'Tests that ask for Prometheus will be skipped.'

unit: $(BIN)/.ready ## unit and property tests
	$(PYTEST) -n 3 --dist loadfile --ignore tests/contract --ignore tests/e2e -m 'not cluster' tests

contract: $(BIN)/.ready ## one suite of promises on stand-ins and, where its binaries are on PATH, on real Fabric
	$(PYTEST) -n 2 --dist loadfile tests/contract

e2e: $(BIN)/.ready ## the whole way, on two local clusters side by side
	$(PYTEST) -n 2 --dist loadfile --durations 25 -m cluster tests

bench: $(BIN)/.ready ## figures, each beside its peer
	$(BIN)/python -m bench

stubs: $(BIN)/.ready ## the types of Fabric's messages and of Heddle's own inputs, made anew
	$(BIN)/python typings/generate.py
	$(BIN)/python -m typings.declared

clean: ## forget the Python environment
	rm -rf .venv

# The environment is made anew when a pin changes, so that no run mixes old and new packages.
$(BIN)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or newer with venv is needed (Debian: apt-get install python3-venv).' >&2; exit 1; }
	@if [ -e $@ ]; then echo 'The pinned Python packages have changed: .venv is made anew.'; fi
	@echo 'Preparing .venv: Python packages, pinned by hash; some three minutes on two processors …'
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@# Compiled here, on all cores, without Ansible's 20 000 files: they would take longest and few are used.
	@$(BIN)/python -m compileall -q -j 0 -x '/(ansible|ansible_collections|ansiblelint)/' .venv/lib
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
