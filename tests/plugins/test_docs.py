"""dbt's documentation in Airflow's web server: who may read it, and what it answers."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.airflow_version import AIRFLOW_2
from tests.plugins.test_plugins import told
from tests.serving import moto

REGION = "eu-central-1"
PAGE = "<!doctype html><p>orders</p>"
MANAGER = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """Serve AWS with a bucket that has the pages of one project."""
    with moto() as url:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        s3 = boto3.client("s3", region_name=REGION, endpoint_url=url, **keys)
        s3.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": REGION})
        pages = {"docs/index.html": b"all", "docs/shop/index.html.gz": gzip.compress(PAGE.encode())}
        for key, body in {**pages, "secret/index.html.gz": b"secret"}.items():
            s3.put_object(Bucket="shop", Key=key, Body=body)
        yield url


@pytest.fixture(scope="module")
def answers(aws: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Return what each visitor is answered, path by path."""
    folder = tmp_path_factory.mktemp("docs")
    return told("docs.py", folder, **variables(aws, folder))


def variables(url: str, folder: Path) -> dict[str, str]:
    """Return the environment of a web server."""
    database = f"sqlite:///{folder}/airflow.db"
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AIRFLOW__COSMOS__DBT_DOCS_DIR": "s3://shop/docs",
        **({} if AIRFLOW_2 else {"AIRFLOW__CORE__AUTH_MANAGER": MANAGER}),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of this test, long enough for a signature",
    }


def test_visitor_sees_nothing(answers: dict[str, list[Any]]) -> None:
    """Who is not logged in, or only says so, is shown no page, whichever it asks for."""
    for visitor in {"visitor", "forged"} & set(answers):
        # Airflow 2 leads to its login.
        assert {status for status, *_ in answers[visitor]} <= ({302, 404} if AIRFLOW_2 else {401, 403, 404})
        assert [text for _, text, _ in answers[visitor] if PAGE in text or text == "all"] == []
        assert AIRFLOW_2 or "Log in to Airflow" in answers[visitor][0][1]


def test_viewer_sees_pages(answers: dict[str, list[Any]]) -> None:
    """Who may only look sees the list and the page, unpacked by the browser, without Airflow's cookies in its reach."""
    everything, page, gone, *others = answers["viewer"]
    assert (everything[0], everything[1]) == (200, "all")
    assert (page[0], page[1]) == (200, PAGE)
    headers = {name.lower(): value for name, value in page[2].items()}
    assert headers["content-encoding"] == "gzip"
    assert headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in headers["content-security-policy"]
    assert gone[0] == 404
    assert "no dbt documentation of that name" in gone[1]
    assert {status for status, *_ in others} == {404}
