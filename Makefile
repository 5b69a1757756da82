# Every target makes what it needs, the virtual environment included.

PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
LOWEST := .venv-lowest
IN_VENV = "$(VENV)/bin/python" -m
INSTALL = "$(PYTHON)" scripts/environment.py
PEERS := torch jax scikit-learn
MODEL ?= model.pkl
ALL := fast,images,plots,tensorboard,dev

.DEFAULT_GOAL := help
.PHONY: help install demo data train evaluate bench bench-grid test test-lowest check dist-check format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed-fast ## Install mnist-nn into .venv, with its fast engine and pictures

demo: $(VENV)/.installed ## Train on the digits that ship with mnist-nn and evaluate: no download
	@mkdir -p build
	$(IN_VENV) mnist_nn train --config configs/base.yaml --config configs/sample.yaml -o build/demo.pkl
	$(IN_VENV) mnist_nn evaluate build/demo.pkl

data: $(VENV)/.installed-fast ## Download and verify MNIST
	$(IN_VENV) mnist_nn download

train: data ## Train configs/base.yaml on MNIST into model.pkl
	$(IN_VENV) mnist_nn train --config configs/base.yaml -o "$(MODEL)"

evaluate: $(VENV)/.installed-fast ## Evaluate model.pkl on MNIST's test images
	$(IN_VENV) mnist_nn evaluate "$(MODEL)"

bench: $(BENCH)/.installed ## Time training against PyTorch, JAX and scikit-learn (ten minutes)
	"$(BENCH)/bin/python" scripts/bench.py

bench-grid: $(BENCH)/.installed ## Time small and large networks, batches and optimizers (ten minutes)
	"$(BENCH)/bin/python" scripts/bench_grid.py

test: $(VENV)/.installed-all ## Run every test, on all processors
	OPENBLAS_NUM_THREADS=1 $(IN_VENV) pytest --numprocesses auto --dist worksteal

test-lowest: $(LOWEST)/.installed ## Run every test with the lowest versions that pyproject.toml allows
	OPENBLAS_NUM_THREADS=1 "$(LOWEST)/bin/python" -m pytest --numprocesses auto --dist worksteal

check: $(VENV)/.installed-all ## Check format, lint and types
	$(IN_VENV) ruff format --check .
	$(IN_VENV) ruff check .
	$(IN_VENV) mypy

dist-check: $(VENV)/.installed-all ## Build what goes to a package index, and try it as its users would
	$(IN_VENV) build --outdir dist
	"$(VENV)/bin/python" scripts/check_dist.py dist

format: $(VENV)/.installed-all ## Format the code and mend what the linter can
	$(IN_VENV) ruff format .
	$(IN_VENV) ruff check --fix .

clean: ## Remove the virtual environments and everything built
	rm -rf .venv .venv-* "$(VENV)" build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mnist-nn needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.11")'
	@$(INSTALL) $@

$(VENV)/.installed-fast: $(VENV)/.installed
	@$(INSTALL) $@ --extras fast,images,plots

$(VENV)/.installed-all: $(VENV)/.installed
	@$(INSTALL) $@ --extras $(ALL)

# The lowest versions have wheels for the lowest Python.
$(LOWEST)/.installed: PYTHON = python3.11
$(LOWEST)/.installed: pyproject.toml
	@$(INSTALL) $@ --extras $(ALL) --lowest

$(BENCH)/.installed: pyproject.toml | data
	@$(INSTALL) $(BENCH)/.installed-ours --extras fast,plots
	for peer in $(PEERS); do \
	  "$(BENCH)/bin/python" -m pip install --quiet --disable-pip-version-check $$peer \
	  || echo "$$peer cannot be installed; the benchmark will report it missing"; \
	done
	@touch $@
