"""One tree of errors, and what to do next.

    BatchManagementError
    ├── UsageError                the caller's mistake, known before any request; exit code 2
    ├── PackageContentDiffers     the version exists with other content and may not be replaced
    ├── ResizeFailed              a pool ended its resize short of its target; carries Azure's resize errors
    ├── ConnectionFailed          no answer: name resolution, TLS, refused, dropped
    │   └── TimedOut              no answer in time
    └── AzureError                Azure answered with an error
        ├── NotAuthenticated (401, or Entra gave no token)   ├── NotFound (404)
        ├── Forbidden (403)                                  ├── Conflict (409, 412)
        ├── InvalidRequest (400)                             ├── Throttled (429)
        └── ServiceFault (5xx)

Hot commands import this module: the standard library only, and NamedTuple where a dataclass would do, because importing
``dataclasses`` and making one takes longer than the requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from batchmgmt.secret import masked

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

__all__ = [
    "NEXT_STEPS",
    "AzureError",
    "BatchManagementError",
    "Conflict",
    "ConnectionFailed",
    "Detail",
    "Forbidden",
    "InvalidRequest",
    "NotAuthenticated",
    "NotFound",
    "PackageContentDiffers",
    "ResizeFailed",
    "ServiceFault",
    "Throttled",
    "TimedOut",
    "UsageError",
    "acting",
    "azure_error",
]

# Code (compared without case: Azure's own casing varies) -> what helps. Sources: recorded answers of Azure and
# Microsoft's documentation of the codes.
NEXT_STEPS: Final[Mapping[str, str]] = {
    "accountcorequotareached": "ask for more cores (`batchmgmt location quota`), or resize other pools down first",
    "accountlowprioritycorequotareached": "ask for more Spot cores (`batchmgmt location quota`) or use dedicated nodes",
    "accountvmseriescorequotareached": "use a VM size of another family, or ask for more cores of this one",
    "allocationfailed": "the region has no such machines now: try again later, or use another VM size or region",
    "allocationtimedout": "resize again; a longer resize timeout or a smaller step helps",
    "accountnotenabledforautostorage": "link a storage account: `batchmgmt account link-storage`",
    "applicationnotfound": "create it: `batchmgmt application create`",
    "applicationpackagenotfound": "see which there are: `batchmgmt package list`",
    "applicationpackageblobnotfound": "upload its content: `batchmgmt package upload`",
    "applicationpackagesnotempty": "delete its packages first: `batchmgmt package list`, `batchmgmt package delete`",
    "requesteddefaultversionnotactive": "upload and activate that version first: `batchmgmt package upload`",
    "authorizationfailed": "give this identity a role on the account, such as Azure Batch Account Contributor",
    "linkedauthorizationfailed": "give this identity a role on the linked resource that the message names",
    "accountnotfound": "check the name and the resource group: `batchmgmt account list`",
    "resourcegroupnotfound": "check the resource group and the subscription (AZURE_SUBSCRIPTION_ID)",
    "resourcenotfound": "check the name, the resource group and the subscription (AZURE_SUBSCRIPTION_ID)",
    "subscriptionnotfound": "check AZURE_SUBSCRIPTION_ID, and that this identity may see the subscription",
    "subscriptionquotaexceeded": "delete an account in this region or ask for a higher account quota",
    "propertycannotbeupdated": "the pool must be empty, or replaced by a new one, for this change",
    "invalidresourcename": "a container's name is 3 to 63 lower-case letters, digits and single dashes",
    "operationinvalidforcurrentstate": "wait until the resource is steady, then try again",
    "poolnotfound": "see which there are: `batchmgmt pool list`",
    "poolbeingdeleted": "wait until it is gone, or use another name",
    "toomanyrequests": "wait a little and try again",
    "subscriptionrequeststhrottled": "wait a little and try again",
    "invalidauthenticationtoken": "sign in again, or check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    "invalidauthenticationtokentenant": "AZURE_TENANT_ID must be the tenant of the subscription",
    "notoken": "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or sign in with `az login`",
    "invalid_request": "check AZURE_TENANT_ID and AZURE_CLIENT_ID",
    "invalid_client": "check AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    "unauthorized_client": "check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    "missingsubscriptionregistration": "register the provider: `az provider register --namespace Microsoft.Batch`",
}

APPENDED: Final = ("RequestId:", "Time:", "ErrorCode:")  # lines of messages that are told otherwise, or to nobody


class BatchManagementError(Exception):
    """The base of every error that this package raises on purpose; ``exit_code`` is the command line's."""

    exit_code = 1


class UsageError(BatchManagementError):
    """A mistake in what was asked for, found before any request was sent."""

    exit_code = 2


class PackageContentDiffers(BatchManagementError):
    """The package version exists with other content, and nothing allows replacing it."""


class ConnectionFailed(BatchManagementError):
    """No answer came: name resolution, TLS, connection refused or dropped."""


class TimedOut(ConnectionFailed):
    """No answer, or no end of the waiting, in time."""


class Detail(NamedTuple):
    """One of an error's details: Azure's code and message."""

    code: str
    message: str


