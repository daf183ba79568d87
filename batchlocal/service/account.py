"""What the service says about the account as a whole: images that pools may use."""

from __future__ import annotations

from typing import Any

from batchlocal.domain.images import IMAGES, Image
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of
from batchlocal.service.call import ServiceCall
from batchlocal.service.registry import handles

__all__: list[str] = []


@handles("Account_ListSupportedImages")
def list_images(call: ServiceCall) -> Answer:
    """The images that pools may be made of, with the node agent that each needs."""
    found = [(f"{number:02}", image) for number, image in enumerate(IMAGES)]
    return page_of(call, "supportedimages", found, lambda one: one[0], lambda one: _image(one[1]))


@handles("Account_ListNodeAgentSkus")
def list_node_agents(call: ServiceCall) -> Answer:
    """The same by node agent, as it was before 2019-06-01.9.0 (azure-batch 6)."""
    agents = sorted({image.agent for image in IMAGES})
    return page_of(call, "nodeagentskus", agents, lambda agent: agent, _node_agent)


def _node_agent(agent: str) -> dict[str, Any]:
    images = [image for image in IMAGES if image.agent == agent]
    references = [_image(image)["imageReference"] for image in images]
    return {"id": agent, "verifiedImageReferences": references, "osType": images[0].system}


def _image(image: Image) -> dict[str, Any]:
    return {
        "nodeAgentSKUId": image.agent,
        "imageReference": {"publisher": image.publisher, "offer": image.offer, "sku": image.sku, "version": "latest"},
        "osType": image.system,
        "capabilities": [],
        "verificationType": "verified",
    }
