"""`mwaa migrate …`, in the order in which one goes."""

from __future__ import annotations

import typer

from scripts.migrate import log_request, policy_request, transfer
from scripts.migrate.check import command as checking
from scripts.migrate.cutover import request

app = typer.Typer(no_args_is_help=True, help="From an old MWAA environment to a new one, of this or a later Airflow.")
checking.register(app)
transfer.register(app)
request.register(app)
log_request.register(app)
policy_request.register(app)
