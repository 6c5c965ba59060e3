"""A backfill, looked at until its last run has ended."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from scripts.airflow.environment import Environment
from scripts.airflow.model import Run
from scripts.airflow.run import DONE
from scripts.backfill import api
from scripts.backfill.api import Backfill
from scripts.backfill.request import Request
from scripts.backfill.show import runs_table, show_runs, told
from scripts.console import err, out, step

SPARING, LONGEST = 10, 15.0  # times as long without a question as the last one took, and at most so many seconds


def follow(environment: Environment, request: Request, backfill: Backfill, expected: int = 0) -> bool:
    """Wait for the end of a backfill's runs, print them, and return whether all went well.

    Args:
        environment: where it is.
        request: what was asked.
        backfill: the one.
        expected: how many runs it has begun, if that is known.
    """
    again = f"`mwaa backfill {request.dag} --env {environment.name} --wait`"
    try:
        with step(f"backfill {backfill.id} of {backfill.dag}") as notes:
            while True:
                asked = time.time()
                runs = api.runs(environment.airflow, backfill)
                notes.now(told(runs))
                if len(runs) >= expected and all(run.state in DONE for run in runs):
                    break
                time.sleep(min(LONGEST, max(1.0, SPARING * (time.time() - asked))))
    except KeyboardInterrupt:
        err.print(f"The backfill goes on; {again} follows it again.", markup=False)
        raise
    tell(backfill, runs, request.as_json)
    return all(run.state == "success" for run in runs)


def tell(backfill: Backfill, runs: Sequence[Run], as_json: bool) -> None:
    """Print how a backfill stands."""
    if as_json:
        out.print_json(json.dumps(runs_table(backfill, runs)))
    else:
        show_runs(backfill, runs)
