"""What the archive of dbt runs in S3 tells: `mwaa history`."""
