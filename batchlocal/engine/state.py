"""A stack's state: its resources in order, pending operations, and the checkpoint format of Pulumi's file backend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from batchlocal.engine.errors import EngineError
from batchlocal.engine.secrets import Secrets

__all__ = ["Resource", "Snapshot", "in_order", "moment", "problems"]

Values = dict[str, Any]

_NAMES = {
    "init_errors": "initErrors",
    "property_dependencies": "propertyDependencies",
    "pending_replacement": "pendingReplacement",
    "additional_secret_outputs": "additionalSecretOutputs",
    "custom_timeouts": "customTimeouts",
    "import_id": "importID",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "source_position": "sourcePosition",
}
_ALWAYS = ("urn", "custom", "type")
_SEALED = ("inputs", "outputs")


@dataclass
class Resource:
    """One resource of a stack; ``rest`` keeps what the file says and this engine does not use."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    delete: bool = False
    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    created: str = ""
    modified: str = ""
    source_position: str = ""
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    rest: Values = field(default_factory=dict)

    @property
    def provider_urn(self) -> str:
        return self.provider.rsplit("::", 1)[0] if self.provider else ""

    def needs(self) -> set[str]:
        """URNs that must stand earlier in the list and outlive this one."""
        found = {*self.dependencies, self.parent, self.provider_urn, self.deleted_with}
        found |= {urn for urns in self.property_dependencies.values() for urn in urns}
        return found - {""}

    def to_json(self, secrets: Secrets) -> Values:
        """The entry of the checkpoint; what is empty is left out."""
        entry: Values = {}
        for name, spelt in _SPELT.items():
            value = getattr(self, name)
            if value or name in _ALWAYS:
                entry[spelt] = secrets.seal(value) if name in _SEALED else value
        for kind, seconds in self.custom_timeouts.items():
            entry["customTimeouts"] = {**entry["customTimeouts"], kind: _short(seconds)}
        return {**entry, **self.rest}

    @classmethod
    def from_json(cls, entry: Values, secrets: Secrets) -> Resource:
        """An entry of a checkpoint."""
        known = {spelt: name for name, spelt in _SPELT.items()}
        values = {known[name]: value for name, value in entry.items() if name in known}
        for name in _SEALED:
            values[name] = secrets.open(values.get(name) or {})
        return cls(**values, rest={name: value for name, value in entry.items() if name not in known})


_SPELT = {one.name: _NAMES.get(one.name, one.name) for one in fields(Resource) if one.name != "rest"}


@dataclass
class Snapshot:
    """A stack's state as a whole."""

    resources: list[Resource] = field(default_factory=list)
    pending_operations: list[Values] = field(default_factory=list)
    salt: str = ""

    def live(self) -> dict[str, Resource]:
        """The resources that are not waiting for deletion, by URN."""
        return {resource.urn: resource for resource in self.resources if not resource.delete}

    def to_json(self, secrets: Secrets) -> Values:
        """The deployment object, manifest included."""
        body: Values = {
            "manifest": {"time": moment(), "magic": hashlib.sha256(b"").hexdigest(), "version": ""},
            "secrets_providers": {"type": "passphrase", "state": {"salt": secrets.salt}},
        }
        if self.resources:
            body["resources"] = [resource.to_json(secrets) for resource in self.resources]
        if self.pending_operations:
            body["pending_operations"] = [
                {**one, "resource": one["resource"].to_json(secrets)} if isinstance(one["resource"], Resource) else one
                for one in self.pending_operations
            ]
        return {**body, "metadata": {}}

    @classmethod
    def from_json(cls, body: Values) -> tuple[Snapshot, Secrets]:
        """A deployment object, and the secrets that opened it.

        Raises:
            EngineError: another secrets provider than the passphrase, a broken manifest or order.
        """
        provider = body.get("secrets_providers") or {}
        if provider and provider.get("type") != "passphrase":
            raise EngineError(f"needs the Pulumi CLI: secrets provider '{provider.get('type')}'")
        manifest = body.get("manifest") or {}
        if manifest.get("magic") != hashlib.sha256(str(manifest.get("version", "")).encode()).hexdigest():
            raise EngineError("the state file's manifest does not fit its content; restore it from its .bak file")
        secrets = Secrets((provider.get("state") or {}).get("salt", ""))
        resources = [Resource.from_json(entry, secrets) for entry in body.get("resources") or []]
        snapshot = cls(resources, body.get("pending_operations") or [], secrets.salt)
        if found := problems(resources):
            raise EngineError(f"the state file is not consistent: {found[0]}")
        return snapshot, secrets


def problems(resources: Iterable[Resource]) -> list[str]:
    """What breaks the rules of a state: order, references, one live entry a URN, no id on components."""
    found: list[str] = []
    seen: set[str] = set()
    live: set[str] = set()
    for resource in resources:
        found += [f"{resource.urn} refers to {urn}, which does not come before it" for urn in resource.needs() - seen]
        if resource.id and not resource.custom:
            found.append(f"{resource.urn} is a component and has an id")
        if not resource.delete and resource.urn in live:
            found.append(f"{resource.urn} is there twice")
        live |= set() if resource.delete else {resource.urn}
        seen.add(resource.urn)
    return found


def in_order(entries: Iterable[Resource]) -> list[Resource]:
    """The entries in their order, but each after what it refers to."""
    waiting = list(entries)
    first: dict[str, list[Resource]] = {}
    for entry in waiting:
        first.setdefault(entry.urn, []).append(entry)
    placed: dict[int, Resource] = {}
    there: set[str] = set()

    def place(entry: Resource) -> None:
        if id(entry) in placed:
            return
        placed[id(entry)] = entry
        missing = [urn for urn in sorted(entry.needs()) if urn not in there and urn in first and urn != entry.urn]
        if missing:
            del placed[id(entry)]
            busy.add(id(entry))
            for urn in missing:
                if id(first[urn][0]) not in busy:
                    place(first[urn][0])
            busy.discard(id(entry))
            placed[id(entry)] = entry
        there.add(entry.urn)

    busy: set[int] = set()
    for entry in waiting:
        place(entry)
    return list(placed.values())


def _short(seconds: float) -> float:
    """Whole seconds without a fraction, as the CLI writes them."""
    return int(seconds) if seconds == int(seconds) else seconds


def moment() -> str:
    """Now, as state files spell it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
