"""Spot nodes, taken back as Azure takes them back."""

from __future__ import annotations

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.domain.node import Node, NodeStateUnfit
from batchlocal.domain.pool import Pool
from batchlocal.evacuation import preempt
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx


@endpoint("POST", "/preemptions")
def preempt_nodes(call: ControlCall) -> Answer:
    """200 with the nodes taken: ``count`` of the pool's Spot nodes (1), or the one whose id is ``node``."""
    sent = call.body(account=str, pool=str, count=int, node=str)
    if not sent.get("account") or not sent.get("pool"):
        raise NotTaken("'account' and 'pool' are needed: whose Spot nodes are taken back.")
    if sent.get("count", 1) < 1 or ("count" in sent and "node" in sent):
        raise NotTaken("Say either how many ('count', from 1), or which 'node'.")
    with call.platform.store.write() as tx:
        pool = _pool(tx, sent["account"], sent["pool"])
        chosen = _chosen(tx, pool, sent.get("node"), sent.get("count", 1))
        try:
            taken = [preempt(call.platform, tx, node, moments.now()) for node in chosen]
        except NodeStateUnfit:
            text = "It is dedicated, leaving, or has no machine: only Spot nodes that are up can be taken back."
            raise NotTaken(text, 409, "NodeStateUnfit") from None
    return Answer(200, {"preempted": [node.id for node in taken]})


def _pool(tx: Tx, account: str, pool: str) -> Pool:
    owner = tx.resources.named("Microsoft.Batch/batchAccounts", account)
    found = tx.pools.find(f"{owner.key}/pools/{pool.lower()}") if owner else None
    if found is None:
        raise NotTaken(f"There is no pool '{pool}' in a Batch account '{account}'.", 404, "PoolNotFound")
    return found


def _chosen(tx: Tx, pool: Pool, node_id: str | None, count: int) -> list[Node]:
    nodes = tx.nodes.of_pool(pool.key)
    if node_id is not None:
        chosen = [node for node in nodes if node.id == node_id]
        if not chosen:
            raise NotTaken(f"Pool '{pool.id}' has no node '{node_id}'.", 404, "NodeNotFound")
        return chosen
    spot = [node for node in nodes if not node.dedicated and node.state in ("idle", "running")]
    if len(spot) < count:
        text = f"Pool '{pool.id}' has {len(spot)} Spot nodes that could be taken back, not {count}."
        raise NotTaken(text, 409, "TooFewNodes")
    return spot[:count]
