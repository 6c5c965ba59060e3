"""The maintenance DAG of `mwaa migrate secrets` as a real task of Airflow 3, whose database is closed to it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from scripts.aws import Aws
from scripts.migrate.maintenance import source
from tests.migrate.airflow2 import empty
from tests.migrate.test_history import CONNECTIONS, VARIABLES, moving, report, secret

DAG = "mwaa_migrate_test"


@pytest.mark.parametrize("version", ["3.0.6", "3.2.1", "3.3.1"])
def test_secrets_move(aws: Aws, cloud: str, tmp_path: Path, version: str) -> None:
    """What Airflow gives the task by the ids that are listed is in Secrets Manager; its log has no value."""
    side = empty(tmp_path / "airflow3", cloud, version)
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
