"""`mwaa secrets diff`: settings.toml against Secrets Manager."""

from __future__ import annotations

from dataclasses import dataclass

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Environment, Settings
from scripts import connections
from scripts.aws import DeletedError, NoSecretError, Secrets
from scripts.secrets import compare, stored
from scripts.secrets.declared import Item, chosen, declared, shared_names
from scripts.target import Target


@dataclass(frozen=True)
class Row:
    """One secret: equal, missing, differs, unreadable or deleted; `parts` says for each secret part if it is there."""

    id: str
    name: str
    state: str
    changes: tuple[compare.Change, ...] = ()
    parts: tuple[tuple[str, bool], ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diff:
    """All secrets, and those below the prefix that nobody declares; None if these credentials may not list."""

    rows: list[Row]
    extra: list[str] | None

    @property
    def clean(self) -> bool:
        """Whether nothing differs."""
        return not self.extra and all(row.state == "equal" for row in self.rows)


def diff(target: Target, settings: Settings, names: list[str]) -> Diff:
    """Compare what settings.toml declares with what is stored; reads only.

    Raises:
        ProjectError: if a secret cannot be read.
    """
    everything = declared(target.name, target.settings)
    rows = [_row(target.aws.secrets, item) for item in chosen(everything, names)]
    extra = [] if names else undeclared(target.aws.secrets, target.settings, everything)
    if extra:
        extra = sorted({*extra} - shared_names(settings, target.name))
    return Diff(rows, extra)


def undeclared(secrets: Secrets, environment: Environment, items: list[Item]) -> list[str] | None:
    """Return the stored secrets below the prefix that are not declared; None if that may not be asked."""
    folders = (connections.folder(environment), connections.folder(environment, "variables"))
    try:
        found = [name for folder in folders for name in secrets.names(folder)]
    except ProjectError:
        return None
    return sorted({*found} - {item.name for item in items})


def _row(secrets: Secrets, item: Item) -> Row:
    try:
        text = secrets.read(item.name)
    except NoSecretError:
        return Row(item.id, item.name, "missing")
    except DeletedError:
        return Row(item.id, item.name, "deleted")
    return variable(item, text) if item.kind == "variables" else connection(item, stored.read(text))


def variable(item: Item, text: str) -> Row:
    """Compare a variable."""
    if item.parts:
        return Row(item.id, item.name, "equal" if text else "differs", parts=(("value", bool(text)),))
    value = item.fields["value"]
    if text == value:
        return Row(item.id, item.name, "equal")
    # What is stored may be a secret of old.
    return Row(item.id, item.name, "differs", (compare.Change("value", None, value, shown=False),))


def connection(item: Item, view: stored.View) -> Row:
    """Compare a connection."""
    if view.form == "none":
        return Row(item.id, item.name, "unreadable", faults=view.faults)
    found = tuple(compare.changes(item, view))
    absent = compare.missing(item, view)
    parts = tuple((part, part not in absent) for part in item.parts)
    faults = (*view.faults, *compare.surplus(item, view))
    if view.form == "uri":
        faults = (*faults, "it is a URI from an older set-up; push makes it JSON")
    state = "differs" if found or absent or faults else "equal"
    return Row(item.id, item.name, state, found, parts, faults)
