"""Microsoft.ManagedIdentity: user-assigned identities and the federated credentials that stand in for their secrets.

Sources: the types of pulumi_azure_native 3.29 (managedidentity, api-version 2023-01-31) and Microsoft's REST reference
"User Assigned Identities" and "Federated Identity Credentials".
"""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import new_guid
from batchlocal.arm.kept import KeptType, Values, serve
from batchlocal.arm.provider import ResourceProvider
from batchlocal.store.resources import Resource

__all__ = ["IDENTITY_TYPE", "PROVIDER"]

IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
PROVIDER = ResourceProvider("Microsoft.ManagedIdentity", [])


def _principal(call: ArmCall, _: Resource) -> Values:
    """An identity made anew under an old name is another principal, as in Entra."""
    return {"tenantId": call.platform.credentials.tenant_id, "principalId": new_guid(), "clientId": new_guid()}


serve(
    PROVIDER,
    KeptType(
        IDENTITY_TYPE,
        "UserAssignedIdentities",
        envelope=("id", "name", "type", "location", "tags", "properties"),
        required=("location",),
        drawn=_principal,
    ),
)
serve(
    PROVIDER,
    KeptType(
        f"{IDENTITY_TYPE}/federatedIdentityCredentials",
        "FederatedIdentityCredentials",
        envelope=("id", "name", "type", "properties"),
        shape={"issuer": str, "subject": str, "audiences": [str]},
        required=("properties.issuer", "properties.subject", "properties.audiences"),
    ),
)
