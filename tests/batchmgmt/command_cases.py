"""Every command that calls Azure, with arguments that work: what the tests on faults and on secrets run.

``NAME`` in a case's arguments is one that no other run used; ``make`` brings about what the command needs, and ``done``
says whether what it should leave is there, once, however often it had to be begun.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from azure.mgmt.batch.models import Pool
from typer.main import get_command

from batchmgmt import Account, BatchManagement
from batchmgmt.arm import account_id
from batchmgmt.cli.app import application
from tests.support.waiting import until

IMAGE = {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts"}


class Place(NamedTuple):
    """Where a command runs: an account, a name of its own, a folder of its own."""

    account: Account
    name: str
    folder: Path


def nothing(_place: Place) -> None:
    """For commands that only read."""


def always(_place: Place) -> bool:
    """For commands that only read."""
    return True


class Case(NamedTuple):
    """A command's arguments; ``named``: whether it takes -g and -n."""

    arguments: str
    make: Callable[[Place], object] = nothing
    done: Callable[[Place], bool] = always
    named: bool = True

    def words(self, place: Place) -> list[str]:
        """The command line in that place."""
        words = {"NAME": place.name, "FOLDER": str(place.folder / "tool"), "FILE": str(place.folder / "file.env")}
        words["STORAGE"] = f"{place.account.name}st"
        named = ["-g", place.account.resource_group, "-n", place.account.name] if self.named else []
        if "CONNECTION" in self.arguments:
            words["CONNECTION"] = connections(place)[0]
        return [*(words.get(each, each) for each in self.arguments.split()), *named]


def pool_definition(nodes: int) -> Pool:
    virtual_machine = {"imageReference": IMAGE, "nodeAgentSkuId": "batch.node.ubuntu 22.04"}
    return Pool(
        {
            "properties": {
                "vmSize": "STANDARD_D2_V3",
                "deploymentConfiguration": {"virtualMachineConfiguration": virtual_machine},
                "scaleSettings": {"fixedScale": {"targetDedicatedNodes": nodes}},
            }
        }
    )


def make_pool(place: Place) -> None:
    place.account.pools.create(place.name, pool_definition(0))
    place.account.pools.wait_steady(place.name, timeout=60)


def has_a_node(place: Place) -> bool:
    scale: Any = place.account.pools.get(place.name).properties.scale_settings  # type: ignore[union-attr]
    return scale.fixed_scale.target_dedicated_nodes == 1


def make_application(place: Place) -> None:
    place.account.applications.create(place.name)


def make_package(place: Place) -> None:
    make_application(place)
    place.account.packages.publish(place.name, "1.0", folder(place))


def folder(place: Place) -> Path:
    made = place.folder / "tool"
    made.mkdir(exist_ok=True)
    (made / "data").write_text(place.name)
    return made


def applications(place: Place) -> list[str]:
    return [str(each.name) for each in place.account.applications.list()]


def displayed(place: Place) -> bool:
    properties = place.account.applications.get(place.name).properties
    return properties is not None and properties.display_name == place.name


def uploaded(place: Place) -> bool:
    found = place.account.packages.find(place.name, "1.0")
    return found is not None and found.state == "Active" and len(place.account.packages.list(place.name)) == 1


def has_no_package(place: Place) -> bool:
    return place.account.packages.list(place.name) == []


def make_file(place: Place) -> None:
    """A hand-off with the primary key, and for ``done`` a note of what the key was."""
    text = place.account.endpoint().export("dotenv")
    (place.folder / "file.env").write_text(text)
    (place.folder / "before").write_text(place.account.keys.list().primary.reveal())


def rotated(place: Place) -> bool:
    keys, before = place.account.keys.list(), (place.folder / "before").read_text()
    moved = (place.folder / "file.env").read_text()
    return keys.primary.reveal() != before and keys.secondary.reveal() in moved and before not in moved


def regenerated(place: Place) -> bool:
    return place.account.keys.list().primary.reveal() != (place.folder / "before").read_text()


def make_account(place: Place) -> None:
    management = place.account.management
    management.sdk.batch_account.begin_create(
        place.account.resource_group, place.name, {"location": "westeurope"}
    ).result()


def account_there(place: Place) -> bool:
    found: Any = place.account.management.account(place.account.resource_group, place.name).get()
    return bool(found.properties.provisioning_state == "Succeeded")


def account_gone(place: Place) -> bool:
    return place.name not in [
        each.name for each in place.account.management.accounts.list(place.account.resource_group)
    ]


BUSY: dict[str, threading.Event] = {}


def make_busy(place: Place) -> None:
    """Somebody lists keys again and again, for ``activity follow`` to see."""
    quiet = BUSY[place.name] = threading.Event()

    def busy() -> None:
        while not quiet.wait(0.3):
            place.account.keys.list()

    threading.Thread(target=busy, daemon=True).start()


def make_quiet(place: Place) -> bool:
    BUSY.pop(place.name).set()
    return True


def make_storage_note(place: Place) -> None:
    (place.folder / "before").write_text(storage_key(place))


def storage_key(place: Place) -> str:
    storage = place.account.management.storage_sdk.storage_accounts
    keys = storage.list_keys(place.account.resource_group, f"{place.account.name}st").keys_property
    return str(keys[0].value)  # type: ignore[index]


