"""The resource ``batchmgmt:index:ApplicationPackage``: what it takes, when it changes, how it is brought about.

State keeps ids, version, content hash and size. The content stays where it is; SAS URLs and keys live in one call only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from batchmgmt.errors import BatchManagementError, NotFound, PackageContentDiffers, UsageError
from infra.provider.kinds import UNKNOWN, Say, Values, management

if TYPE_CHECKING:
    from batchmgmt.packages import PublishedPackage

__all__ = ["TYPE", "ApplicationPackages", "Identity"]

TYPE: Final = "batchmgmt:index:ApplicationPackage"

IDENTITY: Final = ("subscriptionId", "resourceGroupName", "accountName", "applicationName", "version")
REQUIRED: Final = (*IDENTITY, "source", "contentHash", "allowUpdates", "setDefault")
UPDATABLE: Final = ("contentHash", "allowUpdates", "setDefault")
_ID: Final = re.compile(
    r"^/subscriptions/(?P<subscriptionId>[^/]+)/resourceGroups/(?P<resourceGroupName>[^/]+)"
    r"/providers/Microsoft\.Batch/batchAccounts/(?P<accountName>[^/]+)"
    r"/applications/(?P<applicationName>[^/]+)/versions/(?P<version>[^/]+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Identity:
    """Which package this is: its ARM id, taken apart."""

    subscription: str
    resource_group: str
    account: str
    application: str
    version: str

    @classmethod
    def parse(cls, id: str) -> Self:
        """Raises UsageError when it is no package's ARM id."""
        found = _ID.match(id)
        if found is None:
            raise UsageError(
                f"'{id}' is not the ARM id of an application package: it ends in /applications/NAME/versions/VERSION"
            )
        return cls(*(found[part] for part in IDENTITY))

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Self:
        """From a resource's inputs, all known."""
        return cls(*(str(inputs[part]) for part in IDENTITY))

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs that say it."""
        parts = (self.subscription, self.resource_group, self.account, self.application, self.version)
        return dict(zip(IDENTITY, parts, strict=True))

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}/providers/Microsoft.Batch"
            f"/batchAccounts/{self.account}/applications/{self.application}/versions/{self.version}"
        )


def failures(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the inputs, by property.

    Args:
        olds: inputs of the last deployment, empty for a new resource.
    """
    for name in REQUIRED:
        if name not in news:
            yield name, f"{name} is required"
    for name in sorted(set(news) - set(REQUIRED)):
        yield name, f"{name} is no input of an application package"
    same = bool(olds) and not any(olds.get(part) != news.get(part) for part in IDENTITY)
    replaced = same and olds.get("contentHash") not in ("", None, news.get("contentHash"))
    if replaced and news.get("allowUpdates") is False:
        yield "contentHash", refusal(str(news.get("applicationName")), str(news.get("version")))


def refusal(application: str, version: str) -> str:
    """What is said when other content stands under a version that may not be replaced."""
    return (
        f"version {version} of application {application} exists with other content: give the new content a new version,"
        " or set allowUpdates"
    )


def changes(state: Mapping[str, Any], old_inputs: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, bool]:
    """The inputs that differ from what is there; True where another resource is needed.

    Where the content lies on disk is no property of the package, so ``source`` alone changes nothing.
    """
    differing = {name: True for name in IDENTITY if _differs(old_inputs, news, name)}
    there = {**old_inputs, **{name: state[name] for name in ("contentHash", "setDefault") if name in state}}
    return differing | {name: False for name in UPDATABLE if _differs(there, news, name)}


def _differs(olds: Mapping[str, Any], news: Mapping[str, Any], name: str) -> bool:
    return bool(olds.get(name) != news.get(name))


