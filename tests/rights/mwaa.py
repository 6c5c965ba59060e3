"""A small MWAA: environments whose updates end at once, and of Airflow what a deploy asks."""

from __future__ import annotations

import json
import re
from typing import Any

from scripts.aws.environment import VERSIONS
from tests.rights.asked import Request

type Answer = tuple[int, Any]
RUN = re.compile(r"/dags/mwaa_check/dagRuns(/\w+)?")


class Mwaa:
    """Answers GetEnvironment, UpdateEnvironment and InvokeRestApi; `environments` are kept by name."""

    def __init__(self) -> None:
        self.environments: dict[str, dict[str, Any]] = {}

    def make(self, name: str, bucket: str, versions: dict[str, str]) -> None:
        """Make an environment that runs these versions of the files that its containers start with."""
        fields = {field: value for file, version in versions.items() for field, value in _fields(file, version)}
        self.environments[name] = {
            "Name": name,
            "Status": "AVAILABLE",
            "SourceBucketArn": f"arn:aws:s3:::{bucket}",
            "LastUpdate": {"Status": "SUCCESS"},
            **fields,
        }

    def answer(self, request: Request) -> Answer:
        """Return status and JSON."""
        kind, name = request.path.strip("/").split("/", 1)
        found = self.environments.get(name)
        if found is None:
            return 404, {"message": f"Environment not found: {name}"}
        if kind == "restapi":
            return 200, {"RestApiStatusCode": 200, "RestApiResponse": _airflow(json.loads(request.body))}
        if request.method == "PATCH":
            wish = json.loads(request.body)
            found |= {field: wish[field] for fields in VERSIONS.values() for field in fields if field in wish}
        return 200, {"Environment": found} if request.method == "GET" else {"Arn": f"arn:aws:airflow:::{name}"}


def _fields(file: str, version: str) -> list[tuple[str, str]]:
    return list(zip(VERSIONS[file], (file, version), strict=True))


def _airflow(wish: dict[str, Any]) -> dict[str, Any]:
    if wish["Path"] == "/dags/~/dagRuns":
        return {"dag_runs": []}
    return {"state": "success"} if RUN.fullmatch(wish["Path"]) else {"dag_id": "mwaa_check"}
