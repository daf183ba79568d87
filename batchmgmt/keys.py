"""The account's two keys, and rotating them while consumers go on working.

Two keys exist so that one can be replaced while the other is in use. ``rotate`` keeps that order: consumers' hand-off
files move to the other key first, only then is the old one regenerated. Every step may be repeated, and the steps that
a crash left undone are found again from the files and keys themselves; nothing else is kept.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args
from urllib.parse import quote

from batchmgmt.errors import BatchManagementError, UsageError, acting
from batchmgmt.files import write_private
from batchmgmt.secret import Secret

if TYPE_CHECKING:
    from azure.mgmt.batch.models import BatchAccountKeys

    from batchmgmt.management import BatchManagement

__all__ = ["AccountKeys", "KeyName", "Keys", "Rotation"]

KeyName = Literal["primary", "secondary"]
OTHER: Final[dict[str, KeyName]] = {"primary": "secondary", "secondary": "primary"}
STORAGE_KEY: Final[dict[str, str]] = {"primary": "key1", "secondary": "key2"}


class AccountKeys(NamedTuple):
    """Both keys of an account."""

    primary: Secret
    secondary: Secret

    def of(self, name: str) -> Secret:
        """The key of that name, ``primary`` or ``secondary``."""
        return self.primary if name == "primary" else self.secondary


class Rotation(NamedTuple):
    """What a rotation did, or would do: one sentence a step, without any key."""

    steps: tuple[str, ...]


class Keys:
    """The keys of one account; every method raises AzureError and ConnectionFailed."""

    def __init__(self, management: BatchManagement, resource_group: str, account: str) -> None:
        self._management = management
        self._account = (resource_group, account)

    def list(self) -> AccountKeys:
        """Both keys."""
        with acting(f"listing the keys of account '{self._account[1]}'"):
            return _keys(self._management.sdk.batch_account.get_keys(*self._account, retry_on_methods=["POST"]))

    def regenerate(self, name: KeyName) -> AccountKeys:
        """Replace one key; whoever still uses it is locked out at once. Both keys as they are then.

        It is not retried after a lost answer: a second regeneration would undo what the first handed out.

        Raises:
            UsageError: there is no such key.
        """
        if name not in get_args(KeyName):
            raise UsageError(f"a key is primary or secondary, not '{name}'")
        from azure.mgmt.batch.models import BatchAccountRegenerateKeyParameters

        with acting(f"regenerating the {name} key of account '{self._account[1]}'"):
            asked = BatchAccountRegenerateKeyParameters(key_name=name.capitalize())
            return _keys(self._management.sdk.batch_account.regenerate_key(*self._account, asked))

    def rotate(
        self,
        files: Sequence[Path] = (),
        *,
        away_from: KeyName = "primary",
        dry_run: bool = False,
        told: Callable[[str], None] = lambda _: None,
    ) -> Rotation:
        """Move consumers' files to the other key, then regenerate the one they used.

        A file is any hand-off that the account's key stands in, plain, in base64 or percent-encoded. It is replaced in
        one step and has mode 0600 afterwards. Called again after a crash, rotation goes on: files that have moved hold
        the other key already.

        Args:
            away_from: the key to be replaced. dry_run: only say what would be done. told: called with each step.

        Raises:
            UsageError: a file holds neither key; nothing has been changed then.
        """
        keys, other = self.list(), OTHER[away_from]
        moves = list(zip(_spellings(keys.of(away_from)), _spellings(keys.of(other)), strict=True))
        texts = {path: _text(path) for path in files}
        moved = {path: _moved(text, moves) for path, text in texts.items()}
        strangers = [str(path) for path, text in moved.items() if not any(new in text for _, new in moves)]
        if strangers:
            raise UsageError(
                f"{', '.join(strangers)}: no key of account '{self._account[1]}' stands there; hand it off anew first"
            )
        steps = []

        def step(sentence: str) -> bool:
            steps.append(sentence)
            told(sentence)
            return not dry_run

        for path, text in texts.items():
            if moved[path] != text and step(f"move {path} to the {other} key"):
                write_private(path, moved[path])
        if step(f"regenerate the {away_from} key of account '{self._account[1]}'"):
            self.regenerate(away_from)
        return Rotation(tuple(steps))

    def rotate_storage(
        self,
        *,
        away_from: KeyName = "primary",
        dry_run: bool = False,
        told: Callable[[str], None] = lambda _: None,
    ) -> Rotation:
        """Replace a key of the linked storage account, and let Batch read the keys again.

        Batch signs in with a copy of the storage keys: it takes a fresh copy before, so that it holds both, and after,
        so that no task meets a key that is no more.

        Raises:
            UsageError: no storage is linked, or Batch signs in to it by managed identity.
        """
        storage_id = self._linked_storage()
        group, storage = storage_id.split("/")[4], storage_id.split("/")[8]
        key = STORAGE_KEY[away_from]
        sync = f"let account '{self._account[1]}' read the keys of storage '{storage}'"
        actions: list[tuple[str, Callable[[], object]]] = [
            (sync, self.synchronize_storage),
            (f"regenerate {key} of storage '{storage}'", lambda: self._regenerate_storage(group, storage, key)),
            (sync, self.synchronize_storage),
        ]
        for sentence, act in actions:
            told(sentence)
            if not dry_run:
                act()
        return Rotation(tuple(sentence for sentence, _ in actions))

    def synchronize_storage(self) -> None:
        """Let Batch read the linked storage account's keys again."""
        with acting(f"synchronizing the storage keys of account '{self._account[1]}'"):
            self._management.sdk.batch_account.synchronize_auto_storage_keys(*self._account, retry_on_methods=["POST"])

    def _linked_storage(self) -> str:
        with acting(f"reading account '{self._account[1]}'"):
            properties = self._management.sdk.batch_account.get(*self._account).properties
        linked = properties.auto_storage if properties else None
        if linked is None or linked.storage_account_id is None:
            raise UsageError(f"account '{self._account[1]}' has no linked storage")
        if linked.authentication_mode == "BatchAccountManagedIdentity":
            raise UsageError(
                f"account '{self._account[1]}' signs in to its storage by identity: there is no key to rotate"
            )
        return linked.storage_account_id

    def _regenerate_storage(self, group: str, storage: str, key: str) -> None:
        with acting(f"regenerating {key} of storage account '{storage}'"):
            self._management.storage_sdk.storage_accounts.regenerate_key(group, storage, {"keyName": key})


def _keys(answer: BatchAccountKeys) -> AccountKeys:
    return AccountKeys(Secret(answer.primary or ""), Secret(answer.secondary or ""))


def _spellings(key: Secret) -> tuple[str, str, str]:
    """How hand-off formats write a key: as it is, in base64 (Kubernetes), percent-encoded (URLs)."""
    text = key.reveal()
    return text, base64.b64encode(text.encode()).decode(), quote(text, safe="")


def _moved(text: str, moves: Sequence[tuple[str, str]]) -> str:
    for old, new in moves:
        text = text.replace(old, new)
    return text


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise BatchManagementError(
            f"{path} cannot be read: {getattr(fault, 'strerror', None) or 'it is no text'}"
        ) from None
