# Two commands on a fresh machine: `make run` and `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
QILU_HOME ?= var
export QILU_HOME

CHROMIUM := $(shell command -v chromium || command -v chromium-browser)
MARKS := $(if $(CHROMIUM),,-m "not browser")
CORPUS := $(shell find corpus -type f)

.DEFAULT_GOAL := help

.PHONY: help
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: $(QILU_HOME)/.indexed  ## set everything up and serve the page
	$(BIN)/python app.py

.PHONY: test
test: check models  ## set everything up, check the code, run the tests
	@$(if $(CHROMIUM),,echo "No Chromium on this machine: the tests of the page in a browser are left out.")
	$(BIN)/python -m pytest $(MARKS)

.PHONY: check
check: setup  ## lint, format, types, import rules, the corpus
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/qilu corpus pull classics || true
	$(BIN)/qilu corpus check

.PHONY: eval
eval: $(QILU_HOME)/.indexed  ## measure retrieval and answers on the report half of the cases
	$(BIN)/qilu eval

.PHONY: setup
setup: $(VENV)/.installed  ## make the virtual environment

.PHONY: models
models: setup  ## fetch and verify the models
	$(BIN)/qilu models pull

.PHONY: index
index: $(QILU_HOME)/.indexed  ## bring corpus/ into the index

$(QILU_HOME)/.indexed: $(VENV)/.installed $(CORPUS)
	$(BIN)/qilu models pull
	@$(BIN)/qilu corpus pull classics || true
	@mkdir -p $(QILU_HOME)/classics
	@# 3: some files were set aside, the rest is in the index
	$(BIN)/qilu ingest corpus $(QILU_HOME)/classics || [ $$? -eq 3 ]
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "Python 3.11 is needed; name it with: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' \
	  || { echo "Python's venv module is not complete; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $@

.PHONY: constraints
constraints: setup  ## write constraints.txt anew from what is installed
	{ echo '# The versions that the set-up was tested with; `make constraints` writes this file anew.'; \
	  $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.txt

.PHONY: clean
clean:  ## delete the virtual environment, the index and caches (models stay)
	rm -rf $(VENV) $(QILU_HOME) .mypy_cache .ruff_cache .pytest_cache .hypothesis build
