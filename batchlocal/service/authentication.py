"""Who calls: a holder of an account's key, of an Entra token, or a task with the token that it was given.

Sources: REST documentation "Authenticate requests to the Azure Batch service"; the page "Task - Add",
authenticationTokenSettings.
"""

from __future__ import annotations

from batchlocal.identity import shared_key
from batchlocal.identity.shared_key import SharedKeySignature
from batchlocal.identity.tokens import BATCH_AUDIENCE, TASK_CLAIM, Principal, TokenRefused
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Request
from batchlocal.service.access import SHARED_KEY, Caller
from batchlocal.service.front_door import AccountNotFound, AuthenticationFailed, BeyondTheToken
from batchlocal.service.network import check_network
from batchlocal.store.resources import Resource

__all__ = ["authenticate"]

_UNDER_WAY = ("preparing", "running")


def authenticate(platform: Platform, request: Request, name: str, path: str) -> Caller:
    """Who calls the account called ``name``, once something was shown that it accepts; ``path`` is below it.

    Authentication comes before existence, so that a stranger learns no account's name. The request's ``caller`` is set.

    Raises:
        AuthenticationFailed, AccountNotFound, NetworkNotAdmitted, BeyondTheToken
    """
    account = platform.store.read.resources.named("Microsoft.Batch/batchAccounts", name)
    object_id = ""
    signed = shared_key.read_signature(request.headers.get("authorization", ""))
    if signed is not None:
        request.caller = mode = SHARED_KEY
        _check_signature(request, signed, account)
    else:
        principal = _principal(platform, request)
        request.caller = principal.object_id
        mode = "TaskAuthenticationToken" if TASK_CLAIM in principal.claims else "AAD"
        object_id = principal.object_id if mode == "AAD" else ""
    if account is None:
        raise AccountNotFound(name)
    if mode not in account.body["properties"]["allowedAuthenticationModes"]:
        # reason: Azure/BatchExplorer#239
        raise AuthenticationFailed(f"The specified type of authentication {mode} is not allowed for this account.")
    check_network(platform.store.read, account, request.peer)
    if mode == "TaskAuthenticationToken":
        _check_reach(platform, str(principal.claims[TASK_CLAIM]), account, path)
    return Caller(platform.access, platform.store.read, object_id, account)


def _check_signature(request: Request, signed: SharedKeySignature, account: Resource | None) -> None:
    if account is None:
        raise AuthenticationFailed("The specified account does not exist or the signature did not match.")
    if not shared_key.is_fresh(request):
        raise AuthenticationFailed("The ocp-date or Date header is missing or too far from the server's time.")
    if not shared_key.is_signed_by(request, signed, account.hidden["keys"].values()):
        raise AuthenticationFailed("The MAC signature found in the HTTP request is not the same as any computed.")


def _principal(platform: Platform, request: Request) -> Principal:
    try:
        return platform.tokens.verify(request.headers.get("authorization", ""), {BATCH_AUDIENCE})
    except TokenRefused as refused:
        raise AuthenticationFailed(f"The bearer token was refused: {refused.reason}.") from None


def _check_reach(platform: Platform, key: str, account: Resource, path: str) -> None:
    """A task's token opens its own job and what is below it, as long as the task runs."""
    job, _, task_id = key.rpartition("/tasks/")
    task = platform.store.read.tasks.find(job, task_id)
    if task is None or task.state not in _UNDER_WAY:
        raise AuthenticationFailed("The task that the token was given to does not run.")
    own = job.removeprefix(account.key)
    if own == job or not f"{path.lower().rstrip('/')}/".startswith(f"{own}/"):
        raise BeyondTheToken
