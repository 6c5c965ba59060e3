"""The rehearsal's MWAA API against botocore's model of it: every answer, every error, every operation."""

from __future__ import annotations

import itertools
from typing import Any

import boto3
import pytest
import requests

from tests.local.conftest import NAME, SHAPES, SIGNED, Stand

ARN = f"arn:aws:airflow:eu-central-1:123456789012:environment/{NAME}"
# What an environment has only if it was asked for, and what no rehearsal has.
ABSENT = {"KmsKey", "WebserverVpcEndpointService", "IdentityCenterConfiguration", "Teams"}
DONE: list[tuple[str, dict[str, Any]]] = [
    ("CreateCliToken", {"Name": NAME}),
    ("CreateWebLoginToken", {"Name": NAME}),
    ("GetEnvironment", {"Name": NAME}),
    ("InvokeRestApi", {"Name": NAME, "Path": "/dags", "Method": "GET"}),
    ("ListEnvironments", {"MaxResults": 1, "NextToken": ""}),
    ("TagResource", {"ResourceArn": ARN, "Tags": {"team": "données", "cost": "1/2"}}),
    ("ListTagsForResource", {"ResourceArn": ARN}),
    ("UntagResource", {"ResourceArn": ARN, "tagKeys": ["team", "cost", "never there"]}),
    ("PublishMetrics", {"EnvironmentName": NAME, "MetricData": [{"MetricName": "a", "Timestamp": 1.5}]}),
]
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    *((name, {"Name": "another"}, "ResourceNotFoundException") for name in ("CreateCliToken", "CreateWebLoginToken")),
    ("GetEnvironment", {"Name": "another"}, "ResourceNotFoundException"),
    ("GetEnvironment", {"Name": "9 lives"}, "ValidationException"),
    ("UpdateEnvironment", {"Name": "another"}, "ResourceNotFoundException"),
    ("UpdateEnvironment", {"Name": NAME, "Schedulers": 9}, "ValidationException"),
    ("InvokeRestApi", {"Name": "another", "Path": "/dags", "Method": "GET"}, "ResourceNotFoundException"),
    ("InvokeRestApi", {"Name": NAME, "Path": "/missing", "Method": "GET"}, "RestApiClientException"),
    ("InvokeRestApi", {"Name": NAME, "Path": "/broken", "Method": "GET"}, "RestApiServerException"),
    ("InvokeRestApi", {"Name": NAME, "Path": "/" + "x" * 64, "Method": "GET"}, "ValidationException"),
    ("InvokeRestApi", {"Name": NAME, "Path": "/dags", "Method": "HEAD"}, "ValidationException"),
    ("InvokeRestApi", {"Name": NAME, "Path": "/dags"}, "ValidationException"),
    ("ListEnvironments", {"MaxResults": 26}, "ValidationException"),
    ("ListEnvironments", {"MaxResults": "many"}, "ValidationException"),
    ("ListEnvironments", {"NextToken": "another"}, "ValidationException"),
    ("ListTagsForResource", {"ResourceArn": f"{ARN}-of-others"}, "ResourceNotFoundException"),
    ("TagResource", {"ResourceArn": ARN, "Tags": {}}, "ValidationException"),
    ("TagResource", {"ResourceArn": ARN, "Tags": {"AWS:mine": "1"}}, "ValidationException"),
    ("PublishMetrics", {"EnvironmentName": NAME}, "ValidationException"),
    ("DeleteEnvironment", {"Name": NAME}, "ValidationException"),
    (
        "CreateEnvironment",
        {
            "Name": "another",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/mwaa",
            "SourceBucketArn": "arn:aws:s3:::bucket",
            "DagS3Path": "dags",
            "NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        },
        "ValidationException",
    ),
]


def test_every_operation_is_tried() -> None:
    """The two lists below have all operations of the model."""
    assert {name for name, *_ in itertools.chain(DONE, REFUSED)} == set(SHAPES.operations)


