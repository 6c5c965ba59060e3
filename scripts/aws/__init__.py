"""The one door to AWS."""

from scripts.aws.bucket import Bucket, ConflictError, MissingError, Object
from scripts.aws.clients import Aws
from scripts.aws.environment import Login, Mwaa, RestError
from scripts.aws.errors import AwsError, DeniedError
from scripts.aws.iam import Decision, Iam
from scripts.aws.secrets import DeletedError, NoSecretError, Secret, Secrets

__all__ = [
    "Aws",
    "AwsError",
    "Bucket",
    "ConflictError",
    "Decision",
    "DeletedError",
    "DeniedError",
    "Iam",
    "Login",
    "MissingError",
    "Mwaa",
    "NoSecretError",
    "Object",
    "RestError",
    "Secret",
    "Secrets",
]
