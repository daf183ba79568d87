"""Resource ids: compared without regard to case, shown as their maker spelt them."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["ResourceId"]


@dataclass(frozen=True, slots=True)
class ResourceId:
    """An ARM path taken apart.

    ``types`` and ``names`` run in step below the namespace: for a pool ``("batchAccounts", "pools")`` and
    ``("acct", "render")``. A resource group has no namespace and no types. A trailing action is not part of an id.
    The id of a resource that extends another one, such as a lock on an account, is taken apart below the other one's
    id, which is its ``scope``; its subscription and group are those of the scope.
    """

    subscription: str
    resource_group: str
    namespace: str
    types: tuple[str, ...]
    names: tuple[str, ...]
    scope: str = ""

    @classmethod
    def parse(cls, path: str) -> ResourceId:
        """Read a path such as ``/subscriptions/S/resourceGroups/G/providers/N/t/n``; what does not fit is empty."""
        at = path.lower().rfind("/providers/")
        if "/providers/" in path[:at].lower():
            extended, own = cls.parse(path[:at]), cls.parse(path[at:])
            types, names = own.types, own.names
            return cls(extended.subscription, extended.resource_group, own.namespace, types, names, path[:at])
        segments = path.strip("/").split("/")
        known = {"subscriptions": "", "resourcegroups": "", "providers": ""}
        at = 0
        while at + 1 < len(segments) and segments[at].lower() in known:
            known[segments[at].lower()] = segments[at + 1]
            at += 2
            if known["providers"]:
                break
        rest = segments[at:]
        pairs = len(rest) // 2
        return cls(
            known["subscriptions"],
            known["resourcegroups"],
            known["providers"],
            tuple(rest[0 : 2 * pairs : 2]),
            tuple(rest[1 : 2 * pairs : 2]),
        )

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    @property
    def type(self) -> str:
        """``Microsoft.Batch/batchAccounts/pools``."""
        return "/".join((self.namespace, *self.types))

    @property
    def name(self) -> str:
        return self.names[-1] if self.names else self.resource_group

    @property
    def parent(self) -> ResourceId:
        return replace(self, types=self.types[:-1], names=self.names[:-1])

    def child(self, kind: str, name: str) -> ResourceId:
        """The id of a resource right below this one."""
        return replace(self, types=(*self.types, kind), names=(*self.names, name))

    def __str__(self) -> str:
        if not self.types:
            return self.group_id
        scope = self.scope or (self.group_id if self.resource_group else f"/subscriptions/{self.subscription}")
        tail = "/".join(f"{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return f"{scope}/providers/{self.namespace}/{tail}"
