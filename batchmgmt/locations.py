"""What a region offers: account quota, VM sizes, free names; and the images that an account's pools may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batchmgmt.errors import acting

if TYPE_CHECKING:
    from azure.mgmt.batch.models import CheckNameAvailabilityResult, SupportedSku

    from batchmgmt.management import BatchManagement

__all__ = ["Locations"]


class Locations:
    """Azure's regions for Batch; every method raises AzureError and ConnectionFailed."""

    def __init__(self, management: BatchManagement) -> None:
        self._management = management

    def account_quota(self, location: str) -> int:
        """How many Batch accounts this subscription may have in the region."""
        with acting(f"reading the quotas of {location}"):
            return int(self._management.sdk.location.get_quotas(location).account_quota or 0)

    def skus(self, location: str) -> list[SupportedSku]:
        """The VM sizes that pools in the region may have, with their capabilities."""
        with acting(f"listing the VM sizes of {location}"):
            return list(self._management.sdk.location.list_supported_virtual_machine_skus(location))

    def check_name(self, location: str, name: str) -> CheckNameAvailabilityResult:
        """Whether an account of that name could be created in the region, and why not."""
        from azure.mgmt.batch.models import CheckNameAvailabilityParameters

        asked = CheckNameAvailabilityParameters(name=name, type="Microsoft.Batch/batchAccounts")
        with acting(f"checking the name '{name}' in {location}"):
            return self._management.sdk.location.check_name_availability(location, asked, retry_on_methods=["POST"])
