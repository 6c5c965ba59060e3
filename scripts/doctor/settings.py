"""What settings.toml says, as far as that can be judged without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.doctor.case import Case
from scripts.doctor.finding import Finding, error, ok, warning
from scripts.plausible import doubts
from scripts.refused import refusals
from scripts.secrets.declared import check_sharing, declared

# The template's own account of Snowflake.
PLACEHOLDER = "my_organization-my_account"


def _names(case: Case) -> Iterator[Finding]:
    found = list(doubts(case.environment, case.airflow))
    for one in found:
        where = case.source.where(("environments", case.name, *one.path))
        yield error(f"{one.what} ({where})", one.fix)
    if not found:
        mwaa = case.environment.mwaa
        environment = f", environment {mwaa.name}" if mwaa else ""
        yield ok(f"{case.environment.region}, bucket {case.environment.bucket}{environment}")


def _account(case: Case) -> Iterator[Finding]:
    if case.environment.snowflake.account == PLACEHOLDER:
        where = case.source.where(("environments", case.name, "snowflake", "account"))
        yield warning(f"the Snowflake account is still the template's ({where})", "write your own")


def _options(case: Case) -> Iterator[Finding]:
    for one in refusals(case.environment.airflow, case.airflow):
        yield error(f"option {one.name} would not be heeded: {one.why}", one.fix)


def _secrets(case: Case) -> Iterator[Finding]:
    items = declared(case.name, case.environment)
    check_sharing(case.settings, case.name, items)
    yield ok(f"it declares {len(items)} secrets: {', '.join(item.id for item in items)}")


CHECKS = (_names, _account, _options, _secrets)
