"""What lies where in a data folder, and the few secrets kept there (all files 0600, the folder 0700)."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Credentials", "DataFolder", "default_data_folder", "private", "remove_tree", "typed", "write_private"]


def private(file: str, flags: int) -> int:
    """An ``opener`` for ``open``: what it makes only its owner may read."""
    return os.open(file, flags, 0o600)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, atomically."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    draft.replace(file)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as it can be; one that is not there is fine.

    Tasks leave directories that nobody may write into, Go's module cache for one: they are opened first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_dir():
        _open(folder)
        for parent, directories, _ in os.walk(folder):
            for name in directories:
                _open(Path(parent, name))
        shutil.rmtree(folder, ignore_errors=True)


def _open(directory: Path) -> None:
    with suppress(OSError):  # somebody else's, such as what a container of root's has made
        if not directory.is_symlink():
            directory.chmod(0o700)


@dataclass(frozen=True)
class Credentials:
    """The one tenant, subscription and service principal that a fresh batchlocal knows. UUIDs as text."""

    tenant_id: str
    subscription_id: str
    client_id: str
    object_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Credentials(tenant_id={self.tenant_id!r}, client_id={self.client_id!r}, client_secret=<hidden>)"


@dataclass(frozen=True)
class DataFolder:
    """The paths of one batchlocal's data."""

    root: Path

    @property
    def store(self) -> Path:
        return self.root / "batchlocal.sqlite"

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def ca_file(self) -> Path:
        return self.tls / "ca.pem"

    @property
    def ca_bundle(self) -> Path:
        """Public roots and ours, for clients that take one file."""
        return self.tls / "bundle.pem"

    @property
    def certificate(self) -> Path:
        return self.tls / "localhost.pem"

    @property
    def private_key(self) -> Path:
        return self.tls / "localhost.key"

    @property
    def signing_key(self) -> Path:
        """The key that signs Entra tokens."""
        return self.root / "identity" / "signing.key"

    @property
    def nodes(self) -> Path:
        return self.root / "nodes"

    def node(self, account: str, pool: str, node: str) -> Path:
        """One node's root; ids in lower case but for the node's own."""
        return self.nodes / account / pool / node

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def snapshots(self) -> Path:
        """Where snapshots lie, a folder each."""
        return self.root / "snapshots"

    @property
    def restoring(self) -> Path:
        """Names the snapshot (empty: none) that the folder is being exchanged for; there while that goes on."""
        return self.root / "restoring"

    @property
    def plugin(self) -> Path:
        return self.root / "plugin"

    @property
    def state(self) -> Path:
        """Where Pulumi state of stacks on this batchlocal lives."""
        return self.root / "pulumi"

    @property
    def passphrase(self) -> Path:
        return self.root / "identity" / "passphrase"

    @property
    def control_token(self) -> Path:
        """The token of the control API."""
        return self.root / "identity" / "control.token"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def lock(self) -> Path:
        return self.root / "server.lock"

    @property
    def server(self) -> Path:
        """JSON of the running or last server: port, pid, blob port."""
        return self.root / "server.json"

    def prepare(self) -> Credentials:
        """Make the folder and what must be in it before a server can start; what is there stays."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (self.tls, self.signing_key.parent, self.nodes, self.blobs, self.state):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in (self.passphrase, self.control_token):
            if not file.exists():
                write_private(file, secrets.token_urlsafe(24))
        return self.credentials()

    def credentials(self) -> Credentials:
        """The data folder's credentials, drawn on first use."""
        file = self.root / "identity" / "credentials.json"
        if not file.exists():
            tenant, subscription, client, principal = (str(uuid.uuid4()) for _ in range(4))
            drawn = Credentials(tenant, subscription, client, principal, secrets.token_urlsafe(30))
            write_private(file, json.dumps(asdict(drawn)))
        return Credentials(**json.loads(file.read_text()))

    def settings(self) -> dict[str, int]:
        """Ports and pid of the running or last server; empty before the first start."""
        try:
            found: dict[str, int] = json.loads(self.server.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return found


def default_data_folder() -> Path:
    """``.batchlocal`` in the project: the nearest folder upward that has a Pulumi.yaml, else the present one."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "Pulumi.yaml").exists():
            return folder / ".batchlocal"
    return here / ".batchlocal"


def typed(data: DataFolder, words: str) -> str:
    """``batchlocal WORDS`` for this data folder, as somebody types it in the present folder and environment."""
    import shlex

    beside = Path(sys.executable).with_name("batchlocal")
    found = shutil.which("batchlocal")
    if found and Path(found).resolve() == beside.resolve():
        program = "batchlocal"
    else:
        program = str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)
    folder = "" if data.root == default_data_folder() else f" --data {shlex.quote(str(data.root))}"
    return f"{shlex.quote(program)} {words}{folder}"
