"""The environment's tags on everything that takes tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi

__all__ = ["TAGGABLE", "tag_children"]

# ARM types of ours with tags of their own. Batch pools, applications and packages take them too, but Azure shows and
# bills by the account's.
TAGGABLE: Final = frozenset(
    {
        "azure-native:batch:BatchAccount",
        "azure-native:managedidentity:UserAssignedIdentity",
        "azure-native:monitor:ActionGroup",
        "azure-native:monitor:MetricAlert",
        "azure-native:network:PrivateEndpoint",
        "azure-native:network:VirtualNetwork",
        "azure-native:operationalinsights:Workspace",
        "azure-native:privatedns:PrivateZone",
        "azure-native:resources:ResourceGroup",
        "azure-native:storage:StorageAccount",
    }
)


def tag_children(tags: Mapping[str, str], opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions | None:
    """Options with which a component gives these tags to all its descendants; a resource's own tags win."""
    if not tags:
        return opts

    def tagged(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ not in TAGGABLE:
            return None
        own: Any = args.props.get("tags") or {}
        return pulumi.ResourceTransformationResult({**args.props, "tags": {**tags, **own}}, args.opts)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[tagged]))
