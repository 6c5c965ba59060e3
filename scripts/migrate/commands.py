"""`mwaa migrate …`."""

from __future__ import annotations

import typer

from scripts.migrate import transfer
from scripts.migrate.check import command as checking

app = typer.Typer(no_args_is_help=True, help="From an old MWAA environment to a new one, of this or a later Airflow.")
checking.register(app)
transfer.register(app)
