"""The commands of the README as a newcomer types them, in a copy of this checkout.

The copy shares installed packages with the checkout; that they install from nothing is for `make setup` to show.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout, complaint, succeeded

OUTPUTS = {
    *("resourceGroup", "subscriptionId", "batchAccount", "batchAccountId", "batchEndpoint", "location"),
    *("storageAccount", "storageBlobEndpoint", "pools", "applications", "portalUrl"),
}


def test_a_newcomers_first_hour(checkout: Checkout) -> None:
    """One story, because each command builds on the one before: up, up, demo, demo without nodes, down, down."""
    planned = succeeded(checkout.make("preview"))
    assert re.search(r"\+ \d+ to create", planned)
    assert "unchanged" not in planned
    assert "no stack" in complaint(checkout.ask_for_outputs())

    first = succeeded(checkout.make("up"))
    assert "make demo" in first
    outputs = checkout.outputs()
    assert set(outputs) >= OUTPUTS
    assert outputs["pools"] == ["main"]
    assert str(outputs["batchEndpoint"]).startswith("https://localhost:")
    nodes = (
        "from batchmgmt import BatchManagement\n"
        "with BatchManagement.from_env() as management:\n"
        "    client = management.endpoint(stack='local').client()\n"
        "    nodes = list(client.list_nodes('main'))\n"
    )
    assert "idle" in checkout.run_python(nodes + "    print(*(node.state.value for node in nodes))").split()

    assert re.search(r"\d+ unchanged", succeeded(checkout.make("preview", "PREVIEW=--refresh --expect-no-changes")))
    second = succeeded(checkout.make("up"))
    assert re.search(r"\d+ unchanged", second)
    assert not re.search(r"\d+ (created|updated|deleted|replaced)", second)

    last_line = succeeded(checkout.make("demo")).strip().splitlines()[-1]
    assert re.match(r"64 tasks on \d+ nodes? in [\d.]+ s: .*\.png$", last_line)
    assert (checkout.root / "out" / "fractal.png").read_bytes().startswith(b"\x89PNG")

    checkout.run_python(
        "from azure.batch.models import BatchNodeDisableSchedulingOptions as Options\n"
        + nodes
        + "    for node in nodes:\n"
        + "        client.disable_node_scheduling('main', node.id, Options(node_disable_scheduling_option='requeue'))"
    )
    assert "scheduling" in complaint(checkout.make("demo"))

    assert re.search(r"\d+ deleted", succeeded(checkout.make("down")))
    assert not checkout.is_running()
    assert "not running" in succeeded(checkout.make("down"))


def test_an_unknown_stack_is_refused_with_the_known_ones(checkout: Checkout) -> None:
    assert "there is no stack 'nosuch': STACK is one of" in complaint(checkout.make("up", "STACK=nosuch"))


def test_an_unknown_engine_is_refused_with_the_choices(checkout: Checkout) -> None:
    assert "auto, pulumi or embedded" in complaint(checkout.make("up", "ENGINE=terraform"))


@pytest.mark.parametrize("target", ["up", "preview"])
def test_a_stack_for_azure_never_starts_batchlocal(checkout: Checkout, target: str) -> None:
    checkout.batchlocal("stop")
    (checkout.root / "stacks" / "Pulumi.cloud.yaml").write_text("config:\n  batchenv:location: westeurope\n")
    without_pulumi = os.pathsep.join(
        folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "pulumi").exists()
    )
    said = complaint(checkout.make(target, "STACK=cloud", PATH=without_pulumi))
    assert "goes to Azure" in said
    assert "TARGET=batchlocal" in said
    assert not checkout.is_running()


def test_make_down_takes_no_azure_stack_down(checkout: Checkout) -> None:
    (checkout.root / "stacks" / "Pulumi.cloud.yaml").write_text("config:\n  batchenv:target: azure\n")
    said = complaint(checkout.make("down", "STACK=cloud", "ENGINE=embedded"))
    assert "pulumi destroy --stack cloud" in said


def test_a_mistyped_target_is_refused(checkout: Checkout) -> None:
    (checkout.root / "stacks" / "Pulumi.odd.yaml").write_text("config:\n  batchenv:target: batchlcoal\n")
    assert "must be azure or batchlocal" in complaint(checkout.make("up", "STACK=odd"))


def test_an_unknown_setting_stops_before_anything_is_made(checkout: Checkout) -> None:
    settings = (checkout.root / "stacks" / "Pulumi.local.yaml").read_text()
    (checkout.root / "stacks" / "Pulumi.typo.yaml").write_text(settings + "  batchenv:colour: blue\n")
    said = complaint(checkout.make("up", "STACK=typo"))
    assert "colour" in said
    assert "ResourceGroup" not in said


def test_a_taken_port_is_named(checkout: Checkout) -> None:
    checkout.batchlocal("start", "--detach")
    checkout.batchlocal("stop")
    port = int(checkout.client_environment()["ARM_METADATA_HOSTNAME"].rpartition(":")[2])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert f"port {port}" in complaint(checkout.make("up"))


def test_a_wrong_passphrase_is_named(checkout: Checkout) -> None:
    succeeded(checkout.make("up"))
    passphrase = Path(checkout.client_environment()["PULUMI_CONFIG_PASSPHRASE_FILE"])
    right = passphrase.read_text()
    passphrase.write_text("not the one")
    try:
        assert "passphrase" in complaint(checkout.make("up"))
    finally:
        passphrase.write_text(right)
    succeeded(checkout.make("down"))