@pytest.mark.parametrize(("operation", "values"), DONE, ids=lambda value: value if isinstance(value, str) else "")
def test_answers_are_of_the_model(shared: Stand, operation: str, values: dict[str, Any]) -> None:
    """Each answer has the members, types, lengths and patterns of the model, but for what AWS's own have not either."""
    answer = shared.call(operation, **values)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"] if not answer.ok else "") == (200, "")
    faults = SHAPES.answer(operation, answer.json())
    # No tags are {} in AWS's answers, too, and WebserverUrl has no scheme there; a host has no port on AWS.
    known = ("Tags' failed", "WebserverUrl' failed", "WebServerHostname' failed")
    assert [fault for fault in faults if not any(one in fault for one in known)] == []


def test_environment_is_whole(shared: Stand) -> None:
    """GetEnvironment has every member that an environment of MWAA has."""
    members = boto3.client("mwaa", region_name="eu-central-1").meta.service_model.shape_for("Environment").members
    assert set(members) - set(shared.environment) == ABSENT
    groups = {module["CloudWatchLogGroupArn"] for module in shared.environment["LoggingConfiguration"].values()}
    start = "arn:aws:logs:eu-central-1:123456789012:log-group:airflow-mwaa-dbt-local-"
    assert groups == {start + name for name in ("DAGProcessing", "Scheduler", "Task", "WebServer", "Worker")}


@pytest.mark.parametrize(("operation", "values", "code"), REFUSED)
def test_errors_are_of_the_model(shared: Stand, operation: str, values: dict[str, Any], code: str) -> None:
    """Each error is one that the operation declares, with its status and its members."""
    answer = shared.call(operation, **values)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (SHAPES.errors(operation)[code], code)
    assert SHAPES.error(operation, code, answer.json()) == []
    assert answer.json().get("message") or answer.json()["RestApiStatusCode"]


def test_errors_are_read_by_boto3(shared: Stand) -> None:
    """boto3 makes its own exceptions of them, with all their members."""
    client = shared.client
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="another"):
        client.get_environment(Name="another")
    with pytest.raises(client.exceptions.RestApiServerException) as caught:
        client.invoke_rest_api(Name=NAME, Path="/broken", Method="GET")
    assert caught.value.response["RestApiStatusCode"] == 500
    assert caught.value.response["RestApiResponse"]["path"] == "/api/v2/broken"
    assert len(caught.value.response["ResponseMetadata"]["RequestId"]) == 36


def test_tags_are_kept(shared: Stand) -> None:
    """Tags are those of GetEnvironment, too; there are 50 at most."""
    shared.client.tag_resource(ResourceArn=ARN, Tags={"team": "data", "cost": "1"})
    shared.client.untag_resource(ResourceArn=ARN, tagKeys=["cost"])
    assert shared.client.list_tags_for_resource(ResourceArn=ARN)["Tags"] == {"team": "data"}
    assert shared.environment["Tags"] == {"team": "data"}
    many = {f"key {number}": "1" for number in range(50)}
    assert "50 at most, not 51" in shared.call("TagResource", ResourceArn=ARN, Tags=many).json()["message"]
    shared.client.untag_resource(ResourceArn=ARN, tagKeys=["team", "never there"])
    assert shared.environment["Tags"] == {}


def test_pages_end(shared: Stand) -> None:
    """boto3's paginator finds the one environment, once."""
    pages = shared.client.get_paginator("list_environments").paginate(PaginationConfig={"PageSize": 1})
    assert [page["Environments"] for page in pages] == [[NAME]]


def test_unknown_requests_are_refused(shared: Stand) -> None:
    """An operation that MWAA lacks and a request without a signature are told as AWS tells them; other hosts too."""
    url = shared.rehearsal.url("mwaa")
    for method, path in (("DELETE", "/environments"), ("GET", "/serverless"), ("POST", "/")):
        answer = requests.request(method, url + path, headers=SIGNED, timeout=10)
        assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    for host, status in (("evil.example", 400), ("api.localhost:1", 200), ("localhost", 200)):
        answer = requests.get(f"{url}/environments", headers=SIGNED | {"Host": host}, timeout=10)
        assert answer.status_code == status
    answer = requests.post(f"{url}/restapi/{NAME}", json={"Path": "/dags", "Method": "GET"}, timeout=10)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
