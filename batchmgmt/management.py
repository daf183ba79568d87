"""The way in: a subscription's Batch accounts, with one identity on one cloud."""

from __future__ import annotations

from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from batchmgmt.arm import Arm, cloud_from_environment, subscription_from_environment
from batchmgmt.clouds import Cloud
from batchmgmt.endpoint import AuthMode, ServiceEndpoint, resolve
from batchmgmt.errors import UsageError, acting
from batchmgmt.lean import LeanHttp
from batchmgmt.secret import Secret
from batchmgmt.tokens import Token

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.identity import ClientAssertionCredential, DefaultAzureCredential
    from azure.mgmt.batch import BatchManagementClient
    from azure.mgmt.storage import StorageManagementClient

    from batchmgmt.accounts import Account, Accounts
    from batchmgmt.activity import Activity
    from batchmgmt.keys import KeyName
    from batchmgmt.locations import Locations

__all__ = ["BatchManagement"]


class BatchManagement:
    """Management of a subscription's Batch accounts.

    ``sdk`` and ``storage_sdk`` are azure-mgmt-batch's and azure-mgmt-storage's clients for everything else.
    """

    def __init__(self, credential: TokenCredential, subscription_id: str, *, cloud: Cloud | None = None) -> None:
        """Any ``TokenCredential`` will do; without ``cloud`` it is that of the environment.

        Raises:
            BatchManagementError: ARM_METADATA_HOSTNAME names no cloud.
        """
        self.credential = credential
        self.subscription_id = subscription_id
        self._http = LeanHttp()
        self._owned: list[ClientAssertionCredential | DefaultAzureCredential] = []
        self.cloud = cloud or cloud_from_environment(self._http)

    @classmethod
    def from_env(cls, subscription_id: str | None = None) -> BatchManagement:
        """By the environment: ARM_METADATA_HOSTNAME names the cloud, azure-identity's variables the identity.

        A pipeline's identity goes before them where ``ARM_USE_OIDC`` asks for it (docs/pipelines.md).

        Raises:
            UsageError: no subscription is given, or a pipeline's identity is asked for and incomplete.
            BatchManagementError: the cloud does not answer.
        """
        from batchmgmt.clients import environment_credential

        subscription = subscription_id or subscription_from_environment()
        with closing(LeanHttp()) as http:
            cloud = cloud_from_environment(http)
        credential = environment_credential(cloud)
        management = cls(credential, subscription, cloud=cloud)
        management._owned.append(credential)
        return management

    @cached_property
    def sdk(self) -> BatchManagementClient:
        """azure-mgmt-batch's client for this subscription."""
        from batchmgmt.clients import management_client

        return management_client(self.cloud, self.credential, self.subscription_id)

    @cached_property
    def storage_sdk(self) -> StorageManagementClient:
        """azure-mgmt-storage's client for this subscription."""
        from batchmgmt.clients import storage_management_client

        return storage_management_client(self.cloud, self.credential, self.subscription_id)

    def account(self, resource_group: str, name: str) -> Account:
        """The account of that name; nothing is asked of Azure yet."""
        from batchmgmt.accounts import Account

        return Account(self, resource_group, name)

    @property
    def accounts(self) -> Accounts:
        """The subscription's accounts."""
        from batchmgmt.accounts import Accounts

        return Accounts(self)

    @property
    def locations(self) -> Locations:
        """What regions offer."""
        from batchmgmt.locations import Locations

        return Locations(self)

    @property
    def activity(self) -> Activity:
        """The subscription's activity log."""
        from batchmgmt.activity import Activity

        return Activity(self)

    def endpoint(
        self,
        resource_group: str | None = None,
        account: str | None = None,
        *,
        stack: str | None = None,
        auth: AuthMode = "auto",
        key_name: KeyName = "primary",
        details: bool = False,
    ) -> ServiceEndpoint:
        """The endpoint of an account, by resource group and name or by the stack that deployed it.

        Raises:
            UsageError: neither or both are given. BatchManagementError: see ``endpoint.resolve`` and ``read_stack``.
        """
        if stack is not None and resource_group is None and account is None:
            from batchmgmt.stacks import read_stack

            outputs = read_stack(stack)
            return resolve(
                self.arm,
                outputs.subscription_id,
                outputs.resource_group,
                outputs.account,
                auth=auth,
                key_name=key_name,
                stack=outputs,
                credential=lambda: self.credential,
            )
        if stack is not None or resource_group is None or account is None:
            raise UsageError("an account is given by its resource group and name, or by a stack")
        return resolve(
            self.arm,
            self.subscription_id,
            resource_group,
            account,
            auth=auth,
            key_name=key_name,
            details=details,
            credential=lambda: self.credential,
        )

    def close(self) -> None:
        """Close the connections that were opened."""
        self._http.close()
        for client in ("sdk", "storage_sdk"):
            if client in self.__dict__:
                getattr(self, client).close()
        for credential in self._owned:
            credential.close()

    def __enter__(self) -> BatchManagement:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def arm(self) -> Arm:
        """ARM without an SDK, for what no SDK here has; its answers are JSON."""
        from batchmgmt.clients import CachedCredential

        if isinstance(self.credential, CachedCredential):
            return Arm(self.cloud, self._http, self.credential.token, forget=self.credential.forget)
        return Arm(self.cloud, self._http, self._token)

    def _token(self, scope: str) -> Token:
        with acting("signing in"):
            token = self.credential.get_token(scope)
        return Token(Secret(token.token), token.expires_on)
