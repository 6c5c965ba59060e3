# The verbs a person types. Each makes what it needs: a Python 3 with venv is all that must be there.
.DEFAULT_GOAL := help
.PHONY: help setup run test check build up down clean
BIN := .venv/bin
TOGETHER := -n 2 --dist loadfile --no-loadscope-reorder
# What `make run` runs: the DAG that is called as a dbt project is, else any, else the one that looks at its container.
DAGS := $(basename $(notdir $(filter-out dags/mwaa_check.py,$(wildcard dags/*.py))))
DAG ?= $(firstword $(filter $(notdir $(wildcard dbt/*)),$(DAGS)) $(DAGS) mwaa_check)
# The verbs of those who work on the template itself; a project that was generated from it has none.
-include template.mk

help: ## Show these verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## Install the tools into .venv
	@sh scripts/bootstrap.sh

run: setup ## Build the project, run a DAG on a rehearsal of MWAA, show the result; DAG=finance another
	@$(BIN)/mwaa local run $(DAG)

up: setup ## Build and start the rehearsal; the Airflow UI stays up until `make down`
	@$(BIN)/mwaa local up

down: setup ## End the rehearsal
	@$(BIN)/mwaa local down

build: setup ## Build and prove build/local
	@$(BIN)/mwaa build

check: build ## Lint, types and shellcheck
	@sh scripts/check.sh

test: check ## All checks and tests
	@$(BIN)/pytest $(TOGETHER)

clean: setup ## Remove what the tools made (not .venv)
	@$(BIN)/mwaa local down && rm -rf .mwaa build
