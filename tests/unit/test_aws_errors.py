"""What AWS refuses, and the statement that allows it."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from scripts.aws import AwsError, DeniedError
from scripts.aws.environment import Login, detail
from scripts.aws.errors import Told, arn

ACCOUNT = "arn:aws:airflow:REGION:ACCOUNT"


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("airflow:GetEnvironment", "prod", f"{ACCOUNT}:environment/prod"),
        ("airflow:CreateCliToken", "prod", f"{ACCOUNT}:environment/prod"),
        ("airflow:InvokeRestApi", "prod", f"{ACCOUNT}:role/prod/User"),
        ("airflow:CreateWebLoginToken", "prod", f"{ACCOUNT}:role/prod/User"),
        ("airflow:ListEnvironments", "eu-central-1", "*"),
        ("s3:GetObject", "shop/key", "arn:aws:s3:::shop/key"),
        ("logs:FilterLogEvents", "airflow-prod-Task", "arn:aws:logs:REGION:ACCOUNT:log-group:airflow-prod-Task:*"),
    ],
)
def test_arn(action: str, resource: str, expected: str) -> None:
    """Actions on Airflow itself are allowed by its role, those on the environment by its name."""
    assert arn(action, resource) == expected


def refused(error: Exception, action: str = "airflow:InvokeRestApi") -> AwsError:
    """Return what is told of an error of botocore's."""
    with pytest.raises(AwsError) as caught, Told("eu-central-1")(action, "prod"):
        raise error
    return caught.value


def test_kinds_of_refusal() -> None:
    """A caller can tell what is denied, what is not there and what did not answer."""
    denied = refused(ClientError({"Error": {"Code": "AccessDeniedException"}}, "InvokeRestApi"))
    assert (isinstance(denied, DeniedError), denied.absent) == (True, False)
    assert f"{ACCOUNT}:role/prod/User" in denied.fix
    absent = refused(ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetEnvironment"))
    assert (isinstance(absent, DeniedError), absent.absent) == (False, True)
    busy = refused(
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "slow down"}}, "InvokeRestApi")
    )
    assert busy.what == "AWS keeps refusing: TooManyRequestsException slow down"
    silent = refused(EndpointConnectionError(endpoint_url="https://example.com"))
    assert (silent.code, silent.what.startswith("AWS does not answer")) == ("", True)


def test_only_uploads_are_sent_again() -> None:
    """What is uploaded already is spoken of where something is uploaded."""
    error = ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
    assert "uploaded already" in refused(error, "s3:PutObject").fix
    assert "uploaded" not in refused(error).fix


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"detail": "DAG not found"}, "DAG not found"),
        (
            {"detail": [{"loc": ["body", "conf"], "msg": "Input should be a dictionary"}]},
            "body.conf: Input should be a dictionary",
        ),
        ({"title": "Bad Request", "detail": "", "status": 400}, "Bad Request"),
        ("<html>\n502\n</html>", "<html> 502 </html>"),
        (None, "None"),
    ],
)
def test_detail(answer: object, expected: str) -> None:
    """Airflow 2 and 3, and gateways before them, say what is wrong in forms of their own."""
    assert detail(answer) == expected


def test_token_is_not_shown() -> None:
    """A token is in no representation of what holds it, and so in no traceback that shows locals."""
    assert "secret" not in repr(Login("secret", "https://example.com"))
