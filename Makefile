# Everything a newcomer, a developer and CI start. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READER := locust_eventsource/transport/compiled
COMPILED := $(VENV)/.compiled
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help load web test check cover bench matrix mutants matrix-clean matrix-as-found toxiproxy lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'
	@echo "  Options go in ARGS, for example: make load ARGS='--fault drop:1%'"

$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.12 ..."; exit 2; }
	@echo "Installing into $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# Without a C compiler this only warns, and Python's own reader serves.
$(COMPILED): $(INSTALLED) setup.py $(wildcard $(READER)/*.c $(READER)/*.h $(READER)/*.p*)
	@$(BIN)/python setup.py --quiet build_ext --inplace > $(VENV)/compiled.log 2>&1 && ls $(READER)/binding.*.so $(READER)/fields.*.so >/dev/null 2>&1 \
	  || echo "The compiled reader could not be built (see $(VENV)/compiled.log): the Python reader serves, at several times the processor time."
	@touch $@

load: $(COMPILED) ## 30 s of load on the embedded Studio: verdict, report, exit code
	@$(BIN)/locust --config config/load.toml $(ARGS)

web: $(COMPILED) ## Locust's web UI with the embedded Studio, on http://127.0.0.1:8089
	@$(BIN)/locust --config config/web.toml $(ARGS)

test: $(COMPILED) ## all tests
	@$(BIN)/python -m pytest -n 3 --dist worksteal $(ARGS)

check: $(COMPILED) ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

cover: $(COMPILED) ## the pure layers' tests, which must cover every branch
	@$(BIN)/python -m pytest -q tests/protocol tests/measure tests/verify --cov --cov-report=term-missing:skip-covered

bench: $(COMPILED) ## the read path against C, Go, k6, requests + sseclient-py and Locust, in one session
	@$(BIN)/python -m benchmarks $(ARGS)

matrix: $(COMPILED) ## every defect in turn: the check that must find it does, and no other (docs/fault-matrix.md)
	@$(BIN)/python -m matrix --page docs/fault-matrix.md $(ARGS)

matrix-clean: $(COMPILED) ## 20 runs with 20 seeds and no defect on a busy machine: everything must pass
	@$(BIN)/python -m matrix --clean 20 --busy --page docs/fault-matrix.md $(ARGS)

matrix-as-found: $(COMPILED) ## all known defects of the public server at once: exactly they must be found
	@$(BIN)/python -m matrix --as-found --apart --page docs/fault-matrix.md $(ARGS)

mutants: $(COMPILED) ## break each comparison of the checkers in turn: a test must fail (docs/mutants.md)
	@$(BIN)/python -m tests.support.mutation $(ARGS)

toxiproxy: $(INSTALLED) ## build Toxiproxy, which the matrix's rows of a bad network need (with Go)
	@$(BIN)/python -m matrix.network

lock: ## compile requirements.lock anew from the ranges (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-emit-index-url --no-emit-find-links requirements-dev.txt -o requirements.lock

clean: ## remove what make has made
	rm -rf build $(READER)/*.so $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
