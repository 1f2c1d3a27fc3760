# Sightline. `make` prints this list; `make run` and `make test` set everything up by themselves.

PYTHON ?= python3
WEB_PORT ?= 5000
GRPC_PORT ?= 8500
REST_PORT ?= 8501

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PORTS = --web-port $(WEB_PORT) --grpc-port $(GRPC_PORT) --rest-port $(REST_PORT)
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	--override requirements/overrides.txt

.DEFAULT_GOAL := help
.PHONY: help setup run dev test lint types protos check models smoke bench lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## install everything into .venv, exactly as locked

$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else \
		"Sightline needs Python 3.11, 3.12 or 3.13; this is %d.%d. Choose one: make setup PYTHON=python3.12" \
		% sys.version_info[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY) ## start the model server and the web app; WEB_PORT, GRPC_PORT, REST_PORT choose ports
	@$(BIN)/python -m pipeline models config
	@$(BIN)/python -m launcher $(PORTS)

dev: $(READY) ## the same with Flask's development server, which reloads
	@$(BIN)/python -m pipeline models config
	@$(BIN)/python -m launcher --dev $(PORTS)

models: $(READY) ## fetch a detection model; MODELS="name ..." chooses, MIRROR=dir-or-url takes it from there
	@$(BIN)/python -m pipeline models fetch $(MODELS) $(if $(MIRROR),--mirror '$(MIRROR)')

smoke: $(READY) ## ask the running model server for one answer
	@$(BIN)/python -m serving_client --target 127.0.0.1:$(GRPC_PORT)

test: $(READY) ## run all tests
	$(BIN)/python -m pytest

lint: $(READY) ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY) ## check types
	$(BIN)/mypy

protos: $(READY) ## make the stubs from the .proto sources
	$(BIN)/python -m protos.generate

check: lint types ## everything a change must pass: style, types, fresh stubs, tests
	$(BIN)/python -m protos.generate --check
	@$(MAKE) --no-print-directory test

bench: $(READY) ## measure, print a table, write benchmarks/results/latest.json
	$(BIN)/python -m benchmarks

lock: $(READY) ## remake requirements/*.txt from pyproject.toml
	echo 'uv==0.13.8' | $(LOCK) - -o requirements/uv.txt
	$(LOCK) pyproject.toml -o requirements/client.txt
	$(LOCK) --extra web pyproject.toml -o requirements/web.txt
	$(LOCK) --extra server pyproject.toml -o requirements/server.txt
	$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt

clean: ## remove the environment and all caches; keeps originals, results, models and trainings
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	find build -mindepth 1 -maxdepth 1 ! -name codes -exec rm -rf {} + 2>/dev/null || true
