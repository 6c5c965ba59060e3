# What proves the template, and its documents as a site: not part of a project that is generated from it.
.PHONY: test-all test-matrix test-browser test-migrate test-template bench bench-full bench-report docs recording reference
SITE := $(CURDIR)/build/docs

test-all: check ## The proofs in every case, too: each right, each moment of a kill, each way to fail
	@$(BIN)/pytest $(TOGETHER) -m "not matrix and not pair and not template and not browser"

test-matrix: setup ## Build and run the project on each version of Airflow; AIRFLOW=2.11.2 on one
	@MATRIX_AIRFLOW=$(AIRFLOW) $(BIN)/pytest -m matrix tests/matrix

test-browser: setup ## See the rehearsal as a person does, in Chromium; SCREENSHOTS=docs/images renews the pictures
	@$(BIN)/pytest -m browser tests/e2e

test-migrate: setup ## Migrate from a rehearsal on Airflow 2.11 to another one; AIRFLOW=3.3.1 from that
	@MIGRATE_AIRFLOW=$(AIRFLOW) $(BIN)/pytest -m pair tests/e2e

test-template: setup ## Generate sixteen projects, `make test` in each, half an hour; AIRFLOW=3.2.1 those of one version
	@TEMPLATE_AIRFLOW=$(AIRFLOW) $(BIN)/pytest -m template tests/template

bench: setup ## Measure in short, about ten minutes, and show it; nothing is kept
	@$(BIN)/python -m benchmarks parse fork run deploy history

bench-full: setup ## Measure all that docs/performance.md has, for hours, and keep it
	@$(BIN)/python -m benchmarks --full --write && $(MAKE) bench-report

bench-report: setup ## Make its tables and plots again from benchmarks/results
	@$(BIN)/uv sync --quiet --locked --group bench && $(BIN)/python -m benchmarks report

docs: setup ## Build docs/ as a site, in build/docs; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/uv run --quiet --locked --group docs mkdocs build --quiet --strict --site-dir $(SITE)

recording: setup ## Make the picture of `make run` again
	@$(BIN)/uv run --quiet --locked --group docs python -m benchmarks.recording docs/images/make-run.svg make --no-print-directory run

reference: setup ## Make docs/reference again from the code
	@$(BIN)/python -m scripts.reference
