"""Components as another Pulumi program uses them, and what pools and accounts become."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pulumi.runtime import rpc
from pulumi_azure_native import batch

from infra.components import (
    Access,
    BatchAccount,
    BatchApplication,
    BatchEnvironment,
    BatchMonitoring,
    BatchNetwork,
    BatchPool,
    LinkedStorage,
    Locks,
    PrivateEndpoints,
)
from infra.formulas import formula_of
from infra.model import (
    Account,
    Application,
    Autoscale,
    Environment,
    Grant,
    Monitoring,
    Network,
    Nodes,
    Package,
    PackageReference,
    Pool,
    Storage,
    machine,
    node_settings,
    start_task,
)
from infra.model import image as image_model
from tests.infra.mocked import ROOT, Deploy


def environment(**changed: Any) -> Environment:
    given = {"location": "westeurope", "resource_group": "render", "account": Account(name="renderbatch"), **changed}
    return Environment(**given)


def test_another_program_makes_an_environment_from_typed_settings(deploy: Deploy) -> None:
    wanted = environment(pools=(Pool(name="main", nodes=Nodes(spot=4)),))
    recorder = deploy(program=lambda: BatchEnvironment("render", wanted, root=ROOT)).recorder
    pool = recorder.one("native:batch:Pool")
    assert pool["scaleSettings"]["fixedScale"]["targetLowPriorityNodes"] == 4
    assert pool["accountName"] == "renderbatch"
    assert recorder.of(":StorageAccount") == []


def test_a_pool_refers_to_a_package_by_version_or_leaves_it_to_the_default(deploy: Deploy) -> None:
    application = Application(name="App", packages=(Package(version="1.0", source="examples/fractal"),))
    pools = (
        Pool(name="named", packages=(PackageReference(application="app", version="1.0"),)),
        Pool(name="default", packages=(PackageReference(application="APP"),)),
    )
    wanted = environment(storage=Storage(name="renderstore"), applications=(application,), pools=pools)
    recorder = deploy(program=lambda: BatchEnvironment("render", wanted, root=ROOT)).recorder
    default, named = (one.inputs["applicationPackages"][0] for one in recorder.of("native:batch:Pool"))
    assert named["version"] == "1.0"
    assert "version" not in default


def test_passwords_go_to_azure_as_secrets(deploy: Deploy) -> None:
    pool = Pool.model_validate({"name": "main", "userAccounts": [{"name": "u", "password": "hunter2"}]})
    wanted = environment(pools=(pool,))
    recorder = deploy(program=lambda: BatchEnvironment("render", wanted, root=ROOT)).recorder
    users = recorder.one("native:batch:Pool")["userAccounts"]
    assert users[rpc._special_sig_key] == rpc._special_secret_sig
    assert users["value"] == [{"name": "u", "password": "hunter2"}]


@pytest.mark.parametrize("spot", [False, True])
def test_a_ready_formula_keeps_its_bounds_and_asks_for_one_kind_of_node(spot: bool) -> None:
    text = formula_of(Autoscale(formula="pendingTasks", minimum=2, maximum=9, spot=spot), task_slots=4)
    wanted, other = ("LowPriority", "Dedicated") if spot else ("Dedicated", "LowPriority")
    assert f"$Target{wanted}Nodes = max(2, min(9, $nodes));" in text
    assert f"$Target{other}Nodes = 0;" in text
    assert "($tasks + 3) / 4" in text


def test_a_formula_of_ones_own_is_passed_on_as_it_is() -> None:
    assert formula_of(Autoscale(formula="$TargetDedicatedNodes = 1;"), task_slots=1) == "$TargetDedicatedNodes = 1;"


GROUP: dict[str, Any] = {"resource_group_name": "render", "location": "westeurope"}
ACCOUNT_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a"


def an_account() -> BatchAccount:
    return BatchAccount("account", Account(name="renderbatch"), **GROUP)


def by_itself() -> dict[str, Any]:
    """Every component as a program of its own declares it, by the type of resource that shows it."""
    network = Network(private_endpoints=("batchAccount",))
    application = Application(name="app", packages=(Package(version="1.0", source="examples/fractal"),))
    grant = Grant(principal="11111111-1111-1111-1111-111111111111", roles=("batchJobSubmitter",))
    return {
        "native:batch:BatchAccount": an_account,
        "storage:StorageAccount": lambda: LinkedStorage("storage", Storage(name="renderstore"), **GROUP),
        "native:batch:Application": lambda: BatchApplication(
            "app", application, resource_group_name="render", account=an_account(), root=ROOT
        ),
        "native:batch:Pool": lambda: BatchPool(
            "pool", Pool(name="main"), resource_group_name="render", account=an_account()
        ),
        "network:VirtualNetwork": lambda: BatchNetwork("network", network, **GROUP),
        "network:PrivateEndpoint": lambda: PrivateEndpoints(
            "endpoint", {"batchAccount": ACCOUNT_ID}, place=BatchNetwork("network", network, **GROUP), **GROUP
        ),
        "monitor:DiagnosticSetting": lambda: BatchMonitoring("watch", Monitoring(), account=an_account(), **GROUP),
        "authorization:RoleAssignment": lambda: Access("access", [grant], scopes={"account": ACCOUNT_ID}),
        "authorization:ManagementLockByScope": lambda: Locks("lock", {"account": ACCOUNT_ID}, after=[]),
    }


@pytest.mark.parametrize("kind", by_itself())
def test_a_component_stands_by_itself_with_its_resources_under_it(deploy: Deploy, kind: str) -> None:
    recorder = deploy(program=by_itself()[kind]).recorder
    assert recorder.of(kind)
    components = {one.typ for one in recorder.resources if one.typ.startswith("batchenv:")}
    assert components <= {f"batchenv:index:{name}" for name in COMPONENTS}


COMPONENTS = ("Access", "BatchAccount", "BatchApplication", "BatchMonitoring", "BatchNetwork", "BatchPool",
              "LinkedStorage", "Locks", "PrivateEndpoints")  # fmt: skip


def test_every_property_of_a_pool_that_azure_takes_can_be_set() -> None:
    from infra.components.pool import lasting

    parameters = inspect.signature(batch.Pool._internal_init).parameters
    place = {"__self__", "__props__", "resource_name", "opts", "account_name", "pool_name", "resource_group_name"}
    apart = {"application_packages", "identity", "metadata", "scale_settings", "start_task"}
    retired = {"certificates"}  # Batch retired them in 2024; secrets come from Key Vault by an extension
    assert set(parameters) - place == {*lasting(Pool(name="main")), *apart, *retired}


API = {
    **{name: f"{name}Args" for name in ("StartTask", "UserAccount", "ContainerRegistry", "ResourceFile", "DataDisk")},
    "VirtualMachine": "VirtualMachineConfigurationArgs",
    "PoolNetwork": "NetworkConfigurationArgs",
    "Upgrade": "UpgradePolicyArgs",
    "OsUpgrade": "AutomaticOSUpgradePolicyArgs",
    "RollingUpgrade": "RollingUpgradePolicyArgs",
    "LinuxUser": "LinuxUserConfigurationArgs",
    "WindowsUser": "WindowsUserConfigurationArgs",
    "BlobMount": "AzureBlobFileSystemConfigurationArgs",
    "FileShareMount": "AzureFileShareConfigurationArgs",
    "NfsMount": "NFSMountConfigurationArgs",
    "CifsMount": "CIFSMountConfigurationArgs",
    "Mount": "MountConfigurationArgs",
    "OsDisk": "OSDiskArgs",
    "ManagedDisk": "ManagedDiskArgs",
    "Security": "SecurityProfileArgs",
    "Uefi": "UefiSettingsArgs",
    "Extension": "VMExtensionArgs",
    "Containers": "ContainerConfigurationArgs",
    "Image": "ImageReferenceArgs",
    "TaskContainer": "TaskContainerSettingsArgs",
    "UserIdentity": "UserIdentityArgs",
    "AutoUser": "AutoUserSpecificationArgs",
    "InboundNatPool": "InboundNatPoolArgs",
    "SecurityRule": "NetworkSecurityGroupRuleArgs",
    "PublicIp": "PublicIPAddressConfigurationArgs",
    "BindMount": "ContainerHostBatchBindMountEntryArgs",
    "NodePlacement": "NodePlacementConfigurationArgs",
    "DiskEncryption": "DiskEncryptionConfigurationArgs",
    "EnvironmentSetting": "EnvironmentSettingArgs",
    "DiskSecurity": "VMDiskSecurityProfileArgs",
    "Endpoints": "PoolEndpointConfigurationArgs",
}


PARTS = (image_model, machine, node_settings, start_task)


def _made_in(module: Any, name: str) -> bool:
    return bool(getattr(module, name).__module__ == module.__name__)


@pytest.mark.parametrize(("ours", "theirs"), API.items())
def test_every_part_of_a_pool_has_all_that_azure_takes(ours: str, theirs: str) -> None:
    taken = set(inspect.signature(getattr(batch, theirs).__init__).parameters) - {"__self__"}
    image = {"image_reference", "node_agent_sku_id", "node_agent"}  # Pool.image stands for them
    [model] = [getattr(module, ours) for module in PARTS if hasattr(module, ours) and _made_in(module, ours)]
    assert set(model.model_fields) - image == taken - image
