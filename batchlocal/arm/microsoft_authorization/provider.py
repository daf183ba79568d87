"""The Microsoft.Authorization provider.

Sources of this package: the types of pulumi_azure_native 3.29 (authorization: roleAssignments 2022-04-01, locks
2020-05-01) and Microsoft's REST reference "Authorization" and "Management Locks".
"""

from __future__ import annotations

from batchlocal.arm.provider import ResourceProvider
from batchlocal.protocol.routing import Route

__all__ = ["PROVIDER"]

_OPERATIONS = "/providers/Microsoft.Authorization/providerOperations"
PROVIDER = ResourceProvider(
    "Microsoft.Authorization",
    [
        Route("ProviderOperationsMetadata_List", "GET", _OPERATIONS),
        Route("ProviderOperationsMetadata_Get", "GET", f"{_OPERATIONS}/{{namespace}}"),
    ],
)
