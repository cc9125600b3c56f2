# Commands of a checkout. `make help` lists them; README.md says what they are for.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
PACKAGES := $(wildcard common producer_service consumers api_server signalling camera_client infra benchmarks tests)

# Where this is set, every process compiles all that it imports, each time: two seconds of a core for the API server.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup doctor run servers smoke test faults-quick faults faults-full lint format ledger api-fuzz films dead-letters bench rivals plan accuracy fer-parity compose-test password open screenshots lock versitygw clean distclean wipe

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: ## Make .venv and fetch models and servers; does nothing when all is there (FILMS=1: moviepy too)
	@$(PYTHON) -m infra.native.setup $(if $(FILMS),--films)

doctor: ## Say what this machine lacks, with the apt and brew lines
	@$(PYTHON) -m infra.native.preflight

run: ## Start everything with two demo cameras (VIDEO=file, CAMERAS=n, DEMO=0); Ctrl-C stops it
	@$(PYTHON) -m infra.native.preflight --run
	@$(PYTHON) -m infra.native.setup
	@exec $(BIN)/python -m infra.native run

servers: ## Start Kafka, MongoDB and S3 alone, with topics, and print their addresses
	@$(PYTHON) -m infra.native.preflight --run
	@$(PYTHON) -m infra.native.setup
	@exec $(BIN)/python -m infra.native servers

smoke: setup ## Run everything on free ports in a temporary folder, check it, stop it: one JSON line
	@$(BIN)/python -m tests.e2e.smoke

test: setup ## Run the whole test suite, six tests at a time: many wait for servers (WORKERS=n; ARGS= for pytest)
	@$(BIN)/python -m pytest -n $(or $(WORKERS),6) --dist loadscope --no-loadscope-reorder $(ARGS)

faults-quick: setup ## The quick rows of the fault table, under 90 s (part of `make test`)
	@$(BIN)/python -m tests.faults --quick $(ARGS)

faults: setup ## Kill, freeze, starve and fill: every row of the fault table (ARGS="kill_random zombie", ARGS=--list)
	@$(BIN)/python -m tests.faults --lanes 2 $(ARGS)

faults-full: setup ## The same unattended: every row with five seeds, five mixtures of 5 minutes
	@$(BIN)/python -m tests.faults --full --lanes 2 $(ARGS)

lint: setup ## ruff and mypy
	@$(BIN)/ruff check $(PACKAGES)
	@$(BIN)/mypy $(PACKAGES)

format: setup ## Lay out the code with ruff
	@$(BIN)/ruff format $(PACKAGES)

ledger: ## Account for every frame of the running system's log, per camera and analysis (ARGS=--json)
	@$(BIN)/python -m infra.native exec python -m consumers ledger $(ARGS)

api-fuzz: setup ## Fuzz the API against its description, once for each role (EXAMPLES=200)
	@API_FUZZ_EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/python -m pytest tests/unit/api_server/test_fuzz.py -q $(ARGS)

films: ## Make the films that people ask for, until Ctrl-C; `make run` does so after `make setup FILMS=1`
	@$(PYTHON) -m infra.native.setup --films
	@$(BIN)/python -m infra.native exec python -m api_server.exports

dead-letters: ## Look at records that could not be processed (ARGS="show 3", ARGS="replay --all --dry-run")
	@$(BIN)/python -m infra.native exec python -m consumers dead-letters $(or $(ARGS),list)

bench: setup ## Measure the consumer runtime in under 12 minutes: threads, latency, figures to reach; into var/bench
	@$(BIN)/python -m benchmarks $(ARGS)

rivals: setup ## The same work in sentry-arroyo and quixstreams beside ours (ARGS="--models sleep --threads 1,8")
	@$(BIN)/python -m benchmarks.rivals $(ARGS)

plan: setup ## What so many cameras need (ARGS="--cameras 20 --fps 10 --analyses emotion --check")
	@$(BIN)/python -m benchmarks.plan $(ARGS)

accuracy: setup ## Score the analyses on labelled media (ARGS="--media DIR")
	@$(BIN)/python -m benchmarks.accuracy $(ARGS)

fer-parity: setup ## Compare emotion scores with those of the real `fer` package (installs 2 GB into var/reference)
	@FER_PARITY=1 $(BIN)/python -m pytest tests/reference -q -s $(ARGS)

compose-test: setup ## Build, start, prove, restart and remove the system in containers (needs a Docker engine)
	@$(BIN)/python -m tests.compose

password: ## Make a new password for the first admin of the running system
	@$(BIN)/python -m infra.native password

open: ## Open the page of the running system
	@$(BIN)/python -m infra.native open

screenshots: setup ## Make the README's pictures anew, and every page light, dark and phone in var/screenshots (needs Chromium)
	@$(BIN)/python -m tests.e2e.screenshots
	@$(BIN)/python -m tests.browser.screenshots var/screenshots

lock: ## Resolve pyproject.toml anew into requirements/ (ARGS=--upgrade for newer versions)
	@$(PYTHON) -m infra.native.locks $(ARGS)

versitygw: ## Build the other S3 server, for LOOKOUT_S3_SERVER=versitygw (needs Go)
	@$(PYTHON) -m infra.native.setup --versitygw

clean: ## Remove caches and what tests left; keeps footage, accounts and .venv
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis var/test-runs
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## Also remove .venv, servers and models; `make setup` makes them again
	@rm -rf .venv infra/native/.jars infra/native/.tools var/models

wipe: ## Delete all footage, accounts and keys of this checkout's system, which must be stopped
	@$(BIN)/python -m infra.native wipe
