# `make demo` and `make test` need nothing else: both create their own virtual environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUNS ?= 100
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
# Every worker of the tests, and every bot that they start, would compile a thousand modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help install demo test coverage torture lint lint-js check package bench scale pictures reference docs docs-serve lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo        try Tocsin in a local workspace; the first time it installs what it needs: half a minute"
	@echo "make install     everything that tests and checks need, in $(VENV): a minute or two"
	@echo "make test        all tests: 15 minutes on two cores; ARGS=tests/domain selects some"
	@echo "make lint        ruff, mypy, import contracts, ESLint where npm is installed: a minute, later 20 seconds"
	@echo "make check       everything that CI checks: 24 minutes"
	@echo "make coverage    the tests without a whole bot; fails if they execute too little: 3 minutes, part of make test"
	@echo "make docs        the documentation as a site with a search, in site/: half a minute, later 5 seconds"
	@echo "make docs-serve  shows the site while you write"
	@echo "make reference   the pages of docs/reference, from the code: 3 seconds"
	@echo "make pictures    the pictures of the README and the documentation, in a browser: a minute"
	@echo "make package     sdist, wheel, list of what ships (CycloneDX) and its licences, in dist/: two minutes"
	@echo "make lock        pins the installed versions, with hashes: a minute"
	@echo "make torture     kills, freezes and disconnects the bot, and looks for what is lost or doubled: half an hour"
	@echo "make bench       measures speed beside bare baselines: half an hour"
	@echo "make scale       measures how costs grow with the data, on both databases: half an hour"

# What the demo needs, and beside it what the tests and checks need. .ci/install.py says what it does and how long.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) .ci/install.py $(VENV)
	@touch $@

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) .ci/install.py $(VENV) dev
	@touch $(INSTALLED) $@

install: $(READY)

demo: $(INSTALLED)
	@$(BIN)/tocsin demo $(ARGS)

# The tests without a whole bot run with coverage, which slows them down; the least share is in pyproject.toml. With
# ARGS, the tests that they select run, without coverage.
UNITS := $(addprefix tests/,domain policy slack storage usecases)
PYTEST := $(BIN)/python -m pytest -q --dist worksteal -n
# Whole bots wait more than they compute, so twice as many run at once as there are processors.
WAITING := $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))' 2>/dev/null || echo 4)

test: $(READY)
ifeq ($(strip $(ARGS)),)
	@echo "All tests: first those without a whole bot, then whole bots, killed processes and browsers. 15 minutes on two cores."
	@$(MAKE) --no-print-directory coverage
	$(PYTEST) $(WAITING) tests $(addprefix --ignore=,$(UNITS)) || { [ $$? -eq 1 ] && $(AGAIN); }
else
	$(PYTEST) auto $(ARGS)
endif

# Whole bots, browsers and killed processes share two cores: what failed there must pass alone, and is named either way.
AGAIN := echo "What failed runs once more, alone:" && $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none tests

coverage: $(READY)
	@echo "The tests without a whole bot, with the share of the code that they execute: 3 minutes."
	$(PYTEST) auto --cov --cov-report=term:skip-covered $(UNITS) || { [ $$? -eq 1 ] && $(AGAIN) && $(BIN)/coverage report --format=total; }

# Random nights (docs/torture.md), then a kill at every commit and call instead of at some of them: half an hour.
KILLS := $(shell grep -rl TOCSIN_TORTURE tests --include='test_*.py')

torture: $(READY)
	@echo "Nights of failures, then a kill at each commit and call: half an hour."
	$(BIN)/python -m tests.torture --runs $(RUNS) $(ARGS)
	$(BIN)/python -m tests.torture --runs $(RUNS) --outages $(ARGS)
	$(BIN)/python -m tests.torture --runs $(RUNS) --days $(ARGS)
	TOCSIN_TORTURE=1 $(BIN)/python -m pytest -q -n auto --dist worksteal $(KILLS)

pictures: $(READY)
	@echo "The pictures of the documentation, in docs/pictures: a minute."
	$(BIN)/python -m sandbox.pictures

# The pages of docs/reference, from the code. A test says that they are up to date.
reference: $(READY)
	$(BIN)/python -m bot.cli.reference

# The site has an environment of its own: the tests need nothing of it.
DOCS := .venv-docs/bin
DOCS_READY := .venv-docs/.ready

$(DOCS_READY): constraints.docs.txt
	@echo "First time: an environment of its own for the documentation, in .venv-docs. This takes half a minute."
	@test -x $(DOCS)/python || $(PYTHON) -m venv .venv-docs
	@$(DOCS)/python -m pip install --quiet --disable-pip-version-check -r constraints.docs.txt
	@touch $@

docs: $(DOCS_READY)
	@echo "The documentation as a site, in site/: 5 seconds."
	NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs build

docs-serve: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs serve

# Pin the installed versions; the ranges are in pyproject.toml.
lock: $(READY)
	@echo "Pins for each package, with the hashes of what a registry has: a minute."
	$(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check 2>/dev/null | grep '==' | sort -f > constraints.txt
	$(BIN)/python .ci/lock.py

lint: $(READY)
	@echo "Lint: style, types and import contracts. A minute the first time, later 20 seconds."
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory lint-js

# The web UI of the sandbox. Without npm it prints a note and passes.
lint-js:
	@.ci/lint-js

# It lists its steps first, with how long each takes.
check:
	@.ci/run

package:
	@echo "The sdist, the wheel, what ships and its licences, in dist/: two minutes."
	@.ci/package

bench: $(READY)
	@echo "Each benchmark prints its figures when it has them: half an hour for all."
	$(BIN)/python -m tests.benchmarks $(ARGS)

scale: $(READY)
	$(BIN)/python -m tests.benchmarks.scale $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info
