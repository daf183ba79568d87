"""Images of nodes: a ready one by name, or any other with its node agent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from infra.model.base import ArmId, Fault, Model, Spelled, rule

__all__ = ["IMAGES", "Image", "ImageName"]


class Image(Model):
    """A marketplace image, or an image of one's own by id, with the node agent that fits it."""

    publisher: str | None = None
    """Publisher of a marketplace image."""
    offer: str | None = None
    """Its offer."""
    sku: str | None = None
    """Its sku."""
    version: str | None = None
    """Its version; not set: latest."""
    id: ArmId | None = None
    """An Azure Compute Gallery image instead."""
    shared_gallery_image_id: str | None = None
    """A shared gallery image instead."""
    community_gallery_image_id: str | None = None
    """A community gallery image instead."""
    node_agent: Annotated[str, Spelled(r"^batch\.node\..+$", "a node agent, such as batch.node.ubuntu 22.04")]
    """The node agent sku that goes with the image (``batchmgmt location images`` lists them)."""

    @rule
    def _one_kind(self) -> Iterator[Fault]:
        marketplace = (self.publisher, self.offer, self.sku)
        others = (self.id, self.shared_gallery_image_id, self.community_gallery_image_id)
        given = sum(other is not None for other in others)
        if any(marketplace) and not all(marketplace):
            yield "publisher", "needs offer and sku, and they it"
        if given + any(marketplace) != 1:
            yield "id", "or publisher, offer and sku: an image is named in exactly one way"


def _marketplace(publisher: str, offer: str, sku: str, node_agent: str) -> Image:
    return Image(publisher=publisher, offer=offer, sku=sku, node_agent=node_agent)


# Source: Location_ListSupportedImages (verified images), as documented for Batch in 2025.
IMAGES: Final[dict[str, Image]] = {
    "ubuntu-22.04": _marketplace("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04"),
    "ubuntu-24.04": _marketplace("canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04"),
    "ubuntu-22.04-containers": _marketplace("microsoft-dsvm", "ubuntu-hpc", "2204", "batch.node.ubuntu 22.04"),
    "windows-2022": _marketplace(
        "microsoftwindowsserver", "windowsserver", "2022-datacenter-smalldisk", "batch.node.windows amd64"
    ),
}

ImageName = Literal["ubuntu-22.04", "ubuntu-24.04", "ubuntu-22.04-containers", "windows-2022"]
