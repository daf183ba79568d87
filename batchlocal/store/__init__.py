"""SQLite, the one truth: a repository a noun, migrations, one writer."""

from batchlocal.store.database import Store, Tx

__all__ = ["Store", "Tx"]
