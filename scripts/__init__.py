"""The `mwaa` command: one module per noun."""
