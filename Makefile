# Every target makes what it needs, the virtual environment included.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
PEERS := torch jax scikit-learn
MODEL ?= model.pkl

.DEFAULT_GOAL := help
.PHONY: help install demo data train evaluate bench test check format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed-fast ## Install mnist-nn into .venv, with its fast engine and pictures

demo: $(VENV)/.installed ## Train on the digits that ship with mnist-nn and evaluate: no download
	@mkdir -p build
	$(BIN)/mnist-nn train --config configs/base.yaml --config configs/sample.yaml -o build/demo.pkl
	$(BIN)/mnist-nn evaluate build/demo.pkl

data: $(VENV)/.installed-fast ## Download and verify MNIST
	$(BIN)/mnist-nn download

train: data ## Train configs/base.yaml on MNIST into model.pkl
	$(BIN)/mnist-nn train --config configs/base.yaml -o $(MODEL)

evaluate: $(VENV)/.installed-fast ## Evaluate model.pkl on MNIST's test images
	$(BIN)/mnist-nn evaluate $(MODEL)

bench: $(BENCH)/.installed ## Time training against PyTorch, JAX and scikit-learn (ten minutes)
	$(BENCH)/bin/python scripts/bench.py

test: $(VENV)/.installed-all ## Run every test, on all processors
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto

check: $(VENV)/.installed-all ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.installed-all ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the virtual environments and everything built
	rm -rf $(VENV) $(BENCH) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mnist-nn needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-fast: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,pictures,plots]'
	@touch $@

$(BENCH)/.installed: pyproject.toml
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,plots]'
	for peer in $(PEERS); do \
	  $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check $$peer \
	  || echo "$$peer cannot be installed; the benchmark will report it missing"; \
	done
	@touch $@

$(VENV)/.installed-all: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,pictures,plots,tensorboard,dev]'
	@touch $@
