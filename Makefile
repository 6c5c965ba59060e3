# The verbs a person types. Each makes what it needs: a Python 3 with venv is all that must be there.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-all test-matrix test-browser test-migrate check build up down bench bench-full bench-report docs recording reference clean
BIN := .venv/bin
SITE := $(CURDIR)/build/docs
TOGETHER := -n 2 --dist loadfile --no-loadscope-reorder

help: ## Show these verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## Install the tools into .venv
	@sh scripts/bootstrap.sh

run: setup ## Build the sample project, run it on a rehearsal of MWAA, show the result
	@$(BIN)/mwaa local run jaffle_shop

up: setup ## Build and start the rehearsal; the Airflow UI stays up until `make down`
	@$(BIN)/mwaa local up

down: setup ## End the rehearsal
	@$(BIN)/mwaa local down

build: setup ## Build and prove build/local
	@$(BIN)/mwaa build

check: build ## Lint, types and shellcheck
	@sh scripts/check.sh

test: check ## All checks and tests, one whole run of the rehearsal among them
	@$(BIN)/pytest $(TOGETHER)

test-all: check ## The proofs in every case, too: each right, each moment of a kill, each way to fail
	@$(BIN)/pytest $(TOGETHER) -m "not matrix and not pair and not browser"

test-matrix: setup ## Build and run the project on each version of Airflow; AIRFLOW=2.11.2 on one
	@MATRIX_AIRFLOW=$(AIRFLOW) $(BIN)/pytest -m matrix tests/matrix

test-browser: setup ## See the rehearsal as a person does, in Chromium; SCREENSHOTS=docs/images renews the pictures
	@$(BIN)/pytest -m browser tests/e2e

test-migrate: setup ## Migrate between two rehearsals that run side by side, a quarter of an hour
	@$(BIN)/pytest -m pair tests/e2e

bench: setup ## Measure in short, about ten minutes, and show it; nothing is kept
	@$(BIN)/python -m benchmarks parse fork run deploy history

bench-full: setup ## Measure all that docs/performance.md has, for hours, and keep it
	@$(BIN)/python -m benchmarks --full --write && $(MAKE) bench-report

bench-report: setup ## Make its tables and plots again from benchmarks/results
	@$(BIN)/uv sync --quiet --locked --group bench && $(BIN)/python -m benchmarks report

docs: setup ## Build docs/ as a site, in build/docs; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/uv run --quiet --locked --group docs mkdocs build --quiet --strict --site-dir $(SITE)

recording: setup ## Make the picture of `make run` again
	@$(BIN)/uv run --quiet --locked --group docs python -m benchmarks.recording docs/images/make-run.svg make run

reference: setup ## Make docs/reference again from the code
	@$(BIN)/python -m scripts.reference

clean: setup ## Remove what the tools made (not .venv)
	@$(BIN)/mwaa local down && rm -rf .mwaa build
