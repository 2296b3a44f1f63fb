# One command each; `make help` lists them. Needs Python >= 3.11, git and make; everything else is installed here.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
# Processes that the tests are shared among, each with a control plane of its own.
JOBS ?= 2
TOOLS := .tools
UV := $(shell command -v uv || echo $(CURDIR)/$(TOOLS)/bin/uv)
BIN := .venv/bin
export UV
export UV_PYTHON_DOWNLOADS := never
# Compiled once: a process that reads its libraries' sources starts in three seconds instead of one.
unexport PYTHONDONTWRITEBYTECODE
CODE := receiver workers deploy/local tests benchmarks

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  \033[1mmake %-10s\033[0m %s\n", $$1, $$2 }'

$(TOOLS)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Hookline needs Python 3.11 or newer: set PYTHON=..."; exit 1; }
	@echo "installing uv into $(TOOLS)"
	@$(PYTHON) -m venv $(TOOLS) || { echo "python3 cannot make virtual environments: install python3-venv, or uv itself"; exit 1; }
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'

.venv/.synced: pyproject.toml uv.lock | $(filter $(CURDIR)/$(TOOLS)/bin/uv,$(UV:$(CURDIR)/%=$(CURDIR)/%))
	@echo "installing what uv.lock names into .venv"
	@$(UV) sync --locked --quiet --compile-bytecode --python $(PYTHON)
	@touch $@

$(CURDIR)/$(TOOLS)/bin/uv: $(TOOLS)/bin/uv

.PHONY: install
install: .venv/.synced ## install everything this project needs, locked

.PHONY: binaries
binaries: install ## build the control plane's binaries once into the cache (about 8 minutes, cold)
	@$(BIN)/python -m deploy.local build

.PHONY: gitea
gitea: install ## build the Gitea of tests and demo once into the cache (about 4 minutes, cold)
	@$(BIN)/python -m deploy.local build --gitea

.PHONY: vault
vault: install ## build the Vault of tests once into the cache (about 3 minutes, cold)
	@$(BIN)/python -m deploy.local build --vault

.PHONY: cluster
cluster: binaries ## start a throw-away Kubernetes control plane to play with; Ctrl-C ends it
	@$(BIN)/python -m deploy.local up

.PHONY: demo
demo: binaries $(filter gitea,$(FORGE)) ## play the whole story on real parts; FORGE=gitea at a real Gitea, KEEP=1 stays up
	@$(BIN)/python -m deploy.local.demo $(if $(FORGE),--forge $(FORGE),) $(if $(KEEP),--keep,)

.PHONY: test
test: install ## everything that must be green: lint, types, imports, all tests
	@$(BIN)/python -m deploy.local beside -- $(MAKE) --no-print-directory checked

# What needs nothing built goes on while the binaries are built; the other tests wait for them.
.PHONY: checked
checked: lint types imports
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: unit
unit: install ## the tests that need no cluster
	@$(BIN)/pytest -m "not cluster" $(ARGS)

.PHONY: fuzz
fuzz: binaries gitea ## the property tests with new random examples; what they find becomes an example of its test
	@$(BIN)/pytest -m hypothesis --hypothesis-profile=fuzz $(ARGS)

.PHONY: lint
lint: install ## ruff: style and formatting
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --check --quiet $(CODE)

.PHONY: format
format: install ## ruff: write the formatting
	@$(BIN)/ruff check --fix --quiet $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

.PHONY: types
types: install ## mypy, strict
	@$(BIN)/mypy

.PHONY: imports
imports: install ## import-linter: the architecture
	@$(BIN)/lint-imports

.PHONY: bench
bench: binaries ## measure, and print a table
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: clean
clean: ## remove what was installed and run here (not the cache of binaries)
	@rm -rf .venv $(TOOLS) .hookline .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
