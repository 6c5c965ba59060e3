"""The MWAA environment itself: made, changed, looked at, copied."""
