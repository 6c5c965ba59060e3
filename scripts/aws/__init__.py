"""The one door to AWS."""

from scripts.aws.bucket import Bucket, ConflictError, MissingError, Object
from scripts.aws.clients import Aws
from scripts.aws.environment import Mwaa
from scripts.aws.errors import DeniedError
from scripts.aws.iam import Decision, Iam
from scripts.aws.secrets import DeletedError, NoSecretError, Secret, Secrets

__all__ = [
    "Aws",
    "Bucket",
    "ConflictError",
    "Decision",
    "DeletedError",
    "DeniedError",
    "Iam",
    "MissingError",
    "Mwaa",
    "NoSecretError",
    "Object",
    "Secret",
    "Secrets",
]
