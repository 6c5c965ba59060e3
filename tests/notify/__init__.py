"""Runs told in Slack, by Airflow's own code."""
