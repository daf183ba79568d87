"""Applications of an account: what application packages are versions of."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from batchmgmt.arm import account_id
from batchmgmt.errors import NotFound, acting

if TYPE_CHECKING:
    from azure.mgmt.batch.models import Application

    from batchmgmt.management import BatchManagement

__all__ = ["Applications"]


class Applications:
    """The applications of one account; every method raises AzureError and ConnectionFailed."""

    def __init__(self, management: BatchManagement, resource_group: str, account: str) -> None:
        self._management = management
        self._account = (resource_group, account)

    def list(self) -> list[Application]:
        """All applications."""
        with acting(f"listing the applications of account '{self._account[1]}'"):
            return list(self._management.sdk.application.list(*self._account))

    def get(self, application: str) -> Application:
        """One application."""
        with acting(f"reading {self._named(application)}"):
            return self._management.sdk.application.get(*self._account, application)

    def ensure(self, application: str) -> bool:
        """Create the application if there is none; whether it was created. One that is there stays as it is."""
        arm, account = self._management.arm, account_id(self._management.subscription_id, *self._account)
        place = f"{account}/applications/{quote(application, safe='')}"
        try:
            arm.get(f"reading {self._named(application)}", place)
        except NotFound as missing:
            if missing.code.lower() != "applicationnotfound":
                raise
            arm.put(f"creating {self._named(application)}", place)
            return True
        return False

    def create(
        self, application: str, *, display_name: str | None = None, allow_updates: bool | None = None
    ) -> Application:
        """Create an application, or set these properties of one that is there. Azure's default is to allow updates."""
        from azure.mgmt.batch.models import Application, ApplicationProperties

        wanted = ApplicationProperties(display_name=display_name, allow_updates=allow_updates)
        with acting(f"creating {self._named(application)}"):
            return self._management.sdk.application.create(*self._account, application, Application(properties=wanted))

    def update(
        self,
        application: str,
        *,
        display_name: str | None = None,
        allow_updates: bool | None = None,
        default_version: str | None = None,
    ) -> Application:
        """Change what is given; the default version must be Active."""
        from azure.mgmt.batch.models import Application, ApplicationProperties

        changed = ApplicationProperties(
            display_name=display_name, allow_updates=allow_updates, default_version=default_version
        )
        with acting(f"changing {self._named(application)}"):
            return self._management.sdk.application.update(
                *self._account, application, Application(properties=changed), retry_on_methods=["GET", "PATCH"]
            )

    def delete(self, application: str) -> None:
        """Delete an application that has no packages."""
        with acting(f"deleting {self._named(application)}"):
            self._management.sdk.application.delete(*self._account, application)

    def _named(self, application: str) -> str:
        return f"application '{application}' of account '{self._account[1]}'"
