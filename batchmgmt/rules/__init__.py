"""Rules of Azure Batch, pure: no request is sent and nothing is read."""

from batchmgmt.rules.pool_changes import API_VERSION, FIRST_FLEXIBLE, PoolChange, pool_change

__all__ = ["API_VERSION", "FIRST_FLEXIBLE", "PoolChange", "pool_change"]
