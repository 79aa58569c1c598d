# `make demo` and `make test` build the environment first where it is missing or out of date.
.DEFAULT_GOAL := help
.PHONY: help env demo test lint bench
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
# the first interpreter that is new enough
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
export OMP_NUM_THREADS ?= 1

help:
	@echo "make demo   fit the example experiment, write results/demo/report.html"
	@echo "make test   run the tests"
	@echo "make lint   check style, docstrings and types"
	@echo "make bench  time the engine beside its peers (20 minutes), write benchmarks/results.json"
	@echo "make env    build $(VENV) (the others do it where needed)"

env: $(STAMP)

# an environment that works is brought up to date; a broken one is made anew
$(STAMP): pyproject.toml constraints.txt
	@$(BIN)/python -c "$(NEW_ENOUGH)" 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  for each in $(CANDIDATES); do \
	    if command -v $$each >/dev/null && $$each -c "$(NEW_ENOUGH)"; then python=$$each; break; fi; \
	  done; \
	  test -n "$${python:-}" || { echo "Python 3.11 or newer is needed, none was found" >&2; exit 1; }; \
	  echo "building $(VENV) with $$($$python --version)"; \
	  $$python -m venv --clear $(VENV); }
	@echo "installing into $(VENV) (1.5 GB or more, a few minutes the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $@

demo: $(STAMP)
	@$(BIN)/neuroalrnn demo --out results/demo --overwrite

test: $(STAMP)
	@$(BIN)/python -m pytest -q -n 2

bench: $(STAMP)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[bench]"
	@$(BIN)/python -m benchmarks

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python tests/lint_docstrings.py
	@$(BIN)/mypy
