"""Queues and tables of a storage account. ARM keeps and shows them; no messages and no entities are behind them."""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.microsoft_storage.children import Child, serve
from batchlocal.store.resources import Resource

__all__: list[str] = []

_ALPHANUMERIC = "3 to 63 letters and digits, the first of them a letter"


def _name_table(_: ArmCall, table: Resource, __: object) -> None:
    table.body["properties"]["tableName"] = table.name


serve(
    Child(
        "queueServices/default/queues",
        "Queue",
        "queueName",
        "queue",
        missing="QueueNotFound",
        name="[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]",
        names="3 to 63 lower-case letters, digits and single hyphens",  # "Naming Queues and Metadata"
        deleted=204,
    )
)
serve(
    Child(
        "tableServices/default/tables",
        "Table",
        "tableName",
        "table",
        missing="TableNotFound",
        name="(?i:(?!tables$)[a-z][a-z0-9]{2,62})",
        names=f"{_ALPHANUMERIC}, and not 'tables'",  # "Understanding the Table service data model"
        deleted=204,
        complete=_name_table,
    )
)
