"""Connections and variables in Secrets Manager: put there, compared, and read back as Airflow reads them."""
