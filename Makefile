# Two commands do all: `make demo` and `make test`. Both make their own virtual environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint bench install clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   try Tocsin in a local workspace"
	@echo "make test   run the tests"
	@echo "make lint   ruff, mypy, import contracts"
	@echo "make bench  measure speed against bare baselines"

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

install: $(READY)

demo: $(READY)
	@$(BIN)/tocsin demo $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -q $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info
