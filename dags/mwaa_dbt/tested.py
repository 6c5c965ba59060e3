"""Whether this is a Cosmos whose inner workings have been tried with what is built upon them."""

from __future__ import annotations

import logging
from functools import cache

import cosmos

# watch.py and produce.py use what Cosmos keeps to itself; tests/parse pins how these versions behave.
TRIED = ("1.15.0", "1.15.1")

log = logging.getLogger(__name__)


@cache
def is_tried() -> bool:
    """Say whether Cosmos is of a version that was tried; if not, stock watching tasks are used, with one warning."""
    if cosmos.__version__ in TRIED:
        return True
    log.warning(
        "astronomer-cosmos %s was not tried with this project (%s were): its own watching tasks are used, "
        "which are slower and have tests in tasks of their own.",
        cosmos.__version__,
        ", ".join(TRIED),
    )
    return False
