"""Local users of a storage account (SFTP): kept and shown, with keys and passwords; nobody can sign in with them."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.microsoft_storage.children import Child, child_of, serve
from batchlocal.arm.microsoft_storage.provider import PROVIDER, json_answer
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

_FIRST_USER_ID = 1000  # description, the example of a user
_SECRETS = ("hasSharedKey", "hasSshKey", "hasSshPassword")


def _complete(call: ArmCall, user: Resource, _: dict[str, Any] | None) -> None:
    """Give a user its ids, and keep what it is let in with out of what is shown."""
    properties = user.body["properties"]
    if "sid" not in user.hidden["drawn"]:
        number = _FIRST_USER_ID + sum(1 for _ in call.tx.resources.children(user.parent, _USERS.type))
        parts = "-".join(str(secrets.randbelow(900_000_000) + 100_000_000) for _ in range(3))
        user.hidden["drawn"] = {"sid": f"S-1-2-0-{parts}-{number}", "userId": number}
    properties |= user.hidden["drawn"]
    if "sshAuthorizedKeys" in properties:
        user.hidden["sshAuthorizedKeys"] = properties.pop("sshAuthorizedKeys")
    user.hidden.setdefault("sharedKey", base64.b64encode(secrets.token_bytes(64)).decode())
    properties |= {name: properties.get(name, name == "hasSharedKey") for name in _SECRETS}


_USERS = Child(
    "localUsers",
    "LocalUsers",
    "username",
    "local user",
    missing="LocalUserNotFound",
    name="[a-z0-9]{3,64}",
    names="3 to 64 lower-case letters and digits",  # description, username
    complete=_complete,
)
serve(_USERS)


@PROVIDER.operation("LocalUsers_ListKeys")
def list_user_keys(call: ArmCall) -> Answer:
    """The public keys that the user has, and the key for SMB when it has one."""
    user = child_of(_USERS, call)
    shared = {"sharedKey": user.hidden["sharedKey"]} if user.body["properties"]["hasSharedKey"] else {}
    return json_answer(200, {"sshAuthorizedKeys": user.hidden.get("sshAuthorizedKeys", []), **shared})


@PROVIDER.operation("LocalUsers_RegeneratePassword")
def regenerate_password(call: ArmCall) -> Answer:
    """A new password, which is shown this once."""
    user = child_of(_USERS, call)
    user.body["properties"]["hasSshPassword"] = True
    call.tx.resources.put(user)
    return json_answer(200, {"sshPassword": secrets.token_urlsafe(24)})
