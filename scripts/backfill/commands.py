"""`mwaa backfill`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from mwaa_dbt.errors import ProjectError
from scripts.backfill.request import Request
from scripts.console import err, out
from scripts.flags import takes

if TYPE_CHECKING:
    from scripts.airflow.environment import Environment
    from scripts.backfill.api import Backfill
    from scripts.backfill.plan import Plan, Times


def register(app: typer.Typer) -> None:
    """Add the verb to the `mwaa` command."""
    app.command()(backfill)


@takes(Request)
def backfill(**given: Any) -> None:
    """Build the data of past days anew: a run per interval of the DAG's schedule, by Airflow's own backfill.

    It shows its plan and asks first. Each run hands its time to dbt, whose microbatch models build just that.
    Without --from and --to it shows how the DAG's last backfill stands.

    Example: mwaa backfill jaffle_shop --env prod --from 2026-01-01 --to 2026-02-01
    """
    request = Request(**given)
    request.check()
    times, _ = request.times, request.conf()
    from scripts.airflow.environment import find_environment

    environment = find_environment(request.environment)
    good = _begin(environment, request, times) if times else _look(environment, request)
    raise typer.Exit(0 if good else 1)


def _begin(environment: Environment, request: Request, times: Times) -> bool:
    from scripts.backfill import api
    from scripts.backfill.plan import read_plan
    from scripts.console import step
    from scripts.env.confirm import confirm

    with step(f"plan of a backfill in {environment.mwaa.name}"):
        plan = read_plan(environment, request, times)
    if request.dry_run or not plan.runs:
        _tell_plan(plan)
        return True
    if not request.as_json:
        _tell_plan(plan)
    confirm("Begin?", request.yes)
    begun = api.begin(environment.airflow, plan.body)
    if begun is None:
        raise _under_way(environment, request)
    return _end(environment, request, begun, len(plan.runs))


def _tell_plan(plan: Plan) -> None:
    from scripts.backfill.show import plan_table, show_plan

    if plan.request.as_json:
        out.print_json(json.dumps(plan_table(plan)))
    elif plan.runs:
        show_plan(plan)
    else:
        out.print(
            f"Nothing to do: {plan.there} of {plan.there} have run; --reprocess failed or completed repeats them."
        )


def _end(environment: Environment, request: Request, begun: Backfill, expected: int) -> bool:
    from scripts.backfill.follow import follow

    if request.wait:
        return follow(environment, request, begun, expected)
    again = f"mwaa backfill {request.dag} --env {environment.name}"
    if request.as_json:
        out.print_json(json.dumps({"dag": begun.dag, "backfill": begun.id, "runs": expected}))
    else:
        out.print(f"Backfill {begun.id} of {begun.dag} has begun.")
        err.print(f"`{again}` shows how it stands, with --cancel ends it.", markup=False)
    return True


def _look(environment: Environment, request: Request) -> bool:
    """Show, follow or end a DAG's newest backfill."""
    from scripts.airflow.find import find_dag
    from scripts.backfill import api
    from scripts.backfill.follow import follow, tell

    dag = find_dag(environment, request.dag).dag
    found = None if environment.is_2 else api.newest(environment.airflow, dag)
    if found is None or (request.cancel and found.ended):
        raise ProjectError(
            f"{dag} has no backfill{' that is under way' if request.cancel else ' yet'}.",
            f"DAG {dag} in {environment.mwaa.name}",
            f"`mwaa backfill {dag} --env {environment.name} --from 2026-01-01 --to 2026-02-01` begins one",
        )
    if request.cancel:
        api.cancel(environment.airflow, found)
        err.print(f"Backfill {found.id} of {dag} is ended: what had not begun is failed, what runs goes on.")
        found = api.newest(environment.airflow, dag) or found
    elif request.wait:
        return follow(environment, request, found)
    tell(found, api.runs(environment.airflow, found), request.as_json)
    return True


def _under_way(environment: Environment, request: Request) -> ProjectError:
    again = f"mwaa backfill {request.dag} --env {environment.name}"
    return ProjectError(
        f"A backfill of {request.dag} is under way already; Airflow has one per DAG.",
        f"DAG {request.dag} in {environment.mwaa.name}",
        f"`{again}` shows it; `{again} --wait` waits for its end, `{again} --cancel` ends it",
    )
