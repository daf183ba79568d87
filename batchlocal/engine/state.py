"""A stack's state: its resources in order, pending operations, and the checkpoint format of Pulumi's file backend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from batchlocal.engine.errors import EngineError
from batchlocal.engine.secrets import Secrets
from batchlocal.engine.urns import is_provider

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
    "hide_diffs": "hideDiff",
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
    hide_diffs: list[str] = field(default_factory=list)
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
            "manifest": {"time": moment(), "magic": _magic(""), "version": ""},
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
        version = str(manifest.get("version", ""))
        # Earlier versions of this engine wrote the hash of an empty version.
        if manifest.get("magic", "") not in (_magic(version), hashlib.sha256(version.encode()).hexdigest()):
            raise EngineError("the state file's manifest does not fit its content; restore it from its .bak file")
        secrets = Secrets((provider.get("state") or {}).get("salt", ""))
        resources = [Resource.from_json(entry, secrets) for entry in body.get("resources") or []]
        snapshot = cls(resources, body.get("pending_operations") or [], secrets.salt)
        if found := problems(resources):
            raise EngineError(f"the state file is not consistent: {found[0]}")
        return snapshot, secrets


def _magic(version: str) -> str:
    """What the Pulumi CLI wants beside the version that wrote a state; nothing where that is not named."""
    return hashlib.sha256(version.encode()).hexdigest() if version else ""


def problems(resources: Iterable[Resource]) -> list[str]:
    """What breaks the rules of a state: order, references, one live entry a URN, no id on components.

    A provider is referred to by URN and id, and need not be there any more for what waits for its replacement.
    """
    found: list[str] = []
    seen: set[str] = set()
    live: set[str] = set()
    providers: set[str] = {""}
    for resource in resources:
        missing = resource.needs() - {resource.provider_urn} - seen
        found += [f"{resource.urn} refers to {urn}, which does not come before it" for urn in missing]
        if resource.provider not in providers and not resource.pending_replacement:
            found.append(f"{resource.urn} refers to the provider {resource.provider}, which does not come before it")
        if resource.id and not resource.custom:
            found.append(f"{resource.urn} is a component and has an id")
        if not resource.delete and resource.urn in live:
            found.append(f"{resource.urn} is there twice")
        live |= set() if resource.delete else {resource.urn}
        seen.add(resource.urn)
        providers.add(f"{resource.urn}::{resource.id}")
    return found


def in_order(entries: Iterable[Resource]) -> list[Resource]:
    """The entries in their order, but each after what it refers to."""
    waiting = list(entries)
    first: dict[str, Resource] = {}
    for entry in waiting:
        first.setdefault(entry.urn, entry)
    providers = {f"{entry.urn}::{entry.id}": entry for entry in waiting if is_provider(entry.type)}
    placed: dict[int, Resource] = {}
    there: set[str] = set()
    busy: set[int] = set()

    def wanted(entry: Resource) -> list[Resource]:
        """What must come before, which for a provider is the one of that id."""
        urns = entry.needs() - there - {entry.urn, entry.provider_urn}
        found = [first[urn] for urn in sorted(urns) if urn in first]
        return [providers[entry.provider], *found] if entry.provider in providers else found

    def place(entry: Resource) -> None:
        if id(entry) in placed or id(entry) in busy:
            return
        busy.add(id(entry))
        for other in wanted(entry):
            place(other)
        busy.discard(id(entry))
        placed[id(entry)] = entry
        there.add(entry.urn)

    for entry in waiting:
        place(entry)
    return list(placed.values())


def _short(seconds: float) -> float:
    """Whole seconds without a fraction, as the CLI writes them."""
    return int(seconds) if seconds == int(seconds) else seconds


def moment() -> str:
    """Now, as state files spell it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
