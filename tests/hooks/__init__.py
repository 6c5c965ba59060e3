"""On-run hooks, wrapped by the build's code and run by the real dbt in the rehearsal's Snowflake."""
