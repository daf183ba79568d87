"""Microsoft.Authorization: roles, who has them, and locks; importing it registers every handler."""

from batchlocal.arm.microsoft_authorization import locks, provider_operations, role_assignments, role_definitions
from batchlocal.arm.microsoft_authorization.provider import PROVIDER

__all__ = ["PROVIDER", "locks", "provider_operations", "role_assignments", "role_definitions"]
