"""Logs, metrics and alerts of a Batch account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from infra.components.account import BatchAccount
from infra.model import Monitoring

__all__ = ["BatchMonitoring"]

# PoolResizeCompleteEvent of the ServiceLog category; resultCode is Success or what stood in the way.
RESIZE_ERRORS: Final = """AzureDiagnostics
| where ResourceProvider == "MICROSOFT.BATCH" and OperationName == "PoolResizeCompleteEvent"
| where resultCode_s != "Success" """.rstrip()


class _MetricRule(NamedTuple):
    """An alert on one metric of the account."""

    name: str
    metric: str
    aggregation: str
    threshold: int
    description: str


class BatchMonitoring(pulumi.ComponentResource):
    """Diagnostic settings to a workspace, and alerts to people.

    Attributes:
        workspace_id: ARM id of the Log Analytics workspace.
    """

    workspace_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: Monitoring,
        *,
        account: BatchAccount,
        resource_group_name: pulumi.Input[str],
        location: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("batchenv:index:BatchMonitoring", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._group, self._location, self._account = resource_group_name, location, account
        self.workspace_id = self._workspace(name, settings)
        monitor.DiagnosticSetting(
            name,
            name="environment",
            resource_uri=account.account_id,
            workspace_id=self.workspace_id,
            logs=[{"category_group": "allLogs", "enabled": True}],
            metrics=[{"category": "AllMetrics", "enabled": True}],
            opts=self._child,
        )
        receivers = self._receivers(name, settings)
        for rule in _metric_rules(settings):
            self._metric_alert(f"{name}-{rule.name}", rule, receivers)
        if settings.resize_errors:
            self._resize_alert(f"{name}-resize-errors", receivers)
        self.register_outputs({"workspaceId": self.workspace_id})

    def _workspace(self, name: str, settings: Monitoring) -> pulumi.Output[str]:
        if settings.workspace is not None:
            return pulumi.Output.from_input(settings.workspace)
        return operationalinsights.Workspace(
            name,
            workspace_name=f"{name}-logs",
            resource_group_name=self._group,
            location=self._location,
            sku={"name": operationalinsights.WorkspaceSkuNameEnum.PER_GB2018},
            retention_in_days=settings.retention_days,
            opts=self._child,
        ).id

    def _receivers(self, name: str, settings: Monitoring) -> pulumi.Output[str] | None:
        if not settings.notify:
            return None
        return monitor.ActionGroup(
            name,
            action_group_name=f"{name}-people",
            group_short_name="batch",
            resource_group_name=self._group,
            location="Global",
            enabled=True,
            email_receivers=[
                {"name": address, "email_address": address, "use_common_alert_schema": True}
                for address in settings.notify
            ],
            opts=self._child,
        ).id

    def _metric_alert(self, name: str, rule: _MetricRule, receivers: pulumi.Output[str] | None) -> None:
        monitor.MetricAlert(
            name,
            rule_name=name,
            resource_group_name=self._group,
            location="Global",
            description=rule.description,
            enabled=True,
            severity=2,
            scopes=[self._account.account_id],
            evaluation_frequency="PT5M",
            window_size="PT15M",
            # As objects: inside a union of types the SDK does not translate the keys of dicts.
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                all_of=[
                    monitor.MetricCriteriaArgs(
                        criterion_type="StaticThresholdCriterion",
                        name=rule.name,
                        metric_name=rule.metric,
                        operator=monitor.Operator.GREATER_THAN,
                        threshold=rule.threshold,
                        time_aggregation=rule.aggregation,
                    )
                ],
            ),
            actions=[{"action_group_id": receivers}] if receivers else None,
            opts=self._child,
        )

    def _resize_alert(self, name: str, receivers: pulumi.Output[str] | None) -> None:
        monitor.ScheduledQueryRule(
            name,
            rule_name=name,
            resource_group_name=self._group,
            location=self._location,
            description="A pool's resize ended with an error.",
            enabled=True,
            severity=2,
            scopes=[self.workspace_id],
            evaluation_frequency="PT15M",
            window_size="PT15M",
            # The table is there only after the first event.
            skip_query_validation=True,
            criteria={
                "all_of": [
                    {
                        "query": RESIZE_ERRORS,
                        "time_aggregation": monitor.TimeAggregation.COUNT,
                        "operator": monitor.ConditionOperator.GREATER_THAN,
                        "threshold": 0,
                    }
                ]
            },
            actions={"action_groups": [receivers]} if receivers else None,
            opts=self._child,
        )


def _metric_rules(settings: Monitoring) -> Iterator[_MetricRule]:
    if settings.failed_tasks is not None:
        yield _MetricRule("failed-tasks", "TaskFailEvent", "Total", settings.failed_tasks, "Tasks failed.")
    if settings.unusable_nodes is not None:
        nodes = settings.unusable_nodes
        yield _MetricRule("unusable-nodes", "UnusableNodeCount", "Maximum", nodes, "Nodes are unusable.")
        yield _MetricRule(
            "start-task-failed", "StartTaskFailedNodeCount", "Maximum", nodes, "Nodes failed their start task."
        )
    if settings.cores is not None:
        yield _MetricRule("cores", "CoreCount", "Maximum", settings.cores, "The core quota is nearly used up.")
