"""Further subscriptions of the tenant, for those who want theirs apart: a test, a team, an environment."""

from __future__ import annotations

import uuid
from typing import Final

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.protocol.messages import Answer
from batchlocal.store.effects import Effect

_GROUP_TYPE: Final = "Microsoft.Resources/resourceGroups"


@endpoint("GET", "/subscriptions")
def list_subscriptions(call: ControlCall) -> Answer:
    """The data folder's own first, then those made here."""
    own = {"id": call.platform.credentials.subscription_id, "name": "batchlocal"}
    made = ({"id": id_, "name": name} for id_, name in call.platform.store.read.subscriptions.every())
    return Answer(200, {"value": [own, *made]})


@endpoint("POST", "/subscriptions")
def add_subscription(call: ControlCall) -> Answer:
    """201 with the id of a new, empty subscription; the tenant's principals may use it as they may the first."""
    name = call.body(name=str).get("name", "")
    if not 1 <= len(name) <= 64:
        raise NotTaken("'name' is needed: a display name of 1 to 64 characters.")
    subscription = str(uuid.uuid4())
    with call.platform.store.write() as tx:
        tx.subscriptions.add(subscription, name, call.request.arrived)
    return Answer(201, {"id": subscription, "name": name})


@endpoint("DELETE", "/subscriptions/{subscriptionId}")
def remove_subscription(call: ControlCall) -> Answer:
    """204; ARM does not know it from now on, and its resource groups go, at once and on their own."""
    subscription, platform = call.parameters["subscriptionId"].lower(), call.platform
    with platform.store.write() as tx:
        if not tx.subscriptions.remove(subscription):
            raise NotTaken(
                f"There is no subscription {subscription} that could be removed.", 404, "SubscriptionNotFound"
            )
        for group in tx.resources.of_type(_GROUP_TYPE, subscription=subscription):
            owed = {"operation": f"subscription-{subscription}"}
            platform.owe(tx, Effect("group.delete", group.key, call.request.arrived, owed, call.request.request_id))
    return Answer(204)
