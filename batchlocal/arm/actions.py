"""What an operation is called where permissions and logs name it: ``Microsoft.Batch/batchAccounts/pools/write``.

Source: Azure documentation, "Azure permissions for Compute" (Microsoft.Batch): a type and ``read``, ``write`` or
``delete``, or an action's name and ``action``.
"""

from __future__ import annotations

__all__ = ["action_of", "scope_of"]

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def action_of(method: str, path: str) -> str:
    """The action of a method on a path or path template: types only, no names.

    A POST's last segment is its action's name: ``.../batchAccounts/a/listKeys`` is
    ``Microsoft.Batch/batchAccounts/listKeys/action``.
    """
    segments = path.strip("/").split("/")
    lowered = [segment.lower() for segment in segments]
    if "providers" in lowered[:-1]:
        at = len(lowered) - 1 - lowered[::-1].index("providers")
        types = segments[at + 1 : at + 2] + segments[at + 2 :: 2]
    else:
        types = ["Microsoft.Resources", *segments[::2]]
    return "/".join([*types, _VERBS.get(method, "action")])


def scope_of(path: str) -> str:
    """What an operation is done to: the resource of the path, for a list what it lies in."""
    segments = path.rstrip("/").split("/")
    at = max((at for at, segment in enumerate(segments[:-1]) if segment.lower() == "providers"), default=-1)
    if at < 0:
        return "/".join(segments[: len(segments) - (len(segments) - 1) % 2]) or "/"
    named = (len(segments) - at - 2) // 2 * 2
    return "/".join(segments[: at + 2 + named] if named else segments[:at]) or "/"
