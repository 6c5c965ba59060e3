"""`mwaa secrets push`, `check`, `diff`, `policy`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from scripts.console import out
from scripts.flags import Env, Json, takes
from scripts.paths import find_project

app = typer.Typer(no_args_is_help=True, help="Connections and variables in Secrets Manager.")
Names = Annotated[list[str] | None, typer.Argument(help="Connection ids or variables. \\[default: all declared]")]
From = Annotated[
    str | None, typer.Option("--from", help="Where the secret part comes from; - is standard input.", metavar="FILE")
]
Passphrase = Annotated[
    str | None, typer.Option("--passphrase-from", help="Where a key's passphrase comes from.", metavar="FILE")
]


@dataclass(frozen=True)
class Push:
    """The options of `mwaa secrets push`."""

    names: Names = None
    environment: Env = "local"
    source: From = None
    passphrase: Passphrase = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, send nothing.")] = False
    rewrite: Annotated[bool, typer.Option("--rewrite", help="Turn secrets in URI form into JSON, unasked.")] = False
    as_json: Json = False

    def check(self) -> None:
        """Refuse what makes no sense together."""
        if (self.source or self.passphrase) and len(self.names or []) != 1:
            raise typer.BadParameter("give exactly one NAME with --from or --passphrase-from")
        if self.source == self.passphrase == "-":
            raise typer.BadParameter("standard input cannot be both; give one of them as a file")


@app.command()
@takes(Push)
def push(**given: Any) -> None:
    """Put connections and variables into Secrets Manager: settings.toml's fields, and what is secret of them.

    What is stored and not given again stays. A secret comes from a file, standard input or a hidden prompt.

    Example: mwaa secrets push --env prod snowflake_default --from rsa_key.p8
    """
    from mwaa_dbt.settings import load
    from scripts.secrets import show
    from scripts.secrets.push import Request
    from scripts.secrets.push import push as run
    from scripts.target import find_target

    (wanted := Push(**given)).check()
    paths = find_project()
    request = Request(tuple(wanted.names or ()), wanted.source, wanted.passphrase, wanted.rewrite, wanted.dry_run)
    made = run(find_target(paths, wanted.environment), load(paths.settings), request)
    if wanted.as_json:
        out.print_json(json.dumps(show.plans_table(made)))
        return
    show.plans(made, wanted.dry_run)


@app.command()
def check(
    names: Names = None,
    environment: Env = "local",
    connect: Annotated[bool, typer.Option("--connect", help="Log in to Snowflake and Slack, too.")] = False,
    role: Annotated[
        str | None, typer.Option("--role", help="Read as this role, e.g. MWAA's execution role.", metavar="ARN")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read each secret back as Airflow and Cosmos do, and say what is wrong with it; exit code 1 if anything is.

    It runs with your credentials, unless --role names the role to read as.

    Example: mwaa secrets check --env prod --connect
    """
    from mwaa_dbt.settings import load
    from scripts.secrets import show
    from scripts.secrets.check import Request
    from scripts.secrets.check import check as run
    from scripts.target import find_target

    paths = find_project()
    request = Request(tuple(names or ()), connect, role)
    found = run(paths, find_target(paths, environment), load(paths.settings), request)
    if as_json:
        out.print_json(json.dumps(show.findings_table(found)))
    else:
        show.findings(found)
    if any(one.faults for one in found):
        raise typer.Exit(1)


@app.command()
def diff(names: Names = None, environment: Env = "local", as_json: Json = False) -> None:
    """Show how Secrets Manager differs from settings.toml, never a secret part; exit code 1 if anything does.

    Example: mwaa secrets diff --env prod
    """
    from mwaa_dbt.settings import load
    from scripts.secrets import show
    from scripts.secrets.diff import diff as run
    from scripts.target import find_target

    paths = find_project()
    found = run(find_target(paths, environment), load(paths.settings), names or [])
    if as_json:
        out.print_json(json.dumps(show.difference_table(found)))
    else:
        show.difference(found)
    if not found.clean:
        raise typer.Exit(1)


@app.command()
def policy(
    environment: Env = "local",
    account: Annotated[
        str | None, typer.Option(help="The account's twelve digits. \\[default: of your credentials]", metavar="NUMBER")
    ] = None,
    push: Annotated[bool, typer.Option("--push", help="For whoever pushes and checks, not for MWAA.")] = False,
    as_json: Json = False,
) -> None:
    """Print the IAM policy that MWAA's execution role needs for these secrets, and no more.

    Example: mwaa secrets policy --env prod --account 123456789012
    """
    from scripts.secrets.policy import policy as run
    from scripts.target import find_target

    if account and not (account.isdigit() and len(account) == 12):  # noqa: PLR2004
        raise typer.BadParameter("an account is twelve digits", param_hint="--account")
    made = run(find_target(find_project(), environment), account, push)
    # It is JSON for a person, too: it is pasted.
    typer.echo(json.dumps(made, indent=None if as_json else 2))
