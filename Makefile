# Every verb installs what it needs. PYTHON must be 3.11 or newer.
PYTHON ?= python3
REALDATA ?= ../shared/realdata
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo real test lint clean

help: ## Show the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(INSTALLED) ## Make .venv with everything but the servers

# torch first and by itself: a plain `torch` would bring gigabytes of CUDA to a machine without one.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train,embedded,ray,dev]'
	touch $@

demo: $(INSTALLED) ## The whole chain, offline, on the shipped sample
	$(BIN)/rupairs demo --out runs/demo

real: $(INSTALLED) ## The same chain on real open data in REALDATA
	@if [ -d "$(REALDATA)" ]; then \
	  $(BIN)/rupairs run real --out runs/real --set harvest.from_dir=$(abspath $(REALDATA)) \
	    --set harvest.pairs.benchmarks=$(abspath $(REALDATA))/encodechka \
	    --set training.evaluation.encodechka=$(abspath $(REALDATA))/encodechka; \
	else echo "skipped: no real data at $(REALDATA); set REALDATA=<folder with one folder a source>"; fi

test: $(INSTALLED) ## Run the tests
	$(BIN)/python -m pytest

lint: $(INSTALLED) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## Remove runs and caches, keep .venv
	rm -rf runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
