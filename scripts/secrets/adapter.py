"""Which dbt-snowflake can log in as MWAA's execution role."""

from __future__ import annotations

import re
from pathlib import Path

from mwaa_dbt.errors import ProjectError
from mwaa_dbt.settings import Snowflake

PINS = Path("dbt/requirements.txt")
# Before it dbt took the authenticator and kept the provider to itself (dbt-adapters #1234).
FIRST = (1, 12)


def check_adapter(root: Path, snowflake: Snowflake) -> None:
    """Make sure that dbt's pins fit the authentication of an environment.

    Raises:
        ProjectError: if dbt-snowflake would not pass on who vouches for the role.
    """
    pin = re.search(r"^dbt-snowflake==(\d+)\.(\d+)\S*", (root / PINS).read_text(), re.MULTILINE)
    if snowflake.authentication != "workload_identity" or (pin and (int(pin[1]), int(pin[2])) >= FIRST):
        return
    raise ProjectError(
        f'authentication = "workload_identity" needs dbt-snowflake 1.12; {pin[0] if pin else "no version"} is pinned.',
        f"{PINS}, dbt-snowflake",
        "write dbt-snowflake~=1.12.0 in dbt/requirements.in and renew the pins (docs/locks.md)",
    )
