#!/bin/sh
# Lint, types and shellcheck; `mwaa build` must have run, since the DAGs' types are Airflow's.
cd "$(dirname "$0")/.." || exit 1
set -e
version=$(sed -n 's/^airflow_version = "\(.*\)".*/\1/p' settings.toml)

.venv/bin/ruff check --quiet .
.venv/bin/ruff format --quiet --check .
.venv/bin/ruff check --quiet --preview --select AIR dags plugins
.venv/bin/shellcheck startup.sh scripts/*.sh
.venv/bin/mypy --no-error-summary scripts tests benchmarks
.venv/bin/mypy --no-error-summary --python-executable ".mwaa/airflow-$version/bin/python" dags plugins
echo "✓ ruff, mypy, shellcheck"
