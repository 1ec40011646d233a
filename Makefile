# Wayside's commands. `make` alone lists them.
#
# The only thing needed beforehand is a Python; another one than `python3` is chosen by
# `make PYTHON=python3.13 setup`. Everything else goes into .uv/ (the installer) and .venv/.

PYTHON ?= python3
# Test processes; `JOBS=0` runs the tests in one process.  One more than processors: many tests wait for servers.
JOBS   ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

BIN    := .venv/bin
STAMP  := .venv/.synced
UV     := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
CODE   := $(wildcard src tests tools bench torture)

NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
    echo "wayside needs Python 3.11 or newer; '$(PYTHON)' says: $$($(PYTHON) -V 2>&1)." >&2; \
    echo "Name another one: make PYTHON=python3.12 setup" >&2; exit 1; }

# Tests and benches start hundreds of processes; without compiled modules each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup run demo test check audit bench torture docs lock clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP)  ## make the environment in .venv
	@echo "wayside: ready, as $(BIN)/wayside"

run: $(STAMP)  ## start the server, data in ./data, any device may register
	@echo "wayside: data in ./data; registration is open: any device that connects is let in"
	@exec $(BIN)/wayside serve --data-dir data --registration open

demo: $(STAMP)  ## show simulated devices on a running server
	@exec $(BIN)/wayside demo

test: check  ## check, then run every test
	@tools/video.sh
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile

check: $(STAMP)  ## format, lint, types, import rules, generated docs
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary $(CODE)
	@$(BIN)/lint-imports --no-cache --no-logo > .venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }
	@$(BIN)/python -m tools.docs --check

audit: $(STAMP)  ## look the locked packages up among known vulnerabilities; needs the network
	@$(BIN)/python -m tools.audit

bench: $(STAMP)  ## measure the hot paths
	@$(BIN)/python -m bench

torture: $(STAMP)  ## break it in every way we know; some twenty minutes
	@$(BIN)/python -m torture

docs: $(STAMP)  ## write the generated pages anew
	@$(BIN)/python -m tools.docs

lock: $(UV)  ## resolve pyproject.toml into requirements.lock anew
	@$(UV) pip compile --quiet --universal --generate-hashes --all-extras --group dev \
	    pyproject.toml -o requirements.lock

clean:  ## remove the environment and every cache
	@rm -rf .venv .uv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

.uv/bin/uv:
	@$(NEW_ENOUGH)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "'$(PYTHON)' cannot make environments: it lacks venv or ensurepip." >&2; \
	    echo "On Debian and Ubuntu: apt install python3-venv. Or install uv, which is used when it is there." >&2; \
	    exit 1; }
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

$(STAMP): requirements.lock pyproject.toml | $(UV)
	@echo "wayside: making the environment in .venv"
	@$(NEW_ENOUGH)
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
