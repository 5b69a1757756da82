# Every target makes what it needs, the virtual environment included.

PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
LOWEST := .venv-lowest
IN_VENV = "$(VENV)/bin/python" -m
TASK = "$(VENV)/bin/python" scripts/tasks.py
INSTALL = "$(PYTHON)" scripts/environment.py
PEERS := torch jax scikit-learn
MODEL ?= model.pkl

.DEFAULT_GOAL := help
.PHONY: help install demo data train evaluate bench bench-grid test test-lowest check coverage docs \
  dist format release clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed-fast ## Install mnist-nn into .venv, with its fast engine and pictures

demo: $(VENV)/.installed ## Train on the digits that ship with mnist-nn and evaluate: no download
	@mkdir -p build
	$(IN_VENV) mnist_nn train sample -o build/demo.pkl
	$(IN_VENV) mnist_nn evaluate build/demo.pkl

data: $(VENV)/.installed-fast ## Download and verify MNIST
	$(IN_VENV) mnist_nn download

train: data ## Train the preset base on MNIST into model.pkl
	$(IN_VENV) mnist_nn train base -o "$(MODEL)"

evaluate: $(VENV)/.installed-fast ## Evaluate model.pkl on MNIST's test images
	$(IN_VENV) mnist_nn evaluate "$(MODEL)"

bench: $(BENCH)/.installed ## Time training against PyTorch, JAX and scikit-learn (ten minutes)
	"$(BENCH)/bin/python" scripts/bench.py

bench-grid: $(BENCH)/.installed ## Time small and large networks, batches and optimizers (ten minutes)
	"$(BENCH)/bin/python" scripts/bench_grid.py

test: $(VENV)/.installed-dev ## Run every test, on all processors
	$(TASK) test

test-lowest: $(LOWEST)/.installed ## Run every test with the lowest versions that pyproject.toml allows
	"$(LOWEST)/bin/python" scripts/tasks.py test

check: $(VENV)/.installed-dev ## Check format, lint, types and the documentation site
	$(TASK) check

coverage: $(VENV)/.installed-dev ## Run every test, and check how much of the code they reach
	$(TASK) coverage

docs: $(VENV)/.installed-dev ## Build the documentation site in build/site
	$(TASK) docs

dist: $(VENV)/.installed-dev ## Build the source archive and the wheel, and try the wheel as its users would
	$(TASK) dist

format: $(VENV)/.installed-dev ## Format the code, fix what the linter can, and write the tables of config keys
	$(TASK) format

release: $(VENV)/.installed-dev ## Check and build what could be published, and say how; publish nothing
	"$(VENV)/bin/python" scripts/release.py

clean: ## Remove the virtual environments and everything built
	rm -rf .venv .venv-* "$(VENV)" build dist *.egg-info .cache .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mnist-nn needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another: make PYTHON=python3.11")'
	@$(INSTALL) $@

$(VENV)/.installed-fast: $(VENV)/.installed
	@$(INSTALL) $@ --extras fast,images,plots

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(INSTALL) $@ --extras dev

# The lowest versions have wheels for the lowest Python.
$(LOWEST)/.installed: PYTHON = python3.11
$(LOWEST)/.installed: pyproject.toml
	@$(INSTALL) $@ --extras export,fast,images,plots,sklearn,tensorboard,test --lowest

$(BENCH)/.installed: pyproject.toml | data
	@$(INSTALL) $(BENCH)/.installed-ours --extras fast,plots
	for peer in $(PEERS); do \
	  "$(BENCH)/bin/python" -m pip install --quiet --disable-pip-version-check $$peer \
	  || echo "$$peer cannot be installed; the benchmark will report it missing"; \
	done
	@touch $@