class ApplicationPackages:
    """Brings packages about in Azure, as the identity that the environment names; see ``kinds.Kind``."""

    def __init__(self, root: Path) -> None:
        """Take sources as relative to ``root``."""
        self.root = root

    def failures(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield from failures(olds, news)
        source = news.get("source")
        if isinstance(source, str) and source != UNKNOWN and not _is_remote(source):
            try:
                self.content(source)
            except BatchManagementError as fault:
                yield "source", str(fault)

    def changes(self, state: Values, olds: Values, news: Values) -> dict[str, bool]:
        return changes(state, olds, news)

    def create(self, inputs: Values, _say: Say, *, preview: bool) -> tuple[str, Values]:
        if not preview:
            return str(Identity.of(inputs)), self.publish(inputs)
        if UNKNOWN not in inputs.values():
            self.check_replaceable(inputs)
        return "", self._previewed(inputs)

    def update(self, state: Values, _olds: Values, news: Values, _say: Say, *, preview: bool) -> Values:
        if preview:
            return self._previewed(news)
        if state.get("contentHash") not in ("", news["contentHash"]) and not news["allowUpdates"]:
            raise BatchManagementError(refusal(str(news["applicationName"]), str(news["version"])))
        return self.publish(news)

    def _previewed(self, inputs: Values) -> Values:
        """With the size that it will have; a URL is not fetched for that."""
        source = str(inputs["source"])
        return inputs if _is_remote(source) else {**inputs, "size": self.content(source)[1]}

    def content(self, source: str) -> tuple[str, int]:
        """SHA-256 and size of what would be sent. Raises UsageError when there is no such content."""
        from batchmgmt.packages import content_of

        try:
            found = content_of(self.root / source)
        except UsageError as fault:
            raise UsageError(str(fault).replace(f"{self.root}/", "")) from None
        return found.sha256, found.size

    def check_replaceable(self, inputs: Mapping[str, Any]) -> None:
        """Before a creation: raises PackageContentDiffers when other content is there and stays."""
        identity = Identity.of(inputs)
        try:
            found = self._find(identity)
        except NotFound:  # the account or its application is still to be made
            return
        other = found is not None and found.state == "Active" and found.sha256 not in ("", inputs["contentHash"])
        if other and not inputs["allowUpdates"]:
            raise PackageContentDiffers(refusal(identity.application, identity.version))

    def publish(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Upload, verify, activate; the same content that is there already is adopted. Returns the state.

        Raises:
            BatchManagementError: Azure refused, or the source is no longer what was previewed.
        """
        from batchmgmt.downloads import fetched
        from batchmgmt.packages import content_of, publish

        identity = Identity.of(inputs)
        source = str(inputs["source"])
        with fetched(source if _is_remote(source) else str(self.root / source)) as file:
            if content_of(file).sha256 != inputs["contentHash"]:
                raise BatchManagementError(_changed(source))
            published = publish(
                management(identity.subscription),
                identity.resource_group,
                identity.account,
                identity.application,
                identity.version,
                file,
                allow_updates=bool(inputs["allowUpdates"]),
                set_default=bool(inputs["setDefault"]),
            )
        return state_of(inputs, published)

    def read(self, id: str, _state: Values, inputs: Values) -> tuple[Values, Values] | None:
        """State and inputs as Azure has them; None when the package is gone."""
        identity = Identity.parse(id)
        inputs = {name: value for name, value in inputs.items() if name in REQUIRED}
        try:
            found = self._find(identity)
        except NotFound:
            return None
        if found is None:
            return None
        # A version that never became active has no content: the next deployment sends it.
        content = found.sha256 if found.state == "Active" else ""
        defaults = {"source": "", "allowUpdates": False, "setDefault": found.is_default}
        now = {**defaults, **inputs, **identity.inputs, "contentHash": content}
        now["setDefault"] = bool(now["setDefault"]) and found.is_default
        return state_of(now, found), now

    def delete(self, id: str) -> None:
        """Delete it; a package that is gone already is no error."""
        from batchmgmt.packages import withdraw

        identity = Identity.parse(id)
        try:
            withdraw(
                management(identity.subscription),
                identity.resource_group,
                identity.account,
                identity.application,
                identity.version,
            )
        except NotFound:
            return

    def _find(self, identity: Identity) -> PublishedPackage | None:
        from batchmgmt.packages import find

        return find(
            management(identity.subscription),
            identity.resource_group,
            identity.account,
            identity.application,
            identity.version,
        )


def _is_remote(source: str) -> bool:
    return "://" in source


def _changed(source: str) -> str:
    if _is_remote(source):
        return f"{source} gives other content than its sha256 says: nothing was uploaded"
    return f"{source} changed while the stack was being deployed; deploy again"


def state_of(inputs: Mapping[str, Any], found: PublishedPackage) -> dict[str, Any]:
    """What the checkpoint keeps of a package."""
    kept = {name: inputs[name] for name in (*IDENTITY, "source", "allowUpdates", "setDefault")}
    return {**kept, "contentHash": inputs["contentHash"], "size": found.size}
