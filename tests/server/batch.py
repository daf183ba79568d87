"""A Batch account on a server of a test's own, reached by Microsoft's SDKs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from azure.core.credentials import AzureNamedKeyCredential
from azure.mgmt.batch import BatchManagementClient

from tests.conftest import Local


@contextmanager
def environment_of(local: Local) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(local.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def an_account(local: Local) -> tuple[str, AzureNamedKeyCredential]:
    """Endpoint and key of a new Batch account."""
    arm = local.settings["armEndpoint"]
    options = {"base_url": arm, "credential_scopes": [f"{arm}/.default"]}
    with local.credential() as credential, BatchManagementClient(credential, local.subscription, **options) as client:
        put_group(local, credential.get_token(f"{arm}/.default").token)
        made = client.batch_account.begin_create("killed", "killed", {"location": "westeurope"}).result()
        key = client.batch_account.get_keys("killed", "killed").primary
    return f"https://{made.properties.account_endpoint}".replace(
        "https://https://", "https://"
    ), AzureNamedKeyCredential("killed", key)


def put_group(local: Local, token: str) -> None:
    url = f"{local.settings['armEndpoint']}/subscriptions/{local.subscription}/resourceGroups/killed"
    headers = {"Authorization": f"Bearer {token}"}
    made = requests.put(f"{url}?api-version=2024-03-01", json={"location": "westeurope"}, headers=headers, timeout=30)
    assert made.status_code == 201
