"""How Microsoft.Batch answered in its first api-versions, where that is more than left-out properties.

Recorded with 2015-12-01 to 2017-09-01: applications and packages have their properties at the top, no ARM id, states
in lower case, strong ETags, and an application shows its packages (azure-mgmt-batch: until 2018-12-01). In 2015-12-01
and 2017-01-01 ETags have no quotes.
"""

from __future__ import annotations

from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["etag", "has_flat_applications", "show_application", "show_package"]

_NESTED_SINCE = "2018-12-01"
_QUOTED_SINCE = "2017-05-01"


def has_flat_applications(call: ArmCall) -> bool:
    """Whether the request's api-version has properties of applications at the top of bodies."""
    return call.request.api_version < _NESTED_SINCE


def etag(call: ArmCall, modified: int, *, weak: bool) -> str:
    """An account's, application's or package's ETag in the request's api-version; ``modified`` is in ticks."""
    if call.request.api_version < _QUOTED_SINCE:
        return moments.etag(modified)
    return moments.weak_etag(modified) if weak and not has_flat_applications(call) else f'"{moments.etag(modified)}"'


def show_application(tx: Tx, application: Resource) -> dict[str, Any]:
    """An application with its packages."""
    packages = tx.resources.children(application.id, f"{application.hidden['type']}/versions")
    shown = [_told(one, ("version", "state", "lastActivationTime", "format")) for one in packages]
    return {"id": application.name, "packages": shown, **application.body["properties"]}


def show_package(package: Resource, application: str, extra: dict[str, str]) -> dict[str, Any]:
    """A package with the application's name; ``extra`` are its URL and how long that is good."""
    return {"id": application, **_told(package, ("version", "state", "format", "lastActivationTime")), **extra}


def _told(package: Resource, names: tuple[str, ...]) -> dict[str, Any]:
    known = {"version": package.name, **package.body["properties"]}
    known["state"] = str(known["state"]).lower()
    return {name: known[name] for name in names if name in known}
