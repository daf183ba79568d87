"""Who may do what. Source: Microsoft's list of Azure built-in roles."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import Field

from infra.model.base import Model, Spelled

__all__ = ["ROLES", "Grant", "Role", "RoleName"]


class Role(NamedTuple):
    """A built-in role and what it is granted on."""

    id: str
    scope: Literal["account", "storage"]


ROLES: Final[dict[str, Role]] = {
    "batchAccountContributor": Role("29fe4964-1e60-436b-bd3a-77fd4c178b3c", "account"),
    "batchAccountReader": Role("11076f67-66f6-4be0-8f6b-f0609fd05cc9", "account"),
    "batchDataContributor": Role("6aaa78f1-f7de-44ca-8722-c64a23943cae", "account"),
    "batchJobSubmitter": Role("48e5e92e-a480-4e71-aa9c-2778f4c13781", "account"),
    "blobDataContributor": Role("ba92f5b4-2d11-453d-a403-e96b0029c9fe", "storage"),
    "blobDataReader": Role("2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "storage"),
}

RoleName = Literal[
    "batchAccountContributor",
    "batchAccountReader",
    "batchDataContributor",
    "batchJobSubmitter",
    "blobDataContributor",
    "blobDataReader",
]


class Grant(Model):
    """Roles of one principal, on the Batch account or its linked storage."""

    principal: Annotated[str, Spelled(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", "an object id (a GUID)")]
    """Object id in Entra."""
    type: Literal["User", "Group", "ServicePrincipal"] = "ServicePrincipal"
    """Kind of principal; managed identities are service principals."""
    roles: Annotated[tuple[RoleName, ...], Field(min_length=1)]
    """What it may do. Submitting work needs batchJobSubmitter: Owner and Contributor have no data actions."""
