"""What runs inside the Airflow virtualenv; the `mwaa` command starts it and reads its JSON."""
