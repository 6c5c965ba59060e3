"""Tests of `mwaa migrate check`."""
