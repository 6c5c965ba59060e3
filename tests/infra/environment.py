"""infra/environment.yaml with the parameters that it cannot do without."""

from __future__ import annotations

from tests.infra.templates import ACCOUNT, FOLDER, REGION

TEMPLATE = (FOLDER / "environment.yaml").read_text()
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:airflow/connections/snowflake_default-??????"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0d1c3f5e-1111-2222-3333-444455556666"
# No other test of this folder may make log groups of this name: all share one AWS.
NAME = "store"
GIVEN = {"Name": NAME, "Bucket": "shop", "AirflowVersion": "3.3.1", "Subnets": "subnet-1,subnet-2"}
