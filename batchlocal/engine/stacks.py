"""A stack of a project: its state, and where that is kept."""

from __future__ import annotations

from typing import Any

from batchlocal.engine.backend import Backend, open_backend
from batchlocal.engine.errors import EngineError
from batchlocal.engine.project import Project
from batchlocal.engine.secrets import Secrets, begin_with
from batchlocal.engine.state import Snapshot
from batchlocal.engine.urns import ROOT_TYPE

__all__ = ["Stack", "outputs_of"]


class Stack:
    """A stack of a project, in its backend."""

    def __init__(self, project: Project, name: str, backend: Backend | None = None) -> None:
        self.project = project
        self.name = name
        self.backend = backend or open_backend(project.root)

    def ensure(self) -> None:
        """Make the stack if there is none."""
        if not self.exists:
            self.save(*_empty())

    @property
    def exists(self) -> bool:
        return self.backend.exists(self.project.name, self.name)

    def begin_opening(self) -> None:
        """Begin with what takes long about ``load``, beside whatever the caller does until then."""
        if salt := self.backend.salt(self.project.name, self.name):
            begin_with(salt)

    def load(self) -> tuple[Snapshot, Secrets]:
        """The stack's state and the secrets that open it."""
        return self.backend.load(self.project.name, self.name)

    def load_or_empty(self) -> tuple[Snapshot, Secrets]:
        """The same, or those of an empty stack where there is none, which is not made."""
        return self.load() if self.exists else _empty()

    def save(self, snapshot: Snapshot, secrets: Secrets) -> None:
        self.backend.save(self.project.name, self.name, snapshot, secrets)

    def outputs_of(self, name: str) -> dict[str, Any]:
        """The outputs of a stack of the same backend: ``[organization/[PROJECT/]]STACK``.

        Raises:
            EngineError: it is no stack's name, or there is no such stack.
        """
        *before, stack = name.split("/") if name.count("/") < 3 else [""]
        if before and before[0] != "organization":
            raise EngineError("organization name must be 'organization'")
        if not stack:
            raise EngineError("a stack name may not be empty")
        snapshot, _ = self.backend.load(before[1] if len(before) > 1 else self.project.name, stack)
        return outputs_of(snapshot)


def _empty() -> tuple[Snapshot, Secrets]:
    secrets = Secrets()
    return Snapshot(salt=secrets.salt), secrets


def outputs_of(snapshot: Snapshot) -> dict[str, Any]:
    """The stack's outputs as its state has them."""
    for resource in snapshot.resources:
        if resource.type == ROOT_TYPE:
            return resource.outputs
    return {}
