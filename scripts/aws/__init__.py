"""The one door to AWS."""

from scripts.aws.bucket import Bucket, ConflictError, MissingError, Object
from scripts.aws.clients import Aws
from scripts.aws.environment import Mwaa

__all__ = ["Aws", "Bucket", "ConflictError", "MissingError", "Mwaa", "Object"]
