"""ARM's calls without an SDK, for what has to start at once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from batchmgmt.clouds import METADATA_API_VERSION, Cloud, cloud_by_name, cloud_from_metadata
from batchmgmt.errors import BatchManagementError, NotAuthenticated, UsageError
from batchmgmt.lean import LeanHttp
from batchmgmt.tokens import Token

__all__ = [
    "BATCH_API_VERSION",
    "STORAGE_API_VERSION",
    "Arm",
    "account_id",
    "cloud_from_environment",
    "subscription_from_environment",
]

BATCH_API_VERSION: Final = "2025-06-01"
STORAGE_API_VERSION: Final = "2023-05-01"


def cloud_from_environment(http: LeanHttp) -> Cloud:
    """The cloud of ``ARM_METADATA_HOSTNAME``, else of ``ARM_ENVIRONMENT``, as Terraform and azure-native find theirs.

    With neither it is the public one.

    Raises:
        UsageError: ARM_ENVIRONMENT names no cloud. BatchManagementError: the host gives no metadata document.
    """
    host = os.environ.get("ARM_METADATA_HOSTNAME", "").removeprefix("https://").rstrip("/")
    if not host:
        return cloud_by_name(os.environ.get("ARM_ENVIRONMENT") or "public")
    url = f"https://{host}/metadata/endpoints?api-version={METADATA_API_VERSION}"
    return cloud_from_metadata(http.request("reading the cloud's metadata", "GET", url).json, host)


def subscription_from_environment() -> str:
    """``AZURE_SUBSCRIPTION_ID``, else its twin ``ARM_SUBSCRIPTION_ID``.

    Raises:
        UsageError: neither is set.
    """
    found = os.environ.get("AZURE_SUBSCRIPTION_ID") or os.environ.get("ARM_SUBSCRIPTION_ID")
    if not found:
        raise UsageError("no subscription is given: set AZURE_SUBSCRIPTION_ID, or use --subscription")
    return found


def account_id(subscription_id: str, resource_group: str, account: str) -> str:
    """The ARM id of a Batch account."""
    parts = [quote(part, safe="") for part in (subscription_id, resource_group, account)]
    return f"/subscriptions/{parts[0]}/resourceGroups/{parts[1]}/providers/Microsoft.Batch/batchAccounts/{parts[2]}"


class Arm:
    """ARM for one identity; answers are ARM's JSON. Every call is one that may be repeated, and is retried."""

    def __init__(
        self,
        cloud: Cloud,
        http: LeanHttp,
        token: Callable[[str], Token],
        *,
        forget: Callable[[], None] | None = None,
    ) -> None:
        """``token``: from a scope to a token, which may be kept; ``forget`` then makes it ask anew."""
        self.cloud = cloud
        self._http = http
        self._token = token
        self._forget = forget

    def get(self, act: str, resource_id: str, api_version: str = BATCH_API_VERSION) -> Any:
        """The resource's JSON. Raises AzureError, ConnectionFailed."""
        return self._json(act, "GET", self._url(resource_id, api_version))

    def post(self, act: str, resource_id: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer of an action that may be repeated. Raises AzureError, ConnectionFailed."""
        return self._json(act, "POST", self._url(resource_id, BATCH_API_VERSION), body)

    def put(self, act: str, resource_id: str, body: Mapping[str, Any] | None = None) -> Any:
        """Create a resource, or bring it to this state. Raises AzureError, ConnectionFailed."""
        return self._json(act, "PUT", self._url(resource_id, BATCH_API_VERSION), body)

    def patch(self, act: str, resource_id: str, body: Mapping[str, Any]) -> Any:
        """Change what is given. Raises AzureError, ConnectionFailed."""
        return self._json(act, "PATCH", self._url(resource_id, BATCH_API_VERSION), body)

    def list(
        self, act: str, resource_id: str, api_version: str = BATCH_API_VERSION, chosen: str | None = None
    ) -> Iterator[Any]:
        """The entries of a list, page after page; ``chosen`` is a ``$filter``. Raises AzureError, ConnectionFailed."""
        url: str | None = self._url(resource_id, api_version) + (f"&$filter={quote(chosen)}" if chosen else "")
        while url:
            page = self._json(act, "GET", url)
            yield from page["value"]
            url = page.get("nextLink")
            if url and not url.startswith(f"{self.cloud.arm}/"):
                raise BatchManagementError(f"{act}: the next page is not at {self.cloud.arm}; no token is sent there")

    def token(self, scope: str) -> Token:
        """A token of this identity. Raises AzureError, ConnectionFailed."""
        return self._token(scope)

    def _url(self, resource_id: str, api_version: str) -> str:
        return f"{self.cloud.arm}{resource_id}?api-version={api_version}"

    def _json(self, act: str, method: str, url: str, body: Mapping[str, Any] | None = None) -> Any:
        token = self._token(self.cloud.arm_scope)
        try:
            return self._request(act, method, url, body, token)
        except NotAuthenticated:
            if self._forget is None:
                raise
            self._forget()  # a kept token may come from before a server was made anew
            return self._request(act, method, url, body, self._token(self.cloud.arm_scope))

    def _request(self, act: str, method: str, url: str, body: Mapping[str, Any] | None, token: Token) -> Any:
        headers = {"Authorization": f"Bearer {token.secret.reveal()}"}
        if body is None:
            return self._http.request(act, method, url, headers=headers).json
        headers["Content-Type"] = "application/json"
        return self._http.request(act, method, url, headers=headers, body=json.dumps(body).encode()).json
