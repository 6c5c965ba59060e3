"""`mwaa dev`: from a saved file to its rows and tests in seconds, by one dbt that stays."""
