"""Resource types of this project's own, as programs declare them."""

from __future__ import annotations

from typing import Any, Final

import pulumi

__all__ = ["ApplicationPackage", "PoolChange", "PoolNodes"]


_OUTPUTS: Final = {"content_hash": "contentHash", "current_name": "currentName"}
"""Outputs that Python spells otherwise than the provider."""


class _Ours(pulumi.CustomResource):
    """A resource whose inputs are named as the provider names them."""

    def translate_input_property(self, prop: str) -> str:
        return _OUTPUTS.get(prop, prop)

    def translate_output_property(self, prop: str) -> str:
        return {theirs: ours for ours, theirs in _OUTPUTS.items()}.get(prop, prop)


class ApplicationPackage(_Ours):
    """An application package with its content: uploaded, verified and activated.

    State keeps ids, version, hash and size; never the content, a SAS or a key.
    """

    version: pulumi.Output[str]
    content_hash: pulumi.Output[str]
    size: pulumi.Output[float]

    def __init__(
        self,
        name: str,
        *,
        subscription_id: pulumi.Input[str],
        resource_group_name: pulumi.Input[str],
        account_name: pulumi.Input[str],
        application_name: pulumi.Input[str],
        version: pulumi.Input[str],
        source: pulumi.Input[str],
        content_hash: pulumi.Input[str],
        allow_updates: pulumi.Input[bool],
        set_default: pulumi.Input[bool],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            source: a folder or .zip, relative to the project's folder, or the https URL of a .zip.
            content_hash: SHA-256 of the archive, so that a preview shows changed content.
            allow_updates: whether other content may replace this version's.
            set_default: make it the application's default version.
        """
        inputs: dict[str, pulumi.Input[object]] = {
            "subscriptionId": subscription_id,
            "resourceGroupName": resource_group_name,
            "accountName": account_name,
            "applicationName": application_name,
            "version": version,
            "source": source,
            "content_hash": content_hash,
            "allowUpdates": allow_updates,
            "setDefault": set_default,
            "size": None,
        }
        super().__init__("batchmgmt:index:ApplicationPackage", name, inputs, opts)


class PoolChange(_Ours):
    """Prepares a pool for a change that Azure takes only while it has no nodes, or never; stands before the pool.

    Attributes:
        current_name: what the pool is to be called: its name, with ``-2``, ``-3``, ... once it was replaced.
        drains: how often the pool was drained.
    """

    current_name: pulumi.Output[str]
    drains: pulumi.Output[float]

    def __init__(
        self,
        name: str,
        *,
        subscription_id: pulumi.Input[str],
        resource_group_name: pulumi.Input[str],
        account_name: pulumi.Input[str],
        pool_name: pulumi.Input[str],
        on_change: pulumi.Input[str],
        deallocation: pulumi.Input[str],
        drain_seconds: pulumi.Input[int],
        settings: pulumi.Input[dict[str, Any]],
        secrets: pulumi.Input[dict[str, str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            pool_name: the pool's first name.
            on_change: drain, replace or fail.
            deallocation: what a drain does with running tasks: TaskCompletion, Requeue or Terminate.
            drain_seconds: how long a drain may take.
            settings: the pool's properties that do not change at any time, in the management plane's spelling.
            secrets: those of them that are secret, by path; they are kept sealed and never shown.
        """
        inputs: dict[str, pulumi.Input[object]] = {
            "subscriptionId": subscription_id,
            "resourceGroupName": resource_group_name,
            "accountName": account_name,
            "poolName": pool_name,
            "onChange": on_change,
            "deallocation": deallocation,
            "drainSeconds": drain_seconds,
            "settings": settings,
            "secrets": secrets,
            "current_name": None,
            "drains": None,
        }
        super().__init__("batchmgmt:index:PoolChange", name, inputs, opts)


class PoolNodes(_Ours):
    """The nodes of a pool: there when its resize has ended well, a failure with Azure's resize errors otherwise."""

    def __init__(
        self,
        name: str,
        *,
        subscription_id: pulumi.Input[str],
        resource_group_name: pulumi.Input[str],
        account_name: pulumi.Input[str],
        pool_name: pulumi.Input[str],
        scale: pulumi.Input[dict[str, Any]],
        drains: pulumi.Input[float],
        wait: pulumi.Input[bool],
        wait_seconds: pulumi.Input[int],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            pool_name: the pool's name of now.
            scale: ``{dedicated, spot}`` or ``{formula, intervalSeconds}``, which a drained pool gets back.
            drains: how often the pool was drained; another number looks again.
            wait: whether to wait for the nodes at all. wait_seconds: how long.
        """
        inputs: dict[str, pulumi.Input[object]] = {
            "subscriptionId": subscription_id,
            "resourceGroupName": resource_group_name,
            "accountName": account_name,
            "poolName": pool_name,
            "scale": scale,
            "drains": drains,
            "wait": wait,
            "waitSeconds": wait_seconds,
        }
        super().__init__("batchmgmt:index:PoolNodes", name, inputs, opts)
