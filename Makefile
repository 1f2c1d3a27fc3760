# Sightline. `make` prints this list; `make run` and `make test` set everything up by themselves.

PYTHON ?= python3
WEB_PORT ?= 5000
GRPC_PORT ?= 8500
REST_PORT ?= 8501
PROCESSES ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PORTS = --web-port $(WEB_PORT) --grpc-port $(GRPC_PORT) --rest-port $(REST_PORT)
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	--override requirements/overrides.txt

# Containers. A release with a name of its own, so that the same image comes back tomorrow.
DOCKER ?= docker
BASE_IMAGE ?= python:3.11-slim
CA_BUNDLE ?=
SERVING_IMAGE := tensorflow/serving:2.19.1
CONTAINERS = $(PORTS) --web-image '$(WEB_IMAGE)'
# The models as containers see them; written anew each time, because models come and go.
CONTAINER_CONFIG = $(BIN)/python -m pipeline models config --base-path /models \
	--output '$(or $(SIGHTLINE_MODEL_REPOSITORY),model_repository)/container.config'
BUILD = --build-arg BASE_IMAGE=$(BASE_IMAGE) --build-arg CA_BUNDLE=$(CA_BUNDLE)

.DEFAULT_GOAL := help
.PHONY: help setup run dev test lint types protos check models smoke bench lock run-gpu run-cpu stop logs images sbom has-gpu has-docker clean vendor screenshots

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

run-gpu: has-gpu $(READY) ## TensorFlow Serving on a GPU and the web app, in containers; IMAGE, WEB_IMAGE and ports choose
	@$(CONTAINER_CONFIG)
	@$(BIN)/python -m launcher.containers start --gpu --image '$(or $(IMAGE),$(SERVING_IMAGE)-gpu)' $(CONTAINERS)

run-cpu: has-docker $(READY) ## the same without a GPU
	@$(CONTAINER_CONFIG)
	@$(BIN)/python -m launcher.containers start --image '$(or $(IMAGE),$(SERVING_IMAGE))' $(CONTAINERS)

stop: ## end the containers of run-gpu and run-cpu; uploads and results stay
	@$(PYTHON) -m launcher.containers stop

logs: ## show what these containers write
	@$(PYTHON) -m launcher.containers logs

# Before the environment is made: who has no GPU shall not wait for that.
has-gpu:
	@$(PYTHON) -m launcher.containers check --gpu

has-docker:
	@$(PYTHON) -m launcher.containers check

images: ## build the images of the web app and of the embedded model server, and print their sizes
	$(DOCKER) build $(BUILD) --file docker/web.Dockerfile --tag sightline-web .
	$(DOCKER) build $(BUILD) --file docker/model_server.Dockerfile --tag sightline-model-server .
	@$(DOCKER) images --format '{{.Repository}} {{.Size}}' | grep sightline-

sbom: $(READY) ## list what the images are made of, as CycloneDX, in dist/
	@mkdir -p dist
	for image in web server; do \
		$(BIN)/uv tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements \
			--pyproject pyproject.toml --output-reproducible \
			--output-file dist/$$image.cdx.json requirements/$$image.txt || exit 1; \
	done

models: $(READY) ## fetch a detection model; MODELS="name ..." chooses, MIRROR=dir-or-url takes it from there
	@$(BIN)/python -m pipeline models fetch $(MODELS) $(if $(MIRROR),--mirror '$(MIRROR)')
	@$(CONTAINER_CONFIG)

smoke: $(READY) ## ask the running model server for one answer
	@$(BIN)/python -m serving_client --target 127.0.0.1:$(GRPC_PORT)

test: $(READY) ## run all tests; PROCESSES says how many at a time
	$(BIN)/python -m pytest --numprocesses $(PROCESSES)

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

vendor: $(READY) ## fetch the font and the icons of the pages anew, pinned, with npm
	$(BIN)/python -m webapp.vendor

screenshots: $(READY) ## take the pictures of docs/design.md and of the README anew
	$(BIN)/python -m tests.e2e.screenshots

bench: $(READY) ## measure, print a table, write benchmarks/results/latest.json
	$(BIN)/python -m benchmarks

lock: $(READY) ## remake requirements/*.txt from pyproject.toml
	echo 'uv==0.13.8' | $(LOCK) - -o requirements/uv.txt
	$(LOCK) pyproject.toml -o requirements/client.txt
	$(LOCK) --extra web --extra postgres pyproject.toml -o requirements/web.txt
	$(LOCK) --extra server pyproject.toml -o requirements/server.txt
	$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt

clean: ## remove the environment and all caches; keeps originals, results, models and trainings
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	find build -mindepth 1 -maxdepth 1 ! -name codes -exec rm -rf {} + 2>/dev/null || true
