"""Who may do what, and what nobody may delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pulumi
from pulumi_azure_native import authorization

from infra.model.access import ROLES, Grant

__all__ = ["Access", "Locks", "grant"]


class Access(pulumi.ComponentResource):
    """Role assignments on the Batch account and its linked storage."""

    def __init__(
        self,
        name: str,
        grants: Iterable[Grant],
        *,
        scopes: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare them.

        Args:
            grants: who gets which roles.
            scopes: ARM ids by kind of scope (account, storage).
        """
        super().__init__("batchenv:index:Access", name, None, opts)
        for one in grants:
            for role in one.roles:
                grant(
                    f"{name}-{one.principal}-{role}",
                    role,
                    principal_id=one.principal,
                    principal_type=one.type,
                    scope=scopes[ROLES[role].scope],
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.register_outputs({})


def grant(
    name: str,
    role: str,
    *,
    principal_id: pulumi.Input[str],
    scope: pulumi.Input[str],
    principal_type: str = "ServicePrincipal",
    opts: pulumi.ResourceOptions | None = None,
) -> authorization.RoleAssignment:
    """One built-in role, by its name in ``ROLES``, for one principal on one resource."""
    subscription = pulumi.Output.from_input(scope).apply(lambda id: id.split("/")[2])
    return authorization.RoleAssignment(
        name,
        principal_id=principal_id,
        principal_type=principal_type,
        role_definition_id=pulumi.Output.concat(
            "/subscriptions/", subscription, "/providers/Microsoft.Authorization/roleDefinitions/", ROLES[role].id
        ),
        scope=scope,
        opts=opts,
    )


class Locks(pulumi.ComponentResource):
    """Locks against deletion, made after everything else and so the first to go."""

    def __init__(
        self,
        name: str,
        scopes: Mapping[str, pulumi.Input[str]],
        *,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare them.

        Args:
            scopes: ARM ids of what is locked, by a short name. after: what must be there before.
        """
        super().__init__("batchenv:index:Locks", name, None, opts)
        for what, scope in scopes.items():
            authorization.ManagementLockByScope(
                f"{name}-{what}",
                lock_name="environment",
                scope=scope,
                level=authorization.LockLevel.CAN_NOT_DELETE,
                notes="Made by Pulumi; set locks to false to remove it.",
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
            )
        self.register_outputs({})
