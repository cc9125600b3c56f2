PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup lint lock

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: ## Make .venv and fetch models and servers; does nothing when all is there
	@$(PYTHON) -m infra.native.setup

lock: ## Resolve pyproject.toml anew into requirements/
	@$(PYTHON) -m infra.native.locks
