"""What can be asked for, as types: the settings' documentation, JSON schema and checks are all made from them."""

from infra.model.access import Grant
from infra.model.account import Account
from infra.model.application import Application, Package
from infra.model.environment import Environment
from infra.model.image import Image
from infra.model.monitoring import Monitoring
from infra.model.network import Network
from infra.model.pool import PackageReference, Pool
from infra.model.scale import Autoscale, Nodes
from infra.model.start_task import StartTask
from infra.model.storage import LifecycleRule, Storage

__all__ = [
    "Account",
    "Application",
    "Autoscale",
    "Environment",
    "Grant",
    "Image",
    "LifecycleRule",
    "Monitoring",
    "Network",
    "Nodes",
    "Package",
    "PackageReference",
    "Pool",
    "StartTask",
    "Storage",
]
