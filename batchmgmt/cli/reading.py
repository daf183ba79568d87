"""What commands that only read ask of ARM: its JSON, over the lean HTTP client.

They show JSON as ARM sent it, so the SDK's models would bring them nothing, and their import takes longer than the
command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from batchmgmt.arm import Arm, account_id

__all__ = ["AccountReader", "SubscriptionReader"]


class SubscriptionReader:
    """What a subscription has, and what regions offer it; every method raises AzureError and ConnectionFailed."""

    def __init__(self, arm: Arm, subscription_id: str) -> None:
        self._arm = arm
        self._id = f"/subscriptions/{quote(subscription_id, safe='')}"

    def accounts(self, resource_group: str | None = None) -> Iterator[Any]:
        """All accounts, or those of one resource group."""
        if resource_group:
            act = f"listing the accounts of resource group '{resource_group}'"
            group = f"{self._id}/resourceGroups/{quote(resource_group, safe='')}"
            return self._arm.list(act, f"{group}/providers/Microsoft.Batch/batchAccounts")
        return self._arm.list("listing accounts", f"{self._id}/providers/Microsoft.Batch/batchAccounts")

    def account_quota(self, location: str) -> int:
        """How many Batch accounts the subscription may have in the region."""
        found = self._arm.get(f"reading the quotas of {location}", f"{self._region(location)}/quotas")
        return int(found.get("accountQuota") or 0)

    def skus(self, location: str) -> Iterator[Any]:
        """The VM sizes that pools in the region may have."""
        return self._arm.list(f"listing the VM sizes of {location}", f"{self._region(location)}/virtualMachineSkus")

    def _region(self, location: str) -> str:
        return f"{self._id}/providers/Microsoft.Batch/locations/{quote(location, safe='')}"


class AccountReader:
    """One account and what it holds; every method raises AzureError and ConnectionFailed."""

    def __init__(self, arm: Arm, subscription_id: str, resource_group: str, name: str) -> None:
        self._arm = arm
        self._id = account_id(subscription_id, resource_group, name)
        self.name = name
        self.subscription = SubscriptionReader(arm, subscription_id)

    def account(self) -> Any:
        """The account itself."""
        return self._arm.get(f"reading account '{self.name}'", self._id)

    def keys(self) -> Any:
        """Both keys, in clear."""
        return self._arm.post(f"listing the keys of account '{self.name}'", f"{self._id}/listKeys")

    def get(self, what: str, *path: str) -> Any:
        """One thing of the account: what it is, in words, and its path below the account's id."""
        return self._arm.get(f"reading {what} of account '{self.name}'", self._below(path))

    def list(self, what: str, *path: str) -> Iterator[Any]:
        """All things of a kind: which, in words, and their path below the account's id."""
        return self._arm.list(f"listing the {what} of account '{self.name}'", self._below(path))

    def _below(self, path: tuple[str, ...]) -> str:
        return "/".join([self._id, *(quote(each, safe="") for each in path)])
