"""The repository of compute nodes."""

from __future__ import annotations

import sqlite3

import orjson

from batchlocal.domain.node import Node

__all__ = ["Nodes"]


class Nodes:
    """Nodes by key: the pool's key, ``/nodes/``, the node id."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def find(self, key: str) -> Node | None:
        row = self._run("SELECT doc FROM node WHERE key = ?", (key,)).fetchone()
        return _node(row[0]) if row else None

    def put(self, node: Node) -> None:
        self._run(
            "INSERT OR REPLACE INTO node (key, pool, doc) VALUES (?,?,?)",
            (node.key, node.pool, orjson.dumps(node).decode()),
        )

    def remove(self, key: str) -> None:
        """Remove a node; what is known of jobs on it stays with them."""
        self._run("DELETE FROM node WHERE key = ?", (key,))

    def of_pool(self, pool: str) -> list[Node]:
        """A pool's nodes, by id (F10: 151 of 151 lists)."""
        rows = self._run("SELECT doc FROM node WHERE pool = ? ORDER BY key", (pool,)).fetchall()
        return [_node(doc) for (doc,) in rows]

    def states(self, pool: str) -> list[tuple[str, int]]:
        """How many nodes of a pool are in each state."""
        return self._run(
            "SELECT json_extract(doc, '$.state'), count(*) FROM node WHERE pool = ? GROUP BY 1", (pool,)
        ).fetchall()

    def counted(self, pool: str) -> tuple[int, int]:
        """How many dedicated and how many low-priority nodes a pool has."""
        row = self._run(
            "SELECT total(json_extract(doc, '$.dedicated')), count(*) FROM node WHERE pool = ?", (pool,)
        ).fetchone()
        return int(row[0]), row[1] - int(row[0])


def _node(doc: str) -> Node:
    values = orjson.loads(doc)
    values["errors"] = tuple(values["errors"])
    return Node(**values)
