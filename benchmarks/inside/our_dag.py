"""A dbt project as a DAG with this project's helper."""

from __future__ import annotations

import os
from datetime import datetime

from airflow.sdk import DAG

from mwaa_dbt import dbt_group

with DAG("ours", schedule=None, start_date=datetime(2026, 1, 1), catchup=False) as dag:
    dbt_group(os.environ["BENCHMARK_PROJECT"], tests=os.environ.get("BENCHMARK_TESTS", "build"))  # type: ignore[arg-type]
