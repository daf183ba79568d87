"""Microsoft.Resources: subscriptions, locations, namespaces, resource groups, tags, and lists across providers."""

from batchlocal.arm.microsoft_resources import (
    deployments,
    groups,
    namespaces,
    resources,
    subscriptions,
    tag_names,
    tags,
)
from batchlocal.arm.microsoft_resources.provider import PROVIDER

__all__ = ["PROVIDER", "deployments", "groups", "namespaces", "resources", "subscriptions", "tag_names", "tags"]
