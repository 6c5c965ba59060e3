"""The program that `mwaa dev` runs with dbt's own Python; nothing here is imported by other code."""