def put(management: BatchManagement, path: str, body: dict[str, Any], version: str) -> None:
    """PUT a resource of ARM, by its path below the subscription, and wait until it is there."""
    url = f"{management.cloud.arm}/subscriptions/{management.subscription_id}{path}?api-version={version}"
    token = management.credential.get_token(management.cloud.arm_scope).token
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        client.put(url, json=body).raise_for_status()
        until(lambda: client.get(url).json()["properties"].get("provisioningState") in (None, "Succeeded"))


def make_connection(place: Place) -> None:
    """A private endpoint that asks to be let in to the account."""
    management, group = place.account.management, place.account.resource_group
    network = f"/resourceGroups/{group}/providers/Microsoft.Network"
    subnets = [{"name": "inside", "properties": {"addressPrefix": "10.0.0.0/16"}}]
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}
    where = {"location": "westeurope"}
    put(management, f"{network}/virtualNetworks/net", {**where, "properties": space}, "2024-05-01")
    subscription = f"/subscriptions/{management.subscription_id}"
    account = account_id(management.subscription_id, group, place.account.name)
    asked = {"privateLinkServiceId": account, "groupIds": ["batchAccount"], "requestMessage": "please"}
    properties = {
        "subnet": {"id": f"{subscription}{network}/virtualNetworks/net/subnets/inside"},
        "manualPrivateLinkServiceConnections": [{"name": "door", "properties": asked}],
    }
    put(management, f"{network}/privateEndpoints/{place.name}", {**where, "properties": properties}, "2024-05-01")


def connections(place: Place) -> list[str]:
    """The account's connections from the place's private endpoint."""
    found = [str(each.name) for each in place.account.private_endpoint_connections.list()]
    return [name for name in found if name.startswith(f"{place.name}.")]


def stands(status: str) -> Callable[[Place], bool]:
    def done(place: Place) -> bool:
        found: Any = place.account.private_endpoint_connections.get(connections(place)[0]).properties
        return bool(found.private_link_service_connection_state.status == status)

    return done


CASES = {
    "endpoint show": Case("--details"),
    "endpoint storage": Case("--container NAME --ttl 900"),
    "account create": Case("-g batchmgmt-tests -n NAME -l westeurope", done=account_there, named=False),
    "account list": Case("", named=False),
    "account show": Case(""),
    "account link-storage": Case("--storage-account STORAGE"),
    "account detectors": Case("poolsAndNodes"),
    "account outbound-endpoints": Case(""),
    "account delete": Case("-g batchmgmt-tests -n NAME --yes", make_account, account_gone, named=False),
    "keys list": Case(""),
    "keys regenerate": Case("primary --yes", make_file, regenerated),
    "keys rotate": Case("--file FILE", make_file, rotated),
    "keys rotate --storage": Case(
        "", make_storage_note, lambda place: storage_key(place) != (place.folder / "before").read_text()
    ),
    "keys sync-storage": Case(""),
    "pool list": Case(""),
    "pool show": Case("NAME", make_pool),
    "pool resize": Case("NAME --dedicated 1 --no-wait", make_pool, has_a_node),
    "pool drain": Case("NAME --yes", make_pool),
    "pool wait": Case("NAME", make_pool),
    "pool stop-resize": Case("NAME", make_pool),
    "pool delete": Case("NAME --yes", make_pool, lambda place: place.name not in pools(place)),
    "application list": Case(""),
    "application show": Case("NAME", make_application),
    "application create": Case("NAME", done=lambda place: place.name in applications(place)),
    "application set": Case("NAME --display-name NAME", make_application, displayed),
    "application delete": Case("NAME --yes", make_application, lambda place: place.name not in applications(place)),
    "package upload": Case("FOLDER -a NAME -v 1.0 --default", folder, uploaded),
    "package list": Case("-a NAME", make_application),
    "package show": Case("-a NAME -v 1.0", make_package),
    "package prune": Case("-a NAME", make_package, has_no_package),
    "package delete": Case("-a NAME -v 1.0 --yes", make_package, has_no_package),
    "location quota": Case(""),
    "location skus": Case(""),
    "location images": Case(""),
    "location check-name": Case("NAME --location westeurope", named=False),
    "activity list": Case(""),
    "activity follow": Case("--count 1 --interval 0.2", make_busy, make_quiet),
    "private-endpoint-connection list": Case(""),
    "private-endpoint-connection show": Case("CONNECTION", make_connection),
    "private-endpoint-connection approve": Case("CONNECTION", make_connection, stands("Approved")),
    "private-endpoint-connection reject": Case("CONNECTION", make_connection, stands("Rejected")),
    "private-endpoint-connection delete": Case(
        "CONNECTION --yes", make_connection, lambda place: not connections(place)
    ),
}
NO_CALLS = {"pool autoscale check", "pool autoscale simulate"}
"""Commands that ask nothing of Azure."""


def covered() -> set[str]:
    """The commands of the table; one that has variants stands there with an option, too."""
    return {" ".join(word for word in each.split() if not word.startswith("-")) for each in CASES}


def pools(place: Place) -> list[str]:
    return [str(each.name) for each in place.account.pools.list()]


def commands() -> dict[str, Any]:
    """Every command by the words that call it."""

    def below(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
        if not hasattr(command, "commands"):
            yield " ".join(names), command
        for name, each in getattr(command, "commands", {}).items():
            yield from below(each, (*names, name))

    return dict(below(get_command(application())))