class AzureError(BatchManagementError):
    """Azure said no.

    Attributes:
        act: what was being done to what, such as ``deleting pool 'render' of account 'dev1'``.
        code, message, target, details: as Azure gave them; the message without its RequestId and Time lines.
        status: the HTTP status. request_id: Azure's id of the request, for a support case.
        next_step: what helps, for the commonest codes; else an empty text.
    """

    def __init__(
        self,
        act: str,
        code: str,
        message: str,
        *,
        status: int = 0,
        target: str | None = None,
        details: Sequence[Detail] = (),
        request_id: str | None = None,
    ) -> None:
        self.act = act
        self.code = code
        self.message = _one_line(message)
        self.status = status
        self.target = target
        self.details = tuple(details)
        self.request_id = request_id
        super().__init__(self._words())

    @property
    def next_step(self) -> str:
        codes = (self.code, *(detail.code for detail in self.details))
        return next((NEXT_STEPS[code.lower()] for code in codes if code.lower() in NEXT_STEPS), "")

    def _words(self) -> str:
        words = f"{self.act}: {self.code}: {self.message}"
        for detail in self.details:
            words += f" [{detail.code}: {_one_line(detail.message)}]"
        if self.request_id:
            words += f" (request {self.request_id})"
        return f"{words.rstrip('.')}; {self.next_step}" if self.next_step else words


class NotAuthenticated(AzureError):
    """401, or Entra gave no token."""


class Forbidden(AzureError):
    """403: known, but not allowed."""


class NotFound(AzureError):
    """404."""


class Conflict(AzureError):
    """409 or 412: the resource's state or version does not allow it."""


class InvalidRequest(AzureError):
    """400: a property or parameter is not as it must be."""


class Throttled(AzureError):
    """429, after the retries."""


class ServiceFault(AzureError):
    """5xx, after the retries."""


class ResizeFailed(AzureError):
    """A pool ended its resize with errors; ``details`` are Azure's resize errors."""


_BY_STATUS: Final[Mapping[int, type[AzureError]]] = {
    400: InvalidRequest,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: Throttled,
}


def azure_error(act: str, status: int, body: object, request_id: str | None = None) -> AzureError:
    """The error for an HTTP answer.

    Args:
        act: what was being done.
        status: the HTTP status.
        body: the answer's JSON (ARM's, the Batch service's or Entra's form), or its text.
        request_id: the answer's request id header.
    """
    kind = _BY_STATUS.get(status, ServiceFault if status >= 500 else AzureError)
    code, message, target, details = _take_apart(body)
    return kind(
        act,
        code or f"HTTP{status}",
        message or "no reason was given",
        status=status,
        target=target,
        details=details,
        request_id=request_id,
    )


@contextmanager
def acting(act: str) -> Iterator[None]:
    """Give every error of the Azure SDKs in this block the act it belongs to, as an error of our tree."""
    try:
        yield
    except BatchManagementError:
        raise
    except Exception as fault:
        ours = _translated(act, fault)
        if ours is None:
            raise
        raise ours from fault


def _translated(act: str, fault: Exception) -> BatchManagementError | None:
    from azure.core import exceptions as sdk

    if isinstance(fault, sdk.ClientAuthenticationError) and fault.response is None:
        reason = str(fault.message).strip().partition("\n")[0]  # the chain's credentials follow, a paragraph each
        return NotAuthenticated(act, "NoToken", reason, status=401)
    if isinstance(fault, sdk.HttpResponseError) and fault.status_code is not None:
        return _from_response(act, fault)
    if isinstance(fault, sdk.ServiceRequestTimeoutError | sdk.ServiceResponseTimeoutError):
        return TimedOut(f"{act}: no answer in time; try again")
    if isinstance(fault, sdk.ServiceRequestError | sdk.ServiceResponseError | sdk.IncompleteReadError):
        return ConnectionFailed(f"{act}: no connection: {_one_line(str(fault.message))}; try again")
    if isinstance(fault, sdk.AzureError):
        return AzureError(act, type(fault).__name__, str(fault.message))
    return None


def _from_response(act: str, fault: HttpResponseError) -> AzureError:
    status = fault.status_code or 0
    headers: Mapping[str, str] = getattr(fault.response, "headers", {})
    request_id = headers.get("x-ms-request-id") or headers.get("request-id")
    try:
        text = fault.response.text() if fault.response is not None else ""
        body: object = json.loads(text)
    except (ValueError, AttributeError, TypeError):
        body = None
    error = azure_error(act, status, body, request_id)
    if error.code == f"HTTP{status}":
        code = _plain(getattr(fault, "error_code", None)) or headers.get("x-ms-error-code") or error.code
        return type(error)(act, str(code), str(fault.message), status=status, request_id=request_id)
    return error


def _plain(code: object) -> object:
    """A code as it is on the wire: some SDKs give a member of an enumeration."""
    return getattr(code, "value", code)


def _take_apart(body: object) -> tuple[str, str, str | None, list[Detail]]:
    if not isinstance(body, dict):
        return "", str(body or ""), None, []
    error: Any = body.get("error", body)
    if isinstance(error, str):  # Entra: RFC 6749, section 5.2
        return error, str(body.get("error_description", "")), None, []
    if not isinstance(error, dict):
        return "", "", None, []
    details = [_detail(each) for each in error.get("details") or error.get("values") or []]
    return str(error.get("code") or ""), _text(error.get("message")), error.get("target"), details


def _detail(entry: Mapping[str, Any]) -> Detail:
    return Detail(str(entry.get("code") or entry.get("key") or ""), _text(entry.get("message") or entry.get("value")))


def _text(message: object) -> str:
    return str(message.get("value", "")) if isinstance(message, dict) else str(message or "")


def _one_line(message: str) -> str:
    """The message on one line, without secrets and the lines that Azure and its SDKs append."""
    lines = [line.strip() for line in message.splitlines()]
    return masked(" ".join(line for line in lines if line and not line.startswith(APPENDED)))
