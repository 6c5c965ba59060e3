"""What runs inside the Airflow virtualenv; the benchmarks start it and read its JSON."""
