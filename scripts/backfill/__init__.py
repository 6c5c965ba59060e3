"""Airflow's backfill of a DAG, planned by the times of the data that it builds anew."""
