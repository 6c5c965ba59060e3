"""The maintenance DAG of `mwaa migrate secrets` as a real task of Airflow 3, whose database is closed to it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from mwaa_dbt.settings import load
from mwaa_dbt.sizing import is_2
from scripts.aws import Aws
from scripts.migrate.maintenance import source
from tests.migrate.airflow2 import ROOT, empty
from tests.migrate.test_history import CONNECTIONS, VARIABLES, moving, report, secret

DAG = "mwaa_migrate_test"
# Another version of the matrix, else the project's own.
VERSION = os.environ.get("MATRIX_AIRFLOW") or load(ROOT / "settings.toml").project.airflow_version


@pytest.mark.skipif(is_2(VERSION), reason="a task of Airflow 2 reads the database: test_history.py")
@pytest.mark.slow
def test_secrets_move(aws: Aws, cloud: str, tmp_path: Path) -> None:
    """What Airflow gives the task by the ids that are listed is in Secrets Manager; its log has no value."""
    side = empty(tmp_path / "airflow3", cloud, VERSION)
    code, text = side.do("fill", {"runs": 0, "connections": CONNECTIONS, "variables": VARIABLES})
    assert code == 0, text
    ids = {"connections": [*CONNECTIONS, "gone"], "variables": ["api_token", "crm"]}
    data = json.dumps(ids).encode()
    aws.bucket("new").put("migrate/three/ids.json", data, hashlib.sha256(data).hexdigest())
    code, text = side.test(DAG, source("move", DAG), moving(cloud, "three", all=True))
    assert code == 0, text
    assert report(aws, "three") == {
        "connections/crm": "moved",
        "connections/snow": "moved",
        "connections/my conn": "skipped",
        "connections/aws_default": "skipped",
        "connections/gone": "failed",
        "variables/api_token": "moved",
        "variables/crm": "moved",
    }
    assert secret(aws.secrets, "three/connections/crm") == CONNECTIONS["crm"]
    assert secret(aws.secrets, "three/variables/crm") == json.loads(VARIABLES["crm"])
    assert "s3cr3t" not in text
