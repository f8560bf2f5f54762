# Two commands do everything: `make demo` shows it, `make test` proves it.
# Each makes its own environment; only Python 3.11+ with venv is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := fullpicture schemas adapters broker sim

.PHONY: demo test check clean
.DEFAULT_GOAL := demo

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: set PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo,test]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/fullpicture demo

test: $(VENV)/.installed
	$(BIN)/pytest

check: $(VENV)/.installed
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	for package in $(PACKAGES); do $(BIN)/mypy --package $$package || exit 1; done
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
