# `make demo` and `make test` need nothing else: both create their own virtual environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUNS ?= 100
READY := $(VENV)/.ready

.PHONY: help demo test check package coverage torture lint lint-js bench pictures reference docs docs-serve lock install clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   try Tocsin in a local workspace"
	@echo "make test   run the tests"
	@echo "make coverage  run the tests without a whole bot; fail if they execute too little of the code; part of make test"
	@echo "make check  everything that CI checks, 25 minutes"
	@echo "make package  the sdist, the wheel, a CycloneDX list of what ships, and its licences, in dist/"
	@echo "make lint   ruff, mypy, import contracts, eslint where npm is installed"
	@echo "make docs   the documentation as a site with a search, in site/; docs-serve shows it while you write"
	@echo "make torture  kill, freeze and disconnect the bot for half an hour; check that nothing is lost or doubled"
	@echo "make bench  measure speed against bare baselines"

$(READY): pyproject.toml constraints.txt
	@echo "First start: a virtual environment in $(VENV), then Tocsin and its packages. This takes a minute or two."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the packages …"
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

install: $(READY)

demo: $(READY)
	@$(BIN)/tocsin demo $(ARGS)

# The tests without a whole bot run with coverage, which slows them down; the least share is in pyproject.toml. With
# ARGS, the tests that they select run, without coverage.
UNITS := $(addprefix tests/,domain policy slack storage usecases)
PYTEST := $(BIN)/python -m pytest -q --dist worksteal -n
# Whole bots wait more than they compute, so twice as many run at once as there are processors.
WAITING := $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))' 2>/dev/null || echo 4)

test: $(READY)
ifeq ($(strip $(ARGS)),)
	@$(MAKE) --no-print-directory coverage
	$(PYTEST) $(WAITING) tests $(addprefix --ignore=,$(UNITS)) || { [ $$? -eq 1 ] && $(AGAIN); }
else
	$(PYTEST) auto $(ARGS)
endif

# Whole bots, browsers and killed processes share two cores: what failed there must pass alone, and is named either way.
AGAIN := echo "What failed runs once more, alone:" && $(BIN)/python -m pytest -q --last-failed tests

coverage: $(READY)
	$(PYTEST) auto --cov --cov-report=term:skip-covered $(UNITS)

# Random nights (docs/torture.md), then a kill at every commit and call instead of at some of them: half an hour.
KILLS := $(shell grep -rl TOCSIN_TORTURE tests --include='test_*.py')

torture: $(READY)
	$(BIN)/python -m tests.torture --runs $(RUNS) $(ARGS)
	TOCSIN_TORTURE=1 $(BIN)/python -m pytest -q -n auto --dist worksteal $(KILLS)

pictures: $(READY)
	$(BIN)/python -m sandbox.pictures

# The pages of docs/reference, from the code. A test says that they are up to date.
reference: $(READY)
	$(BIN)/python -m bot.cli.reference

# The site has an environment of its own: the tests need nothing of it.
DOCS := .venv-docs/bin
DOCS_READY := .venv-docs/.ready

$(DOCS_READY): constraints.docs.txt
	@test -x $(DOCS)/python || $(PYTHON) -m venv .venv-docs
	@$(DOCS)/python -m pip install --quiet --disable-pip-version-check -r constraints.docs.txt
	@touch $@

docs: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs build

docs-serve: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs serve

# Pin the installed versions; the ranges are in pyproject.toml.
lock: $(READY)
	$(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check 2>/dev/null | grep '==' | sort -f > constraints.txt
	$(BIN)/python .ci/lock.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory lint-js

# The web UI of the sandbox. Without npm it prints a note and passes.
lint-js:
	@.ci/lint-js

check:
	@.ci/run

package:
	@.ci/package

bench: $(READY)
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info
