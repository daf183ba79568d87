"""The parts of a Batch environment, usable from any Pulumi program in Python."""

from infra.components.access import Access, Locks
from infra.components.account import BatchAccount
from infra.components.application import BatchApplication
from infra.components.environment import BatchEnvironment
from infra.components.monitoring import BatchMonitoring
from infra.components.network import BatchNetwork, PrivateEndpoints
from infra.components.pool import BatchPool
from infra.components.storage import LinkedStorage

__all__ = [
    "Access",
    "BatchAccount",
    "BatchApplication",
    "BatchEnvironment",
    "BatchMonitoring",
    "BatchNetwork",
    "BatchPool",
    "LinkedStorage",
    "Locks",
    "PrivateEndpoints",
]
