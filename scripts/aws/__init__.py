"""The one door to AWS."""

from scripts.aws.bucket import Bucket, ConflictError, MissingError, Object
from scripts.aws.clients import Aws
from scripts.aws.environment import Mwaa
from scripts.aws.secrets import DeletedError, DeniedError, NoSecretError, Secret, Secrets

__all__ = [
    "Aws",
    "Bucket",
    "ConflictError",
    "DeletedError",
    "DeniedError",
    "MissingError",
    "Mwaa",
    "NoSecretError",
    "Object",
    "Secret",
    "Secrets",
]
