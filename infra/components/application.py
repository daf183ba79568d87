"""Applications and their packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pulumi
from pulumi_azure_native import batch

from batchmgmt.packages import content_of
from infra.components.account import BatchAccount
from infra.model import Application, Package
from infra.resources import ApplicationPackage

__all__ = ["BatchApplication"]


class BatchApplication(pulumi.ComponentResource):
    """An application with its packages uploaded and active, one of them the default.

    Attributes:
        application_id: its ARM id. default_version: None while it has no package.
        packages: by version.
    """

    application_id: pulumi.Output[str]
    default_version: pulumi.Output[str | None]
    packages: dict[str, ApplicationPackage]

    def __init__(
        self,
        name: str,
        settings: Application,
        *,
        resource_group_name: pulumi.Input[str],
        account: BatchAccount,
        root: Path,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            root: the folder that the packages' sources are relative to.
            after: what the packages must wait for.
        """
        super().__init__("batchenv:index:BatchApplication", name, None, opts)
        application = batch.Application(
            name,
            application_name=settings.name,
            account_name=account.account_name,
            resource_group_name=resource_group_name,
            display_name=settings.display_name,
            allow_updates=settings.allow_updates,
            # A version can only be the default once it is active: its package sets it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["defaultVersion"]),
        )

        def package(one: Package) -> ApplicationPackage:
            return ApplicationPackage(
                f"{name}-{one.version}",
                subscription_id=account.account_id.apply(lambda id: id.split("/")[2]),
                resource_group_name=resource_group_name,
                account_name=account.account_name,
                application_name=application.name,
                version=one.version,
                source=one.source,
                content_hash=one.sha256 or content_of(root / one.source).sha256,
                allow_updates=settings.allow_updates,
                set_default=one.version == settings.default_version,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
            )

        self.application_id = application.id
        self.packages = {one.version: package(one) for one in settings.packages}
        default = settings.default_version
        self.default_version = pulumi.Output.from_input(self.packages[default].version if default else None)
        self.register_outputs({"applicationId": self.application_id, "defaultVersion": self.default_version})
