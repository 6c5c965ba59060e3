"""What each job of the maintenance DAG needs: its parameters, S3, and the DAG itself."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG
try:
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.operators.python import PythonOperator
from airflow.exceptions import AirflowFailException

OWN = "mwaa_migrate_"  # how the DAG's id begins
EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - Airflow 2.4 has Python 3.10 on MWAA
ABSENT = ("NoSuchKey", "404", "403", "AccessDenied")  # S3's words, the last two where nobody may list
log = logging.getLogger("mwaa_migrate")


def client(service: str, conf: dict[str, Any], keys: dict[str, str] | None = None) -> Any:
    """Return a client in the new environment's region; the rehearsal's AWS has another address."""
    logging.getLogger("botocore").setLevel(logging.WARNING)
    config = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 8})
    place = {"region_name": conf["region"], "endpoint_url": conf.get("endpoint"), "config": config}
    return boto3.session.Session().client(service, **place, **(keys or {}))


@contextmanager
def told() -> Iterator[None]:
    """End the task for good by what AWS refuses, in its words; they name actions and things, no content."""
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise AirflowFailException(f"AWS refused: {said['Code']} {said.get('Message', '')}") from None
    except BotoCoreError as error:
        raise AirflowFailException(f"AWS does not answer: {type(error).__name__}") from None


class Folder:
    """A folder of a bucket, with content that is digested."""

    def __init__(self, conf: dict[str, Any]) -> None:
        self.s3, self.bucket, self.prefix = client("s3", conf), conf["bucket"], conf["folder"]

    def put(self, name: str, data: bytes, **notes: Any) -> str:
        """Write an object, whose bytes S3 compares with their digest; return that in hex."""
        digest = hashlib.sha256(data)
        kept = {"sha256": digest.hexdigest(), **{key: json.dumps(value) for key, value in notes.items()}}
        checked = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": base64.b64encode(digest.digest()).decode()}
        with told():
            self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=data, Metadata=kept, **checked)
        return digest.hexdigest()

    def get(self, name: str) -> bytes:
        """Return an object's bytes."""
        with told():
            return bytes(self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")["Body"].read())

    def notes(self, name: str) -> dict[str, Any] | None:
        """Return an object's digest and what else was noted when it was written; None if there is none."""
        try:
            found = self.s3.head_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT:
                return None
            raise AirflowFailException(f"AWS refused: {error}") from None
        kept = dict(found["Metadata"])
        return {"sha256": kept.pop("sha256"), **{key: json.loads(value) for key, value in kept.items()}}


def make_dag(work: Callable[[dict[str, Any]], None], name: str) -> Any:
    """Return the DAG, whose one task does a job with the run's conf as parameters; it returns nothing, so no XCom."""

    def run(**context: Any) -> None:
        work(dict(context["dag_run"].conf))

    with DAG(name, schedule=None, start_date=EPOCH, catchup=False, max_active_runs=1) as dag:
        PythonOperator(task_id="work", python_callable=run, retries=2, retry_delay=timedelta(seconds=30))
    return dag
