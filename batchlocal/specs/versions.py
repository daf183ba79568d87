"""Every api-version that is answered, the table that serves it, and how it differs from that table.

The tables hold the versions we have descriptions of; what an older version lacks or calls otherwise is kept here by
hand, for ARM in ``management_versions`` and for the Batch service in ``service_versions``, with the sources there.
"""

from __future__ import annotations

from collections.abc import Mapping

from batchlocal.specs.differences import Difference
from batchlocal.specs.management_versions import MANAGEMENT
from batchlocal.specs.service_versions import SERVICE

__all__ = ["SERVED_BY", "differences"]

SERVED_BY: Mapping[str, Mapping[str, str]] = {
    # provider, March 2024; newer ones by azure-mgmt-batch 18 and 19
    "Microsoft.Batch": {"2025-06-01": "2025-06-01"}
    | dict.fromkeys(
        (
            "2024-07-01", "2024-02-01", "2023-11-01", "2023-05-01", "2022-10-01", "2022-06-01", "2022-01-01",
            "2021-06-01", "2021-01-01", "2020-09-01", "2020-05-01", "2020-03-01", "2019-08-01", "2019-04-01",
            "2018-12-01", "2017-09-01", "2017-05-01", "2017-01-01", "2015-12-01",
        ),
        "2024-07-01",
    ),
    # what clients of today send (azure-mgmt-storage 25 2026-09-01, az and azurerm 2025-08-01), and those before
    "Microsoft.Storage": dict.fromkeys(
        (
            "2026-09-01", "2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-04-01",
            "2023-01-01", "2022-09-01", "2022-05-01", "2021-09-01", "2021-08-01", "2021-06-01", "2021-04-01",
            "2021-02-01", "2021-01-01", "2019-06-01", "2019-04-01", "2018-11-01", "2018-07-01", "2018-03-01-preview",
            "2018-02-01", "2017-10-01", "2017-06-01", "2016-12-01", "2016-05-01", "2016-01-01", "2015-06-15",
        ),
        "2023-05-01",
    ),
    # each version that a release of azure-batch spoke, from 1.0 to 15.1
    "service": {"2025-06-01": "2025-06-01"}
    | dict.fromkeys(
        (
            "2024-07-01.20.0", "2024-02-01.19.0", "2023-11-01.18.0", "2023-05-01.17.0", "2022-10-01.16.0",
            "2022-01-01.15.0", "2021-06-01.14.0", "2020-09-01.12.0", "2020-03-01.11.0", "2019-08-01.10.0",
            "2019-06-01.9.0", "2018-12-01.8.0", "2018-08-01.7.0", "2018-03-01.6.1", "2017-09-01.6.0",
            "2017-06-01.5.1", "2017-05-01.5.0", "2017-01-01.4.0", "2016-07-01.3.1",
        ),
        "2024-07-01.20.0",
    ),
}  # fmt: skip
"""By namespace and api-version, newest first: the version whose table serves it."""

_DIFFERENCES: Mapping[str, tuple[Difference, ...]] = {"Microsoft.Batch": MANAGEMENT, "service": SERVICE}


def differences(namespace: str, api_version: str) -> tuple[Difference, ...]:
    """How ``api_version`` differs from the table that serves it, newest difference first."""
    return tuple(one for one in _DIFFERENCES.get(namespace, ()) if api_version < one.since)
