"""Marketplace images that pools are made of, and the node agent that each needs.

Sources: the article batch-linux-nodes, and the images that recorded pools and lists of supported images name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["IMAGES", "PUBLISHERS", "Image", "named", "no_containers", "runs_containers"]


class Image(NamedTuple):
    """One image in its newest version; ``system`` is linux or windows."""

    agent: str
    publisher: str
    offer: str
    sku: str
    system: str


IMAGES: Final = (
    Image("batch.node.ubuntu 22.04", "canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "linux"),
    Image("batch.node.ubuntu 20.04", "canonical", "0001-com-ubuntu-server-focal", "20_04-lts", "linux"),
    Image("batch.node.ubuntu 24.04", "canonical", "ubuntu-24_04-lts", "server", "linux"),
    Image("batch.node.debian 12", "debian", "debian-12", "12-gen2", "linux"),
    Image("batch.node.el 9", "almalinux", "almalinux-x86_64", "9-gen2", "linux"),
    Image("batch.node.ubuntu 22.04", "microsoft-dsvm", "ubuntu-hpc", "2204", "linux"),
    Image("batch.node.windows amd64", "microsoftwindowsserver", "windowsserver", "2022-datacenter", "windows"),
    Image("batch.node.windows amd64", "microsoftwindowsserver", "windowsserver", "2019-datacenter", "windows"),
)
"""What is listed as supported."""

PUBLISHERS: Final = frozenset(
    {image.publisher for image in IMAGES}
    | {"credativ", "microsoft-ads", "microsoft-azure-batch", "microsoftcblmariner", "microsoftwindowsdesktop"}
    | {"batch", "erockyenterprisesoftwarefoundationinc1653071250513", "openlogic", "oracle", "redhat", "resf", "suse"}
)
"""Whose images are taken. Azure keeps a list of images, which changes by the month; here the publisher decides."""

_WITHOUT_CONTAINERS: Final = frozenset({("canonical", "ubuntuserver")})
"""Offers that Azure is known to refuse containers on (tests of its Java library); which others it refuses changes by
the month, and its own example of a pool for containers has an image of Canonical's."""


def runs_containers(reference: Mapping[str, str]) -> bool:
    """Whether a pool of the marketplace image may have a containerConfiguration; by its ``imageReference``."""
    return (reference.get("publisher", "").lower(), reference.get("offer", "").lower()) not in _WITHOUT_CONTAINERS


def no_containers(reference: Mapping[str, str]) -> str:
    """What the service says of an image on which containers do not run (Microsoft's tests of Java's azure-batch)."""
    return f"The specified imageReference with {named(reference)} does not support container feature."


def named(reference: Mapping[str, str]) -> str:
    """A marketplace image as the service's messages name it."""
    return "publisher {publisher} offer {offer} sku {sku}".format_map(defaultdict(str, reference))
