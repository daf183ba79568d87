"""Fail-over of storage accounts, which Azure refuses for accounts without a synchronised second region.

Nothing is ever copied to a second region here, so it is always refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.microsoft_storage.provider import PROVIDER, account_of, storage_error
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer

__all__: list[str] = []


@dataclass(eq=False)
class NoSecondRegion(Refusal):
    """The account's redundancy keeps nothing in a second region."""

    name: str


@dataclass(eq=False)
class NeverSynchronised(Refusal):
    """Nothing is known to have reached the second region."""

    name: str


CATALOGUE.update(
    {
        # codes as azure-sdk-for-python issue 11292 and Ansible's azure_rm_storageaccount_info name them
        NoSecondRegion: storage_error(
            409, "InvalidAccountType", "The storage account {name} has no second region to fail over to."
        ),
        NeverSynchronised: storage_error(
            409, "LastSyncTimeUnavailable", "Last sync time is unavailable for account {name}."
        ),
    }
)


@PROVIDER.operation("StorageAccounts_Failover")
def fail_over(call: ArmCall) -> Answer:
    """Refused."""
    account = account_of(call)
    if "secondaryLocation" not in account.body["properties"]:
        raise NoSecondRegion(account.name)
    raise NeverSynchronised(account.name)
