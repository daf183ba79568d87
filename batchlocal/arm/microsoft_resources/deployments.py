"""Template deployments, which batchlocal does not run: it says so, and what to use in their place."""

from __future__ import annotations

from dataclasses import dataclass

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import check_subscription, group_of
from batchlocal.arm.microsoft_resources.provider import PROVIDER
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer

__all__: list[str] = []


@dataclass(eq=False)
class TemplatesNotRun(Refusal):
    """ARM and Bicep templates are not run here."""


@dataclass(eq=False)
class DeploymentNotFound(Refusal):
    """No deployment of this name was ever made."""

    name: str


CATALOGUE.update(
    {
        TemplatesNotRun: gateway(
            501,
            "TemplateDeploymentsNotSupported",
            "batchlocal does not run ARM or Bicep templates; make the resources one by one: with Pulumi, Terraform,"
            " the Azure CLI, an SDK or REST.",
        ),
        DeploymentNotFound: gateway(404, "DeploymentNotFound", "Deployment '{name}' could not be found."),
    }
)


@PROVIDER.operation(
    *("Deployments_CreateOrUpdate", "Deployments_CreateOrUpdateAtSubscriptionScope"),
    *("Deployments_Validate", "Deployments_ValidateAtSubscriptionScope"),
    *("Deployments_WhatIf", "Deployments_WhatIfAtSubscriptionScope", "ResourceGroups_ExportTemplate"),
)
def refuse_templates(call: ArmCall) -> Answer:
    """Nothing is deployed, checked or exported."""
    if call.id.resource_group:
        group_of(call)
    check_subscription(call)
    raise TemplatesNotRun


@PROVIDER.operation("Deployments_Get", "Deployments_GetAtSubscriptionScope")
def get_deployment(call: ArmCall) -> Answer:
    """There is none."""
    check_subscription(call)
    raise DeploymentNotFound(call.parameters["deploymentName"])


@PROVIDER.operation("Deployments_ListByResourceGroup", "Deployments_ListAtSubscriptionScope")
def list_deployments(call: ArmCall) -> Answer:
    """None."""
    if call.id.resource_group:
        group_of(call)
    check_subscription(call)
    return Answer(200, {"value": []})
