# The first use sets up .venv; it is set up again only when pyproject.toml or constraints.txt change.
# Variables: PYTHON (3.11 or newer), VENV (folder of the environment), OUT (run folder), ARGS (more flags of the search),
# PYTEST_ARGS. ARGS are those of the benchmark too.

PYTHON ?= python3
VENV ?= .venv
OUT ?= runs/demo
ARGS ?=
PYTEST_ARGS ?= -n 2
BIN := $(VENV)/bin

.PHONY: help search test bench lint format docs clean
.DELETE_ON_ERROR:

help:
	@echo "make search   search a network on the bundled images, into $(OUT) (minutes)"
	@echo "make test     run the tests"
	@echo "make bench    how fast it is: ratios, a table, benchmarks/speed/results.json (an hour; ARGS=--quick: minutes)"
	@echo "make lint     ruff and mypy"
	@echo "make format   put the code into form"
	@echo "make docs     build the documentation as a site, into site/"
	@echo "make clean    remove the environment and caches (runs/ stays)"

search: $(VENV)/.ready
	@$(BIN)/bnao search --recipe demo --out $(OUT) $(ARGS)
	@$(BIN)/bnao report $(OUT) --open

# pytest's exit code is kept in a file, for make replaces it by its own.
test: $(VENV)/.ready-dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PYTEST_ARGS); \
	code=$$?; echo $$code > $(VENV)/.pytest-code; exit $$code

bench: $(VENV)/.ready
	@$(BIN)/python benchmarks/speed/run.py $(ARGS)

lint: $(VENV)/.ready-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.ready-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The reference pages first, then the site; a link that leads nowhere is an error. NO_MKDOCS_2_WARNING silences a note of
# the theme on a version that pyproject.toml excludes.
docs: $(VENV)/.ready-docs
	@$(BIN)/python scripts/reference.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "site/index.html"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Python 3.11 or newer is needed; $(PYTHON) is {v.major}.{v.minor}: set PYTHON=...")'
	@echo "setting up $(VENV) (once; a minute or more)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing bnao and what it needs"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "installing the tools of the tests"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.ready-docs: $(VENV)/.ready
	@echo "installing the tools of the documentation"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@

clean:
	@rm -rf $(VENV) site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage src/bnao.egg-info
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
