"""Plans, differences and findings, for people and for machines."""

from __future__ import annotations

import re
from typing import Any

from rich.markup import escape

from scripts.console import out
from scripts.secrets.check import Finding
from scripts.secrets.diff import Diff, Row
from scripts.secrets.forms import NAMES
from scripts.secrets.push import Plan

SIGNS = {True: "[green]✓[/]", False: "[red]✗[/]"}
DONE = {"create": "created", "update": "updated", "unchanged": "unchanged"}


def plans(made: list[Plan], dry: bool) -> None:
    """Print what a push did, or would do; with a key the statement for Snowflake."""
    for plan in made:
        action = f"would {plan.action}" if dry and plan.action != "unchanged" else DONE[plan.action]
        out.print(f"{SIGNS[not plan.needs]} {escape(plan.item.id)} {action} [dim]{escape(plan.item.name)}[/]")
        lines = [*plan.notes, *map(str, plan.changes), *([f"KMS key → {plan.encrypt}"] if plan.encrypt else [])]
        lines += [f"missing: {NAMES[part]}" for part in plan.needs]
        for line in lines:
            out.print(f"  {escape(line)}")
        if plan.key:
            out.print(f"  key {escape(plan.key.fingerprint)}, as DESC USER shows it in RSA_PUBLIC_KEY_FP")
            out.print(f"  {escape(statement(plan))}")


def statement(plan: Plan) -> str:
    """Return what tells Snowflake the public key."""
    user = str(plan.item.fields["login"])
    name = user if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", user) else '"' + user.replace('"', '""') + '"'
    return f"ALTER USER {name} SET RSA_PUBLIC_KEY='{plan.key.public if plan.key else ''}';"


def plans_table(made: list[Plan]) -> list[dict[str, Any]]:
    """Return what a push did as JSON's types."""
    return [
        {
            "id": plan.item.id,
            "secret": plan.item.name,
            "action": plan.action,
            "needs": list(plan.needs),
            "changes": list(map(str, plan.changes)),
            "notes": list(plan.notes),
            **({"fingerprint": plan.key.fingerprint, "sql": statement(plan)} if plan.key else {}),
        }
        for plan in made
    ]


def difference(found: Diff) -> None:
    """Print what differs."""
    for row in found.rows:
        out.print(f"{SIGNS[row.state == 'equal']} {escape(row.id)} {row.state} [dim]{escape(row.name)}[/]")
        for line in [*row.faults, *map(str, row.changes), *_parts(row)]:
            out.print(f"  {escape(line)}")
    for name in found.extra or []:
        out.print(f"{SIGNS[False]} {escape(name)} is stored, and settings.toml does not declare it")
    if found.extra is None:
        out.print("[dim]Other secrets below the prefix: not known, these credentials may not list.[/]")


def _parts(row: Row) -> list[str]:
    return [f"{NAMES[part]}: {'there, not shown' if there else 'missing'}" for part, there in row.parts]


def difference_table(found: Diff) -> dict[str, Any]:
    """Return what differs as JSON's types."""
    rows = [
        {
            "id": row.id,
            "secret": row.name,
            "state": row.state,
            "changes": list(map(str, row.changes)),
            "parts": dict(row.parts),
            "faults": list(row.faults),
        }
        for row in found.rows
    ]
    return {"secrets": rows, "undeclared": found.extra}


def findings(found: list[Finding]) -> None:
    """Print one line per secret, and one for each further fault."""
    for one in found:
        name = f"[dim]{escape(one.item.name)}[/]"
        if not one.faults:
            out.print(f"{SIGNS[True]} {escape(' · '.join((one.item.id, *one.notes)))} {name}")
        for fault in one.faults:
            out.print(f"{SIGNS[False]} {escape(one.item.id)}: {escape(fault.what)} {name}\n  fix: {escape(fault.fix)}")


def findings_table(found: list[Finding]) -> list[dict[str, Any]]:
    """Return what was found as JSON's types."""
    return [
        {
            "id": one.item.id,
            "secret": one.item.name,
            "ok": not one.faults,
            "faults": [{"what": fault.what, "fix": fault.fix} for fault in one.faults],
            "notes": list(one.notes),
        }
        for one in found
    ]
