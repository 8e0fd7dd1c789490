# Every target is one line of work; `make help` lists them.
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPOSE := docker compose -f deployment/docker-compose.small.yaml
export OMP_NUM_THREADS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run run-orders train mlflow-ui up down logs test test-slow test-chaos coverage check format lint serve bench docs lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: .make/run ## Create .venv with what `make run` needs (pinned, with hashes)

setup-dev: .make/dev ## Create .venv with what tests and checks need as well

run: .make/run ## Train, prove, publish and score a real table: 336,776 flights, in under five minutes
	$(BIN)/python examples/flights.py

run-orders: .make/run ## The orders pipeline (R5) on generated orders: files to served model, inference test, call list
	test -d .demo/orders-data || YUNQUE_HOME=.demo $(BIN)/yunque orders generate .demo/orders-data --rows 500000
	YUNQUE_HOME=.demo YUNQUE_LOG_FILE=logs/app.log $(BIN)/yunque orders run $${DATA:-.demo/orders-data} --budget $${BUDGET:-60s}

train: .make/run ## Train only: make train TABLE=clients.csv TARGET=buys [CONFIG=configs/model_config.yaml] [BUDGET=60s]
	@test -n "$(TABLE)" && test -n "$(TARGET)$(CONFIG)" || { echo 'Name a table and its target: make train TABLE=clients.csv TARGET=buys'; exit 1; }
	$(BIN)/yunque train "$(TABLE)" $(if $(TARGET),--target "$(TARGET)") $(if $(CONFIG),--config "$(CONFIG)") $(if $(BUDGET),--budget $(BUDGET))

mlflow-ui: .make/dev ## MLflow on http://127.0.0.1:5000; MLFLOW_TRACKING_URI=http://127.0.0.1:5000 mirrors runs there
	@mkdir -p .demo/mlflow
	$(BIN)/mlflow server --host 127.0.0.1 --port $${PORT:-5000} --backend-store-uri sqlite:///.demo/mlflow/mlflow.db --artifacts-destination .demo/mlflow/artifacts

up: ## Build and start API and MLflow in containers (R5): http://localhost:8008/docs, http://localhost:5000
	API_KEYS="$${API_KEYS:-$$(cat $${YUNQUE_HOME:-.yunque}/api_keys)}" $(COMPOSE) up --build --detach

down: ## Stop and remove these containers; volumes stay
	API_KEYS= $(COMPOSE) down

logs: ## Follow what they write (SERVICE=fastapi_service for one of them)
	API_KEYS= $(COMPOSE) logs --follow $(SERVICE)

test: .make/dev ## The whole suite, without what is marked slow, on two cores
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile

test-slow: .make/dev ## What is marked slow, without the long chaos (minutes)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile -m slow tests --ignore tests/chaos

test-chaos: .make/dev ## The long form of chaos: every kill point in turn, everything at once (four minutes)
	$(BIN)/pytest -q -m slow tests/chaos

coverage: .make/dev ## The suite with branch coverage of src/yunque; fails below 70 % (R4)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist loadfile --cov --cov-report=term:skip-covered --cov-fail-under=70

check: .make/dev ## Format, lint, import layers, types, architecture: what CI runs first
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports && $(BIN)/mypy && $(BIN)/pytest -q tests/architecture

format: .make/dev ## Format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: .make/dev ## Lint without changing anything
	$(BIN)/ruff check . && $(BIN)/lint-imports

serve: .make/run ## Serve the published models on http://127.0.0.1:8000/docs
	$(BIN)/yunque serve

bench: .make/dev ## Print the published numbers (DATA=folder with real tables adds them)
	$(BIN)/python benchmarks/run_all.py $(DATA)

docs: .make/dev ## Build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

lock: .make/dev ## Resolve the pins again: names, versions, hashes; no index is named
	bash scripts/lock.sh

clean: ## Remove the environment and everything that was built
	find src tests -name "*.nb[ic]" -delete; rm -rf $(VENV) .make .demo site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.make/run: requirements.lock pyproject.toml
	@mkdir -p .make && test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock && $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.make/dev: requirements-dev.lock pyproject.toml
	@mkdir -p .make && test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock && $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch .make/run $@
