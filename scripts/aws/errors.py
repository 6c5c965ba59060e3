"""What AWS refuses, in the shape that users know."""

from __future__ import annotations

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
# What is allowed by Airflow's role, not by environment (Service Authorization Reference, Amazon MWAA). User is the
# least that reads DAGs, runs and logs, triggers and pauses.
BY_ROLE = ("airflow:InvokeRestApi", "airflow:CreateWebLoginToken")
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
        what, fix = self._explained(code, text, action, resource)
        if code in ELSEWHERE:
            headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
            what = f"The bucket is in region {headers.get('x-amz-bucket-region', 'another')}, not {self.region}."
        return AwsError(what, f"{action} on {resource}", fix, code)

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
    return AGAIN + (UPLOADED if action.startswith("s3:") else "")


def _missing(code: str) -> str:
    made = "infra/bucket.yaml" if code == "NoSuchBucket" else "it"
    return f"mend its name or `region` in settings.toml, or create {made}"


def arn(action: str, resource: str) -> str:
    """Return the ARN that a policy names for a resource of an action."""
    if action == "airflow:ListEnvironments":
        return "*"
    service = "role" if action in BY_ROLE else action.split(":", maxsplit=1)[0]
    forms = {
        "s3": "arn:aws:s3:::{}",
        "airflow": "arn:aws:airflow:REGION:ACCOUNT:environment/{}",
        "role": "arn:aws:airflow:REGION:ACCOUNT:role/{}/User",
        "logs": "arn:aws:logs:REGION:ACCOUNT:log-group:{}:*",
        "secretsmanager": "arn:aws:secretsmanager:REGION:ACCOUNT:secret:{}-??????",
    }
    return forms[service].format(resource)
