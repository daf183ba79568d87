"""Quotas, shown and set: a subscription's, which its new accounts get, and an account's own."""

from __future__ import annotations

from typing import Any, Final

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.domain.quotas import ACCOUNTS_A_REGION, COMPUTE, FAMILY_QUOTA, HIDDEN, SHOWN
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

_MEMBERS: Final[dict[str, type]] = {**dict.fromkeys((*SHOWN, *HIDDEN), int), FAMILY_QUOTA: dict}


@endpoint("GET", "/quotas/subscriptions/{subscriptionId}")
def get_subscription(call: ControlCall) -> Answer:
    """How many accounts a region takes, and what a new account gets."""
    return Answer(200, _of_subscription(call.platform.store.read, call.parameters["subscriptionId"]))


@endpoint("PATCH", "/quotas/subscriptions/{subscriptionId}")
def set_subscription(call: ControlCall) -> Answer:
    """200 with all quotas; what is left out stays, accounts that are there stay as they are."""
    sent = _checked(call, accountQuota=int, computeQuota=dict)
    subscription = call.parameters["subscriptionId"]
    with call.platform.store.write() as tx:
        kept = tx.quotas.of(subscription)
        families = {**kept.get(FAMILY_QUOTA, {}), **sent.get(FAMILY_QUOTA, {})}
        compute = {**kept.get("computeQuota", {}), **sent.get("computeQuota", {})}
        tx.quotas.put(subscription, {**kept, **sent, FAMILY_QUOTA: families, "computeQuota": compute})
        return Answer(200, _of_subscription(tx, subscription))


def _of_subscription(tx: Tx, subscription: str) -> dict[str, Any]:
    set_ = tx.quotas.of(subscription)
    compute = {**COMPUTE, **set_.get("computeQuota", {})}
    first = {"accountQuota": ACCOUNTS_A_REGION, **SHOWN, **HIDDEN, FAMILY_QUOTA: {}}
    return {**first, **set_, "computeQuota": compute}


@endpoint("GET", "/quotas/accounts/{accountName}")
def get_account(call: ControlCall) -> Answer:
    """The account's quotas, those too that its body does not show."""
    return Answer(200, _of_account(_account(call, call.platform.store.read)))


@endpoint("PATCH", "/quotas/accounts/{accountName}")
def set_account(call: ControlCall) -> Answer:
    """200 with all quotas; what is left out stays. They bind what comes next, never what is there."""
    sent = _checked(call)
    with call.platform.store.write() as tx:
        account = _account(call, tx)
        properties = account.body["properties"]
        properties |= {name: value for name, value in sent.items() if name in SHOWN}
        limits = {name: value for name, value in sent.items() if name in HIDDEN}
        account.hidden["quotas"] = {**account.hidden.get("quotas", {}), **limits}
        if FAMILY_QUOTA in sent:
            properties[FAMILY_QUOTA] = _merged(properties.get(FAMILY_QUOTA, []), sent[FAMILY_QUOTA])
        tx.resources.put(account)
        return Answer(200, _of_account(account))


def _of_account(account: Resource) -> dict[str, Any]:
    properties = account.body["properties"]
    shown = {name: properties[name] for name in SHOWN if name in properties}
    families = {family["name"]: family["coreQuota"] for family in properties.get(FAMILY_QUOTA, [])}
    return {**shown, **HIDDEN, **account.hidden.get("quotas", {}), FAMILY_QUOTA: families}


def _account(call: ControlCall, tx: Tx) -> Resource:
    name = call.parameters["accountName"]
    account = tx.resources.named("Microsoft.Batch/batchAccounts", name)
    if account is None:
        raise NotTaken(f"There is no Batch account '{name}'.", 404, "AccountNotFound")
    return account


def _merged(listed: list[dict[str, Any]], sent: dict[str, int]) -> list[dict[str, Any]]:
    """Family quotas with those sent laid over; names compare without case and keep their spelling."""
    spelt = {family["name"].lower(): family["name"] for family in listed}
    values = {family["name"]: family["coreQuota"] for family in listed}
    values |= {spelt.get(name.lower(), name): quota for name, quota in sent.items()}
    return [{"name": name, "coreQuota": quota} for name, quota in values.items()]


def _checked(call: ControlCall, **more: type) -> dict[str, Any]:
    sent = call.body(**more, **_MEMBERS)
    groups = (FAMILY_QUOTA, "computeQuota")
    within = {name: value for group in groups for name, value in sent.get(group, {}).items()}
    for name, value in {**sent, **within}.items():
        if name not in groups and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise NotTaken(f"'{name}' is {value!r}, but a quota is a whole number from 0.")
    return sent
