"""What the Batch service refuses before an operation runs: who you are, which version, what body."""

from __future__ import annotations

from dataclasses import dataclass

from batchlocal.domain.refusals import Fault, Refusal
from batchlocal.protocol.messages import Request
from batchlocal.service.errors import CATALOGUE, worded

__all__ = [
    "AccountNotFound",
    "ApiVersionMissing",
    "ApiVersionUnknown",
    "AuthenticationFailed",
    "BeyondTheToken",
    "BodyNotReadable",
    "BodyTooLarge",
    "HeaderInvalid",
    "MethodNotAllowed",
    "OperationNotImplemented",
    "PathNotFound",
    "TimeoutInvalid",
    "check_form",
]


@dataclass(eq=False)
class AuthenticationFailed(Refusal):
    """Neither a good SharedKey signature nor a good token came with the request."""

    reason: str


@dataclass(eq=False)
class AccountNotFound(Refusal):
    """No Batch account of that name."""

    account: str


@dataclass(eq=False)
class ApiVersionMissing(Refusal):
    """The request names no api-version."""


@dataclass(eq=False)
class ApiVersionUnknown(Refusal):
    """The service does not answer this api-version."""

    version: str


@dataclass(eq=False)
class BodyNotReadable(Refusal):
    """The body is not JSON."""


@dataclass(eq=False)
class BodyTooLarge(Refusal):
    """The body is over the service's limit."""

    limit: int


@dataclass(eq=False)
class HeaderInvalid(Refusal):
    """A header has a value that the service does not take."""

    name: str
    value: str


@dataclass(eq=False)
class TimeoutInvalid(Refusal):
    """``timeout`` is no number of seconds."""

    value: str


@dataclass(eq=False)
class MethodNotAllowed(Refusal):
    """The path exists, but not for this method."""

    method: str


@dataclass(eq=False)
class PathNotFound(Refusal):
    """Nothing stands under the path."""

    path: str


class BeyondTheToken(Refusal):
    """A task's token is good for the task's own job, while the task runs."""


@dataclass(eq=False)
class OperationNotImplemented(Refusal):
    """Azure has the operation, batchlocal does not yet."""

    operation: str


CATALOGUE.update(
    {
        AuthenticationFailed: worded(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed"
            " correctly including the signature.",
            AuthenticationErrorDetail="{reason}",
        ),
        AccountNotFound: worded(404, "AccountNotFound", "The specified account does not exist."),
        ApiVersionMissing: worded(
            400,
            "MissingRequiredQueryParameter",
            "A query parameter that's mandatory for this request is not specified.",
            QueryParameterName="api-version",
        ),
        ApiVersionUnknown: worded(
            400,
            "InvalidQueryParameterValue",
            "Value for one of the query parameters specified in the request URI is invalid",
            QueryParameterName="api-version",
            QueryParameterValue="{version}",
        ),
        BodyNotReadable: worded(
            400, "InvalidRequestBody", "The specified Request Body is not syntactically valid.", Reason="Not JSON"
        ),
        BodyTooLarge: worded(
            413,
            "RequestBodyTooLarge",
            "The size of the request body exceeds the maximum size permitted.",
            MaxLimit="{limit}",
        ),
        HeaderInvalid: worded(
            400,
            "InvalidHeaderValue",
            "The value for one of the HTTP headers is not in the correct format.",
            HeaderName="{name}",
            HeaderValue="{value}",
        ),
        TimeoutInvalid: worded(
            400,
            "InvalidQueryParameterValue",
            "Value for one of the query parameters specified in the request URI is invalid",
            QueryParameterName="timeout",
            QueryParameterValue="{value}",
            Reason="It must be a number of seconds from 1; more than 30 means 30",
        ),
        MethodNotAllowed: worded(
            405, "UnsupportedHttpVerb", "The resource doesn't support the specified Http Verb.", Verb="{method}"
        ),
        PathNotFound: worded(
            400, "InvalidUri", "The requested URI does not represent any resource on the server.", Path="{path}"
        ),
        Fault: worded(500, "InternalError", "Server encountered an internal error. Please try again after some time."),
        BeyondTheToken: worded(
            403,
            "InsufficientAccountPermissions",
            "The account being accessed does not have sufficient permissions to execute this operation.",
        ),
        OperationNotImplemented: worded(
            501, "NotImplemented", "batchlocal does not have the operation {operation} yet; Azure does."
        ),
    }
)


def check_form(request: Request) -> None:
    """What every operation asks of a request's headers and query. Operations take no time here, so that ``timeout`` has
    nothing to end; it must be a number all the same.

    Raises:
        HeaderInvalid, TimeoutInvalid
    """
    timeout = request.query.get("timeout", request.query.get("timeOut"))  # the latter since 2025-06-01
    if timeout is not None and not (timeout.isascii() and timeout.isdigit() and int(timeout) > 0):
        raise TimeoutInvalid(timeout)
    kind = request.headers.get("content-type", "")
    if request.body and kind and kind.partition(";")[0].strip().lower() != "application/json":
        raise HeaderInvalid("Content-Type", kind)
