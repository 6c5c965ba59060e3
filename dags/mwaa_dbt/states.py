"""dbt's words for how a node ended, and Cosmos' among them."""

from __future__ import annotations

PASSED = ("success", "pass", "warn")
WARNED = ("warn",)
SKIPPED = "skipped"
FAILED = ("error", "fail", "runtime error")
