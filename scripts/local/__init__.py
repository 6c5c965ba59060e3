"""The rehearsal: MWAA, S3, Secrets Manager, Snowflake and Slack on one machine."""
