"""The account's two keys, and rotating them, and those of its linked storage, while consumers go on working."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from batchmgmt.errors import UsageError, acting
from batchmgmt.rotation import Rotation, Step, Told, moves, perform
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
        told: Told = lambda _: None,
    ) -> Rotation:
        """Move consumers' hand-off files to the other key, then regenerate the one they used.

        Called again after a crash, rotation goes on: files that have moved hold the other key already.

        Args:
            away_from: the key to be replaced. dry_run: only say what would be done. told: called with each step.

        Raises:
            UsageError: a file holds neither key; nothing has been changed then.
        """
        keys, other = self.list(), OTHER[away_from]
        whose = f"account '{self._account[1]}'"
        steps = moves(files, keys.of(away_from), keys.of(other), to=other, whose=whose)
        last = Step(f"regenerate the {away_from} key of {whose}", lambda: self.regenerate(away_from))
        return perform([*steps, last], dry_run=dry_run, told=told)

    def rotate_storage(
        self,
        files: Sequence[Path] = (),
        *,
        away_from: KeyName = "primary",
        dry_run: bool = False,
        told: Told = lambda _: None,
    ) -> Rotation:
        """Move files that hold a key of the linked storage account to its other key, then replace the one they used.

        Batch signs in with a copy of the storage keys: it takes a fresh copy before the regeneration, so that it knows
        the key that stays, and after, so that no task meets one that is no more.

        Args:
            away_from: ``primary`` is the storage's key1, ``secondary`` its key2. dry_run, told: as for ``rotate``.

        Raises:
            UsageError: no storage is linked, Batch signs in to it by managed identity, or a file holds neither key.
        """
        group, storage = self._linked_storage()
        key, other = STORAGE_KEY[away_from], STORAGE_KEY[OTHER[away_from]]
        whose = f"storage '{storage}'"
        keys = self._storage_keys(group, storage)
        sync = Step(f"let account '{self._account[1]}' read the keys of {whose}", self.synchronize_storage)
        steps = moves(files, keys[key], keys[other], to=other, whose=whose)
        replaced = Step(f"regenerate {key} of {whose}", lambda: self._regenerate_storage(group, storage, key))
        return perform([sync, *steps, replaced, sync], dry_run=dry_run, told=told)

    def synchronize_storage(self) -> None:
        """Let Batch read the linked storage account's keys again."""
        with acting(f"synchronizing the storage keys of account '{self._account[1]}'"):
            self._management.sdk.batch_account.synchronize_auto_storage_keys(*self._account, retry_on_methods=["POST"])

    def _linked_storage(self) -> tuple[str, str]:
        """Resource group and name of the linked storage account."""
        with acting(f"reading account '{self._account[1]}'"):
            properties = self._management.sdk.batch_account.get(*self._account).properties
        linked = properties.auto_storage if properties else None
        if linked is None or linked.storage_account_id is None:
            raise UsageError(f"account '{self._account[1]}' has no linked storage")
        if linked.authentication_mode == "BatchAccountManagedIdentity":
            raise UsageError(
                f"account '{self._account[1]}' signs in to its storage by identity: there is no key to rotate"
            )
        parts = linked.storage_account_id.split("/")
        return parts[4], parts[8]

    def _storage_keys(self, group: str, storage: str) -> dict[str, Secret]:
        with acting(f"listing the keys of storage account '{storage}'"):
            accounts = self._management.storage_sdk.storage_accounts
            found = accounts.list_keys(group, storage, retry_on_methods=["POST"]).keys_property or []
        return {str(each.key_name): Secret(str(each.value)) for each in found}

    def _regenerate_storage(self, group: str, storage: str, key: str) -> None:
        with acting(f"regenerating {key} of storage account '{storage}'"):
            self._management.storage_sdk.storage_accounts.regenerate_key(group, storage, {"keyName": key})


def _keys(answer: BatchAccountKeys) -> AccountKeys:
    return AccountKeys(Secret(answer.primary or ""), Secret(answer.secondary or ""))
