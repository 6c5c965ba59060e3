"""What MWAA's API says instead of an answer."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """Refuse a request as MWAA's API does.

    Args:
        code: the exception's name in the API.
        message: what is wrong.
        status: the HTTP status.
        members: what the exception has in the message's place.
    """

    def __init__(self, code: str, message: str, status: int = 400, members: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.members = code, message, status, members

    @property
    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"message": self.message} if self.members is None else self.members


def invalid(message: str) -> RefusedError:
    """Return the refusal of a request that makes no sense."""
    return RefusedError("ValidationException", message)


def absent(name: str) -> RefusedError:
    """Return the refusal of a request for another environment than the one that there is."""
    return RefusedError("ResourceNotFoundException", f"Environment not found: {name}", 404)
