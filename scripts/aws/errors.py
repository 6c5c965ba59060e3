"""What AWS refuses, in the shape that users know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from mwaa_dbt.errors import ProjectError

DENIED = ("AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidToken", "TokenRefreshRequired")
UNKNOWN = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidClientTokenId")
ELSEWHERE = ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
NONE = ("NoSuchBucket", "ResourceNotFoundException")
BUSY = (
    *("SlowDown", "503", "500", "InternalError", "InternalServerException", "ServiceUnavailable", "RequestTimeout"),
    *("Throttling", "ThrottlingException", "TooManyRequestsException"),
)
# AWS's own words. S3 may refuse a read for the sake of the bucket's key, or of an object that is missing.
SAID = re.compile(r'not authorized to perform: ([\w-]+:\w+)(?: on resource: "?(arn:[^\s"]+)"?)?')
# What the SDK asks before the first call, where a pipeline's token is all that there is.
TAKEN = "sts:AssumeRoleWithWebIdentity"
AGAIN = "then run the same command"
UPLOADED = ": what is uploaded already is not sent again"


class AwsError(ProjectError):
    """Report what AWS refuses; `code` is AWS's own word for it, empty if it did not answer."""

    def __init__(self, what: str, where: str, fix: str, code: str = "") -> None:
        super().__init__(what, where, fix)
        self.code = code

    @property
    def absent(self) -> bool:
        """Whether there is no such thing."""
        return self.code in NONE

    @property
    def denied(self) -> bool:
        """Whether the credentials may not do it."""
        return self.code in DENIED


class Told:
    """Turns errors of AWS into ProjectErrors; one per region."""

    def __init__(self, region: str) -> None:
        self.region = region

    @contextmanager
    def __call__(self, action: str, resource: str) -> Iterator[None]:
        """Run calls that need an IAM action on a resource.

        Raises:
            AwsError: for whatever AWS refuses, with what mends it.
        """
        try:
            yield
        except ClientError as error:
            raise self._refused(error, action, resource) from None
        except NoCredentialsError:
            raise AwsError(
                "There are no AWS credentials.",
                f"{action} on {resource}",
                f"log in (`aws sso login`), {_again(action)}",
            ) from None
        except BotoCoreError as error:
            raise AwsError(
                f"AWS does not answer: {error}", f"{action} on {resource}", f"mend the connection, {_again(action)}"
            ) from None

    def _refused(self, error: ClientError, action: str, resource: str) -> AwsError:
        code, text = str(error.response["Error"]["Code"]), error.response["Error"].get("Message", "")
        what, fix = _not_taken(text) if TAKEN in text else self._explained(code, text, action, resource)
        if code in ELSEWHERE:
            headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
            what = f"The bucket is in region {headers.get('x-amz-bucket-region', 'another')}, not {self.region}."
        return AwsError(what, f"{action} on {resource}", fix, code)

    def _explained(self, code: str, text: str, action: str, resource: str) -> tuple[str, str]:
        refused, target = said(text) or (action, arn(action, resource))
        # As one pastes it into the role's policy.
        line = f'{{"Effect": "Allow", "Action": "{refused}", "Resource": "{target}"}}'
        name, again = resource.split("/", maxsplit=1)[0], _again(action)
        known = {
            DENIED: (f"There is no permission for {refused}.", f"allow it: {line}; {again}"),
            EXPIRED: ("The AWS credentials have expired.", f"log in again, {again}"),
            UNKNOWN: (f"AWS does not know the credentials: {text}", f"log in, {again}"),
            ELSEWHERE: ("The bucket is in another region.", 'mend `region = "…"` in settings.toml'),
            NONE: (f"There is no {name!r} in {self.region}.", _missing(code)),
            BUSY: (f"AWS keeps refusing: {code} {text}", f"wait a minute, {again}"),
        }
        other = (f"AWS refused: {code} {text}", f"mend what it names, {again}")
        return next((told for codes, told in known.items() if code in codes), other)


def _again(action: str) -> str:
    return AGAIN + (UPLOADED if action.startswith("s3:") else "")


def _not_taken(text: str) -> tuple[str, str]:
    return (
        f"AWS does not let this job take its role: {text}",
        "compare `sub` and `aud` of the role's trust with the job's repository, branch and environment (ci/README.md)",
    )


def _missing(code: str) -> str:
    made = "infra/bucket.yaml" if code == "NoSuchBucket" else "it"
    return f"mend its name or `region` in settings.toml, or create {made}"


def said(text: str) -> tuple[str, str] | None:
    """Return the action that AWS says is not allowed, and the ARN it is asked on; None if the text names neither."""
    found = SAID.search(text)
    return (found[1], found[2]) if found and found[2] else None


def arn(action: str, resource: str) -> str:
    """Return the ARN that a policy names for a resource of an action."""
    service = action.split(":", maxsplit=1)[0]
    forms = {
        # Not the environment, but the role in Airflow that the caller then has: the least that triggers and pauses.
        "airflow:InvokeRestApi": "arn:aws:airflow:REGION:ACCOUNT:role/{}/User",
        "airflow:CreateWebLoginToken": "arn:aws:airflow:REGION:ACCOUNT:role/{}/User",
        "airflow:ListEnvironments": "*",
        "s3": "arn:aws:s3:::{}",
        "airflow": "arn:aws:airflow:REGION:ACCOUNT:environment/{}",
        "logs": "arn:aws:logs:REGION:ACCOUNT:log-group:{}:*",
        "secretsmanager": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:{}-??????",
        "sqs": "arn:aws:sqs:REGION:ACCOUNT:{}",
    }
    return (forms.get(action) or forms[service]).format(resource)
