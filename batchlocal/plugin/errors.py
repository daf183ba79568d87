"""What goes wrong between the provider and Azure."""

from __future__ import annotations

__all__ = ["ArmError", "OperationFailed"]


class ArmError(Exception):
    """Azure said no: status, code, message, and all of the error's details in the text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.status = status
        self.code = code


class OperationFailed(ArmError):
    """ARM took a request and failed later: something may be there already."""
