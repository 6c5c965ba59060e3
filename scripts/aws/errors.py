"""What AWS refuses, in the shape that users know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from mwaa_dbt.errors import ProjectError

DENIED = ("AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidToken", "TokenRefreshRequired")
UNKNOWN = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidClientTokenId")
ELSEWHERE = ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
NONE = ("NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException")
BUSY = ("SlowDown", "503", "500", "InternalError", "ServiceUnavailable", "RequestTimeout", "ThrottlingException")
# What botocore says before it has asked AWS anything: there is no login, or none that holds.
LOGGED_OUT = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)


class DeniedError(ProjectError):
    """Report what these credentials may not do."""


class Told:
    """Turns errors of AWS into ProjectErrors; one per region."""

    def __init__(self, region: str) -> None:
        self.region = region

    @contextmanager
    def __call__(self, action: str, resource: str) -> Iterator[None]:
        """Run calls that need an IAM action on a resource.

        Raises:
            ProjectError: for whatever AWS refuses, with what mends it.
        """
        try:
            yield
        except ClientError as error:
            raise self._refused(error, action, resource) from None
        except LOGGED_OUT as error:
            why = "." if isinstance(error, NoCredentialsError) else f" that hold: {error}"
            raise ProjectError(
                f"There are no AWS credentials{why}",
                f"{action} on {resource}",
                f"log in (`aws sso login`), {_again(action)}",
            ) from None
        except BotoCoreError as error:
            raise ProjectError(
                f"AWS does not answer: {error}", f"{action} on {resource}", f"mend the connection, {_again(action)}"
            ) from None

    def _refused(self, error: ClientError, action: str, resource: str) -> ProjectError:
        code, text = str(error.response["Error"]["Code"]), error.response["Error"].get("Message", "")
        what, fix = self._explained(code, text, action, resource)
        if code in ELSEWHERE:
            headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
            what = f"The bucket is in region {headers.get('x-amz-bucket-region', 'another')}, not {self.region}."
        kind = DeniedError if code in DENIED else ProjectError
        return kind(what, f"{action} on {resource}", fix)

    def _explained(self, code: str, text: str, action: str, resource: str) -> tuple[str, str]:
        # As one pastes it into the role's policy.
        line = f'{{"Effect": "Allow", "Action": "{action}", "Resource": "{arn(action, resource)}"}}'
        name, again = resource.split("/", maxsplit=1)[0], _again(action)
        known = {
            DENIED: (f"There is no permission for {action}.", f"allow it: {line}; {again}"),
            EXPIRED: ("The AWS credentials have expired.", f"log in again, {again}"),
            UNKNOWN: (f"AWS does not know the credentials: {text}", f"log in, {again}"),
            ELSEWHERE: ("The bucket is in another region.", 'mend `region = "…"` in settings.toml'),
            NONE: (f"There is no {name!r} in {self.region}.", _missing(code)),
            BUSY: (f"AWS keeps refusing: {code} {text}", f"wait a minute, {again}"),
        }
        other = (f"AWS refused: {code} {text}", f"mend what it names, {again}")
        return next((told for codes, told in known.items() if code in codes), other)


def _again(action: str) -> str:
    sent = ": what is uploaded already is not sent again" if action == "s3:PutObject" else ""
    return f"then run the same command{sent}"


def _missing(code: str) -> str:
    made = "infra/bucket.yaml" if code == "NoSuchBucket" else "it"
    return f"mend its name or `region` in settings.toml, or create {made}"


def arn(action: str, resource: str) -> str:
    """Return the ARN that a policy names for a resource of an action; * where the service knows no resource."""
    if resource.startswith("arn:"):
        return resource
    service = action.split(":", maxsplit=1)[0]
    forms = {
        "iam": "arn:aws:iam::ACCOUNT:role/{}",
        "s3": "arn:aws:s3:::{}",
        "airflow": "arn:aws:airflow:REGION:ACCOUNT:environment/{}",
        "logs": "arn:aws:logs:REGION:ACCOUNT:log-group:{}:*",
        "secretsmanager": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:{}-??????",
    }
    return forms.get(service, "*").format(resource)
