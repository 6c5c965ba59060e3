#!/bin/sh
# Lint of Python, SQL and shell, and types; `mwaa build` must have run, since the DAGs' types are Airflow's.
cd "$(dirname "$0")/.." || exit 1
set -e
version=$(sed -n 's/^airflow_version = "\(.*\)".*/\1/p' settings.toml)

.venv/bin/ruff check --quiet .
.venv/bin/ruff format --quiet --check .
.venv/bin/ruff check --quiet --preview --select AIR dags plugins
.venv/bin/sqlfluff lint --nocolor --disable-progress-bar dbt
.venv/bin/shellcheck startup.sh scripts/*.sh
# A project that was generated from the template has only the first two.
set -- scripts tests
for folder in benchmarks migrations; do [ ! -d "$folder" ] || set -- "$@" "$folder"; done
.venv/bin/mypy --no-error-summary "$@"
.venv/bin/mypy --no-error-summary --python-executable ".mwaa/airflow-$version/bin/python" dags plugins
echo "✓ ruff, sqlfluff, shellcheck, mypy"
