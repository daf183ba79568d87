"""Resource types of this project's own, as programs declare them."""

from __future__ import annotations

import pulumi

__all__ = ["ApplicationPackage"]


class ApplicationPackage(pulumi.CustomResource):
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
            source: a folder or .zip, relative to the project's folder.
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
            "contentHash": content_hash,
            "allowUpdates": allow_updates,
            "setDefault": set_default,
            "size": None,
        }
        super().__init__("batchmgmt:index:ApplicationPackage", name, inputs, opts)

    def translate_output_property(self, prop: str) -> str:
        return {"contentHash": "content_hash"}.get(prop, prop)
